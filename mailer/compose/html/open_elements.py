"""Which HTML elements are open, and what another tag closes of them (HTML 13.1.2.4 and 13.2.4.2)."""

from __future__ import annotations

from collections.abc import Iterator

from mailer.compose.html.allowed import BLOCKS, COMPONENTS, HEADINGS, TABLE_PARTS

# An opening tag of the first kind ends an open element of the second, short of the third.
IMPLIED_ENDS = {
    "li": (("li",), ("ul", "ol", "menu")),
    "dt": (("dt", "dd"), ("dl",)),
    "dd": (("dt", "dd"), ("dl",)),
    "td": (("td", "th"), ("table",)),
    "th": (("td", "th"), ("table",)),
    "tr": (("tr",), ("table",)),
    "a": (("a",), ()),
} | dict.fromkeys(
    ("tbody", "thead", "tfoot", "caption", "colgroup"),
    (("tbody", "thead", "tfoot", "caption", "colgroup"), ("table",)),
)
_WALLS = frozenset({"table", "td", "th", "caption"}) | COMPONENTS


class OpenElements:
    """A stack. Markdown's elements divide it (`enter`, `leave`): what HTML opens in one, it closes in it."""

    def __init__(self) -> None:
        self._names: list[str] = []

    def __len__(self) -> int:
        return len(self._names)

    def push(self, name: str) -> None:
        """Note that an element begins."""
        self._names.append(name)

    def enter(self) -> None:
        """Note that an element of Markdown's own begins."""
        self._names.append("")

    def leave(self) -> list[str]:
        """Note that it ends, or everything does; return what was still open in it, the innermost first."""
        return self._pop(next((depth for depth, name in self._within() if not name), len(self._names)))

    def close(self, tag: str) -> list[str]:
        """Close the element that the end tag `tag` ends, and what is open in it; nothing if there is none."""
        part_of_table = tag in TABLE_PARTS
        for depth, name in self._within():
            if name == tag or (name in HEADINGS and tag in HEADINGS):
                return self._pop(depth)
            wall = name == "table" if part_of_table else name in _WALLS
            if not name or (wall and tag != "table" and tag not in COMPONENTS):
                return []
        return []

    def implied(self, tag: str) -> list[str]:
        """Close what the opening tag `tag` ends without saying so."""
        closed = self._implied(("p",), tuple(_WALLS)) if tag in BLOCKS else []
        if tag in HEADINGS:
            closed += self._implied(tuple(HEADINGS), tuple(_WALLS))
        if tag in IMPLIED_ENDS:
            ended, walls = IMPLIED_ENDS[tag]
            closed += self._implied(ended, walls or tuple(_WALLS))
        return closed

    def holds(self, name: str) -> bool:
        """Whether `name` is open within the innermost element of Markdown's own."""
        for _, each in self._within():
            if each == name:
                return True
            if not each:
                return False
        return False

    @property
    def innermost(self) -> str:
        """The name of the innermost, empty if that is Markdown's own or nothing."""
        return self._names[-1] if self._names else ""

    def _implied(self, ended: tuple[str, ...], walls: tuple[str, ...]) -> list[str]:
        for depth, name in self._within():
            if name in ended:
                return self._pop(depth)
            if not name or name in walls:
                return []
        return []

    def _within(self) -> Iterator[tuple[int, str]]:
        return enumerate(reversed(self._names), 1)

    def _pop(self, depth: int) -> list[str]:
        closed = self._names[len(self._names) - depth :]
        del self._names[len(self._names) - depth :]
        return [name for name in reversed(closed) if name]
