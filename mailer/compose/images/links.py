"""Images that stay on the web: the addresses under which `mailer serve` shows files of the workspace."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from mailer.domain.signed_links import image_url, sign_image
from mailer.message.mime.enclosure import UnfitFile


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
