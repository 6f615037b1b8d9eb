"""Sources of images that are no paths: what they hold, what can't be mailed, what `mailer serve` answers."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote, unquote_to_bytes

from mailer.domain.signed_links import image_url, sign_image
from mailer.message.mime.enclosure import UnfitFile

SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")

_ON_THE_WEB = re.compile(r"https?:", re.IGNORECASE)
_DATA = re.compile(r"data:([^,]*),(.*)", re.IGNORECASE | re.DOTALL)


def decoded(source: str) -> bytes:
    """Return the content of a data: address (RFC 2397); raises Unfit."""
    found = _DATA.fullmatch(source)
    try:
        if found and found[1].lower().endswith(";base64"):
            return b64decode("".join(unquote(found[2]).split()), validate=True)
        if found:
            return unquote_to_bytes(found[2])
    except (binascii.Error, ValueError):
        pass
    raise UnfitFile("is a data: address that can't be decoded", "Save the image in a file beside the issue")


def refuse_half(source: str, values: re.Pattern[str]) -> None:
    """Raise Unfit for an address with a recipient's value in it (one of `values`) that is half a path."""
    if not values.match(source) and not _ON_THE_WEB.match(source):
        raise UnfitFile(
            "is a path with a recipient's value in it, so the file can't be found",
            "Write the whole address (https://…), or both images in an {% if %}",
        )


def no_address(scheme: str, source: str) -> UnfitFile:
    """Return what is wrong with a `source` that begins with this scheme."""
    if scheme == "file" or len(scheme) == 1:
        return UnfitFile(
            "is a path on one machine only", "Put the file beside the issue, and write its path from there"
        )
    if scheme == "cid":
        return UnfitFile(
            "names a part that this mail has not", "Put the image beside the issue, and write its path"
        )
    return UnfitFile(
        f"begins with {scheme}:, which mail programs don't open",
        f"Write https://…, or if it is a file of that name ./{source}",
    )


@dataclass(frozen=True, slots=True)
class ImageLinks:
    """Makes addresses below `base_url` of files in the workspace `root`, signed with `key`."""

    base_url: str
    key: bytes
    root: Path

    def address(self, file: Path, content: bytes) -> str:
        """Return the address of a `file` without symlinks; raises Unfit for one outside of `root`."""
        root = self.root.resolve()
        if not file.is_relative_to(root):
            raise UnfitFile(
                f"is not in the workspace {root}, so `mailer serve` could not show it",
                "Keep the issue in the workspace's issues folder, or set MAIL_IMAGES=inline",
            )
        path = file.relative_to(root).as_posix()
        token = sign_image(self.key, sha256(content).digest(), path)
        return image_url(self.base_url, token, path)
