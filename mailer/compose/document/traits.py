"""What a whole HTML document has already, of all that a mail must have, and where."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape

from mailer.compose.css.reading import hides
from mailer.compose.document.restyle import KEPT
from mailer.compose.html.allowed import VOID
from mailer.compose.html.open_elements import OpenElements
from mailer.compose.html.tokens import HTMLToken, TokenKind, read_html
from mailer.compose.tags.marks import Marked
from mailer.compose.tags.tag import CLOSERS, OPENERS
from mailer.compose.text.markup import BLANK

# As browsers do; what is open is searched for every tag.
_MOST_NESTED = 512
_DIRECTION = re.compile(r"(?<![\w-])direction\s*:", re.IGNORECASE)
_DARK = re.compile(r"prefers-color-scheme\s*:\s*dark", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Traits:
    """What a document says itself. `styled` is whether a style sheet of its own stays.

    `words` are the letters and digits that a reader sees, in lower case.
    """

    unsubscribes: bool = False
    addressed: bool = False
    preheader: bool = False
    dark: bool = False
    styled: bool = False
    words: str = ""

    def names(self, postal_address: str) -> dict[str, bool]:
        """Return them as the partials ask for them."""
        address = letters(postal_address)
        return {
            "unsubscribes": self.unsubscribes,
            "addressed": self.addressed or (bool(address) and address in self.words),
            "preheader": self.preheader,
            "dark": self.dark,
            "styled": self.styled,
        }


def letters(text: str) -> str:
    """Return the letters and digits of `text` in lower case: how an address is set does not matter."""
    return "".join(char for char in text.casefold() if char.isalnum())


@dataclass(slots=True)
class Survey:
    """One walk over a document. `places` has the first tag of its main parts, as `head` and `/head`.

    Of closing tags it is the last. `visible` is the HTML that a reader sees.
    """

    marked: Marked
    ours: frozenset[int]
    hiding: frozenset[str]
    places: dict[str, HTMLToken] = field(default_factory=dict)
    charset: HTMLToken | None = None
    titled: bool = False
    viewport: bool = False
    unsubscribes: bool = False
    addressed: bool = False
    preheader: bool = False
    directed: bool = False  # whether it says somewhere which way its text runs
    linked: bool = False
    visible: list[str] = field(default_factory=list)
    _read: bool = False
    _open: OpenElements = field(default_factory=OpenElements)
    _hidden_at: int | None = None  # how many elements are open around the hidden one
    _conditions: int = 0

    def walk(self, html: str) -> Traits:
        """Walk over the document and return what it says itself."""
        for token in read_html(html):
            match token.kind:
                case TokenKind.START:
                    self._start(token)
                case TokenKind.END:
                    self._end(token)
                case TokenKind.TEXT:
                    self._text(token)
                case TokenKind.RAW:
                    self.titled |= token.name == "title" and bool(token.source.strip())
                    self.directed |= token.name == "style" and bool(_DIRECTION.search(token.source))
        return Traits(
            unsubscribes=self.unsubscribes,
            addressed=self.addressed,
            preheader=self.preheader,
            dark=bool(_DARK.search(html)),
            styled=KEPT in html or self.linked,
            words=letters(text_of("".join(self.visible))),
        )

    def _start(self, token: HTMLToken) -> None:
        if token.name in ("html", "head", "body", "title"):
            self.places.setdefault(token.name, token)
        if token.name == "meta":
            self._meta(token)
        self.directed |= token.get("dir") is not None or bool(_DIRECTION.search(token.get("style") or ""))
        self.linked |= token.name == "link" and (token.get("rel") or "").lower() == "stylesheet"
        self._open.implied(token.name)
        self._reveal()
        hidden = self._hidden or _is_hidden(token, self.hiding)
        if not hidden and token.name in ("a", "area"):
            self._link(token)
        if token.name not in VOID and len(self._open) < _MOST_NESTED:
            if not self._hidden and hidden:
                self._hidden_at = len(self._open)
            self._open.push(token.name)
        self._see(token)

    def _meta(self, token: HTMLToken) -> None:
        if token.get("charset") is not None or (token.get("http-equiv") or "").lower() == "content-type":
            self.charset = token
        self.viewport |= (token.get("name") or "").lower() == "viewport"

    def _end(self, token: HTMLToken) -> None:
        if token.name in ("html", "head", "body"):
            self.places[f"/{token.name}"] = token
        self._open.close(token.name)
        its_own = len(self._open) == self._hidden_at
        if not its_own:
            self._reveal()
            self._see(token)
        self._reveal()

    @property
    def _hidden(self) -> bool:
        return self._hidden_at is not None

    def _reveal(self) -> None:
        """Note whether the hidden element has ended: by its own end tag, its parent's or its successor's."""
        if self._hidden_at is not None and len(self._open) <= self._hidden_at:
            self._hidden_at = None

    def _text(self, token: HTMLToken) -> None:
        self._see(token)
        blank = not BLANK.sub("", unescape(token.source))
        if "body" in self.places and not blank:
            self.preheader |= self._hidden and not self._read
            self._read |= not self._hidden
        for number in self._ours_in(token.source):
            candidate = self.marked.candidates[number]
            self._conditions += (candidate.keyword in OPENERS) - (candidate.keyword in CLOSERS)
            self.addressed |= self._for_everyone("postal_address", candidate.words)

    def _link(self, token: HTMLToken) -> None:
        for number in self._ours_in(token.get("href") or ""):
            words = self.marked.candidates[number].words
            self.unsubscribes |= self._for_everyone("unsubscribe_url", words)

    def _for_everyone(self, name: str, words: tuple[str, ...]) -> bool:
        return name in words and not self._hidden and not self._conditions

    def _ours_in(self, text: str) -> list[int]:
        return [number for number in self.marked.numbers(text) if number in self.ours]

    def _see(self, token: HTMLToken) -> None:
        if not self._hidden:
            self.visible.append(token.source)


def text_of(html: str) -> str:
    """Return the text of an HTML fragment, a space for every tag."""
    return unescape(" ".join(token.source for token in read_html(html) if token.kind is TokenKind.TEXT))


def _is_hidden(token: HTMLToken, hiding: frozenset[str]) -> bool:
    if hides(token.get("style") or "") or token.get("hidden") is not None:
        return True
    classes = {f".{name}" for name in (token.get("class") or "").split()}
    return not hiding.isdisjoint(classes | {f"#{token.get('id')}"})
