"""One walk over HTML that was typed, which makes it fit for a mail; what may stay is each policy's to say.

Policies are `fragments` (HTML in prose, by what is allowed) and `documents` (whole ones, by what is not).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from html import escape
from itertools import pairwise
from urllib.parse import urlsplit

from mailer.compose.html.allowed import MEDIA
from mailer.compose.html.tokens import Attribute, HTMLToken, TokenKind, read_html
from mailer.domain.issue import Notices

# In them the rules of HTML change, which is how filters are fooled: only their text and links stay.
DRAWINGS = frozenset({"math", "svg"})
_LABELS = ("title", "aria-label", "alt")


class Cleaner(ABC):
    """Cleans HTML tag by tag, in reading order; what comes out has as many lines as what goes in.

    The content of the elements `raw` is one text. A drawing that is never closed ends at `beyond`.
    """

    raw: frozenset[str]
    beyond: int

    def __init__(self, notices: Notices) -> None:
        self._notices = notices
        self._line = 0  # of the issue, where the token begins that is being read
        self._drawing = False
        self._endless = False  # whether the element's content would be one text, but it is never closed
        self._film: tuple[Attribute, ...] | None = None  # whose address is still to come

    def clean(self, html: str, line: int) -> str:
        """Return `html`, which begins on the issue's `line`, made fit."""
        tokens, parts = list(read_html(html, self.raw)), list[str]()
        ends, drawn = _drawings(tokens), 0
        self._line = line
        for token, following in pairwise([*tokens, HTMLToken(TokenKind.TEXT, "", len(html))]):
            if token.kind is TokenKind.START and token.name in DRAWINGS:
                drawn = max(drawn, ends.get(token.start, self.beyond))
            self._drawing = token.start < drawn
            is_over = following.name == token.name and following.kind is not TokenKind.START
            self._endless = token.name in self.raw and not is_over
            left, breaks = self._left(token), token.source.count("\n")
            parts.append(left + "\n" * (breaks - left.count("\n")))
            self._line += breaks
        return "".join(parts)

    def _left(self, token: HTMLToken) -> str:
        match token.kind:
            case TokenKind.START:
                return self._start(token)
            case TokenKind.END:
                if token.name in MEDIA:
                    self._film = None
                return self._end(token)
            case TokenKind.TEXT | TokenKind.RAW:
                return self._text(token)
            case _:
                return self._aside(token)

    @abstractmethod
    def _start(self, token: HTMLToken) -> str:
        """Return what is left of a start tag."""

    @abstractmethod
    def _end(self, token: HTMLToken) -> str:
        """Return what is left of an end tag."""

    @abstractmethod
    def _text(self, token: HTMLToken) -> str:
        """Return what is left of text, raw or not."""

    @abstractmethod
    def _aside(self, token: HTMLToken) -> str:
        """Return what is left of a comment or declaration."""

    @abstractmethod
    def _in_link(self) -> bool:
        """Whether a link is open."""

    def _tell(self, text: str) -> None:
        self._notices.add(self._line, text)

    def _film_link(self, token: HTMLToken) -> str:
        """Return a link to what an element of MEDIA shows, or, where that said none, its first source."""
        given = (*(self._film or ()), *token.attributes) if token.name == "source" else token.attributes
        link = self._link(given, MEDIA.get(token.name, "src"))
        self._film = None if link else given
        return link

    def _link(self, attributes: tuple[Attribute, ...], name: str = "") -> str:
        """Return a link to the address in the attribute `name`; without, to the first that is a whole one."""
        given = {each.name: (each.value or "").strip() for each in reversed(attributes)}
        label = next((given[label] for label in _LABELS if given.get(label)), "")
        address = given.get(name, "") if name else next(filter(_is_whole, given.values()), "")
        if address.startswith("//"):
            address = f"https:{address}"
        leads = _is_whole(address) or ":" not in address.partition("/")[0]
        return link_to(address, label) if address and leads and not self._in_link() else ""


def link_to(address: str, label: str = "") -> str:
    """Return a link as HTML; without a `label` it says its host, or the address if that is a person's."""
    is_mail = "@" in address.partition("/")[0]
    target = f"mailto:{address}" if is_mail and not address.lower().startswith("mailto:") else address
    shown = label or (address if is_mail else _host(address))
    return f'<a href="{escape(target)}">{escape(shown, quote=False)}</a>'


def _is_whole(address: str) -> bool:
    return address.lower().startswith(("http://", "https://"))


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or address
    except ValueError:
        return address


def _drawings(tokens: list[HTMLToken]) -> dict[int, int]:
    """Return, by where it begins, where each drawing ends that is closed."""
    opened = {name: list[int]() for name in DRAWINGS}
    ends = dict[int, int]()
    for token in tokens:
        if token.name not in DRAWINGS:
            continue
        if token.kind is TokenKind.START and not token.source.endswith("/>"):
            opened[token.name].append(token.start)
        elif token.kind is TokenKind.END and opened[token.name]:
            ends[opened[token.name].pop()] = token.end
    return ends
