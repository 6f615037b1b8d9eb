"""Images of a mail: parts of it that its HTML names by their Content-ID, or addresses on the web.

Whatever stands in `src` and `background` goes through here: first the issue's body, whose lines are known,
then what the layout added.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from mailer.compose.images.companion import Companion, find_beside, read_file
from mailer.compose.images.picture import read_picture
from mailer.compose.images.source import SCHEME, ImageLinks, decoded, no_address, refuse_half
from mailer.compose.images.tags import Attributes, ImageSpot, change_images, filling, missing_size
from mailer.domain.issue import Issue
from mailer.errors import IssueError
from mailer.message.mime.enclosure import Enclosure, UnfitFile

if TYPE_CHECKING:
    from mailer.compose.tags.marks import Marked

ROOM = 592  # pixels of the layout's column, inside its padding
MOST_OCTETS = 5_000_000
_SMALLER = "Save it smaller: at twice the width that it is shown with, a photo has some 300 KB"


@dataclass(frozen=True, slots=True)
class Shown:
    """What to write in place of an image's source; `width` and `height` in pixels, 0 if they aren't known."""

    address: str
    width: int = 0
    height: int = 0


class Images:
    """Collects the images of one issue's mail.

    `domain` makes their Content-IDs. `root` is the workspace, where a layout's own images may lie. With
    `links`, files stay on the web. `room` says how wide an image may be, in pixels, in a column of this share
    (see `Spot`).
    """

    def __init__(
        self,
        issue: Issue,
        domain: str,
        *,
        root: Path | None = None,
        links: ImageLinks | None = None,
        room: Callable[[str], int] = lambda _: ROOM,
    ) -> None:
        self._issue = issue
        self._domain = domain
        self._folder = Path(issue.path).parent
        self._root = root
        self._links = links
        self._room = room
        self._parts: dict[str, Enclosure] = {}
        self._files: dict[Path, Shown] = {}

    @property
    def parts(self) -> tuple[Enclosure, ...]:
        """What the mail has to bring along, each once."""
        return tuple(self._parts.values())

    def place_body(self, html: str, lines: Sequence[int], marked: Marked, ours: frozenset[int]) -> str:
        """Return the body's HTML, in which marks stand for tags (`ours` are real ones), with images in place.

        `lines[i]` is the issue's line of line i + 1. Raises IssueError with the line where an image stands.
        """

        def change(tag: str, attributes: Attributes, spot: ImageSpot) -> Attributes | None:
            typed = [
                (name, marked.restore(value, keep=ours) if value else value) for name, value in attributes
            ]
            line = lines[min(spot.row, len(lines) - 1)]
            return self._change(tag, typed, marked.pattern, [self._folder], line, spot.share)

        return change_images(html, change)

    def place_rest(self, html: str, tokens: re.Pattern[str]) -> str:
        """Return a page, in which `tokens` stand for recipients' values, with its other images in place.

        Those lie beside the issue or are named from the workspace, as a layout's logo is.
        """
        folders = [self._folder, *([self._root] if self._root else [])]
        return change_images(html, lambda tag, attrs, _: self._change(tag, attrs, tokens, folders, None))

    def show(self, source: str, *folders: Path) -> Shown | None:
        """Return what to write for `source`, a path in the first of `folders` that has it; None: as it is.

        Raises Unfit for what can't be shown. Addresses on the web stay; nothing is fetched.
        """
        source = source.strip()
        if source.startswith("//"):  # a mail has no scheme of its own to go by
            return Shown(f"https:{source}")
        scheme = SCHEME.match(source)
        match scheme[1].lower() if scheme else "":
            case "":
                return self._file(_first(source, folders))
            case "http" | "https":
                return None
            case "cid" if source[4:] in {part.content_id for part in self._parts.values()}:
                return None
            case "data":
                return self._part("image", decoded(source))
            case other:
                raise no_address(other, source)

    def _change(
        self,
        tag: str,
        attributes: Attributes,
        values: re.Pattern[str],
        folders: Sequence[Path],
        line: int | None,
        share: str = "",
    ) -> Attributes | None:
        name = "src" if "src" in dict(attributes) else "background"
        source = (next(value for each, value in attributes if each == name) or "").strip()
        try:
            if values.search(source) and not source.startswith("//"):
                refuse_half(source, values)
                return None
            shown = self.show(source, *folders)
        except UnfitFile as error:
            raise self._error(source, line, error) from None
        if shown is None:
            return None
        # Whatever `srcset` names was not read, and would be shown instead of what was.
        kept = [
            (each, shown.address if each == name else value)
            for each, value in attributes
            if each not in ("srcset", "sizes")
        ]
        if tag != "img" or not shown.width:
            return kept
        room = self._room(share)
        size = missing_size(attributes, shown.width, shown.height, room)
        if share and ("width", str(room)) in size:
            # On a phone a column is as wide as the text, and so is what was narrowed to fit in beside others.
            kept = filling(kept, min(shown.width, self._room("")))
        return kept + size

    def _file(self, companion: Companion) -> Shown:
        file, name = companion
        if file not in self._files:
            content = read_file(file, MOST_OCTETS, _SMALLER)
            self._files[file] = self._part(name, content, file)
        return self._files[file]

    def _part(self, name: str, content: bytes, file: Path | None = None) -> Shown:
        picture = read_picture(content)
        if file and self._links:
            return Shown(self._links.address(file, content), picture.width, picture.height)
        digest = sha256(content).hexdigest()
        identity = f"{digest[:32]}@{self._domain}"
        named = name if file else f"{name}{picture.ending}"
        self._parts.setdefault(digest, Enclosure(named, picture.content_type, content, content_id=identity))
        return Shown(f"cid:{identity}", picture.width, picture.height)

    def _error(self, source: str, line: int | None, error: UnfitFile) -> IssueError:
        shown = source if len(source) <= 80 else f"{source[:77]}..."
        return IssueError(
            self._issue.path,
            self._line(source, line),
            f"image {shown!r} {error.problem}",
            next_step=error.next_step,
        )

    def _line(self, source: str, estimate: int | None) -> int | None:
        """Return the line nearest to the `estimate`, which is good to a block, where `source` was typed."""
        spellings = {source, unquote(source)}
        typed = [
            number
            for number, text in enumerate(self._issue.body.split("\n"), self._issue.body_line)
            if any(each in text for each in spellings)
        ]
        if estimate is None:
            return typed[0] if typed else None
        return min(typed, key=lambda number: abs(number - estimate), default=estimate)


def _first(source: str, folders: Sequence[Path]) -> Companion:
    """Return the file in the first of `folders` that has it, or raise what is wrong with it in that."""
    problem: UnfitFile | None = None
    for folder in folders:
        try:
            return find_beside(folder, source)
        except UnfitFile as error:
            problem = problem or error
    raise problem or UnfitFile("is nowhere", "Write the whole address")
