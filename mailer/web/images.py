"""Images that stay on the web: what the addresses in mails show (`MAIL_IMAGES=linked`)."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from mailer.compose.images.companion import read_file
from mailer.compose.images.picture import SHOWN, kind_of
from mailer.compose.images.placing import MOST_OCTETS
from mailer.domain.signed_links import IMAGES, read_image_token
from mailer.message.mime.enclosure import UnfitFile

ENDING = re.compile(r"(?s:.*)\.(?:png|jpe?g|gif|webp)", re.IGNORECASE)
FOREVER = "public, max-age=31536000, immutable"
CHANGED = "public, max-age=300"
ANYWHERE = {"Cross-Origin-Resource-Policy": "cross-origin"}  # webmail shows them on its own pages


class ImagePages:
    """Shows images of the workspace `root` under addresses that `key` signed, and nothing else of it.

    What was changed since it was mailed is shown as it is now: a mail's picture can be put right.
    """

    def __init__(self, root: Path, key: bytes) -> None:
        self.root = root.resolve()
        self.key = key

    def routes(self) -> list[BaseRoute]:
        """Return what is answered where."""
        return [Route(IMAGES, self.show)]

    def show(self, request: Request) -> Response:
        """GET and HEAD: the image, to be kept by whoever asks."""
        asked: str = request.path_params["path"]
        # What a program takes for a part of the address stands behind the ending of the file's name.
        named = ENDING.match(asked)
        for path in dict.fromkeys([asked, named[0] if named else asked]):
            if digest := read_image_token(self.key, request.path_params["token"], path):
                break
        else:
            raise HTTPException(404)
        content = self._read(path)
        kind = kind_of(content)
        if kind is None:
            raise HTTPException(404)
        same = sha256(content).digest().startswith(digest)
        kept = {"Cache-Control": FOREVER if same else CHANGED}
        return Response(content, media_type=SHOWN[kind][0], headers=ANYWHERE | kept)

    def _read(self, path: str) -> bytes:
        try:
            file = (self.root / path).resolve()
            if file.is_relative_to(self.root) and file.is_file():
                return read_file(file, MOST_OCTETS, "")
        except (OSError, ValueError, UnfitFile):  # a name that no file can have, or one that became too large
            pass
        raise HTTPException(404)
