"""Where each token stands in HTML, as a tokenizer reads it, and whether a value may stand there at all."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from mailer.compose.html.allowed import ADDRESSES, VOID, names
from mailer.compose.html.measure import LESS, excess
from mailer.compose.html.tokens import HTMLToken, TokenKind, read_html
from mailer.compose.inlining.addresses import link_starts, refuse_second_scheme
from mailer.compose.symbolic.refusal import Refusal
from mailer.compose.symbolic.structure import read_structure, torn
from mailer.compose.symbolic.tokens import Role, Token, Tokens
from mailer.message.filling.residual import Place

TEXT_ATTRIBUTES = frozenset({"abbr", "align", "alt", "bgcolor", "color", "dir", "height", "lang", "summary"})
OTHER_ATTRIBUTES = frozenset({"title", "valign", "value", "width"})

# Their attributes load, run or submit something.
ACTIVE_ELEMENTS = names("applet base button embed form frame iframe input link meta object script")
# Their text is no character data, at least for some readers.
RAW_ELEMENTS = names("iframe math noembed noframes noscript object plaintext script style svg xmp")

_CONDITIONAL = re.compile(r"\[if [^\]]*\]>(.*)<!\[endif\]", re.DOTALL)
_SELECTED = re.compile(r"\[([^\]]*)")


@dataclass(frozen=True, slots=True)
class Spot:
    """Where one token stands: `container` is the innermost element, attribute or comment around it."""

    token: Token
    place: Place
    container: str
    url_start: bool = False
    attribute: str = ""


@dataclass(frozen=True, slots=True)
class Places:
    """A document's spots, in order, and the CSS that is going to be inlined."""

    spots: tuple[Spot, ...]
    inlined_css: str


def read_places(html: str, tokens: Tokens) -> Places:
    """Return where the tokens in `html` stand; raises Refusal where a recipient's value must not stand."""
    if too_much := excess(read_html(html), styled=False):
        raise Refusal(too_much[1], next_step=LESS)
    reader = _Reader(tokens)
    reader.read(html)
    found = [spot.token.word for spot in reader.spots]
    for token in tokens.read(html):
        # Whatever the tokenizer did not show us is nowhere that a value could be escaped for.
        if not found or found.pop(0) != token.word:
            raise _refused(token, "there")
    return Places(tuple(reader.spots), "\n".join(reader.inlined_css))


def check_containers(spots: Sequence[Spot]) -> None:
    """Raise Refusal for a group whose tokens don't all stand in the same element, attribute or comment."""
    containers = list[str]()
    for spot in spots:
        if spot.token.role in (Role.IF, Role.FOR):
            containers.append(spot.container)
        elif spot.token.role is not Role.VALUE:
            if not containers or containers[-1] != spot.container:
                raise torn(spot.token)
            if spot.token.role is Role.END:
                containers.pop()


def check_selectors(reading: Places) -> None:
    """Raise Refusal if CSS to inline selects by an attribute that differs between recipients."""
    selected = _SELECTED.findall(reading.inlined_css.lower())
    for spot in reading.spots:
        if spot.attribute and any(spot.attribute in part or "\\" in part for part in selected):
            raise Refusal(
                f"an inlined style selects by the attribute {spot.attribute}, which has a recipient's value",
                next_step="Select by class instead",
                origin=spot.token.origin,
            )


class _Reader:
    """Reads a document, or with `prefix` what stands in a conditional comment of one."""

    def __init__(self, tokens: Tokens, prefix: str = "") -> None:
        self.spots: list[Spot] = []
        self.inlined_css: list[str] = []
        self._tokens = tokens
        self._prefix = prefix
        self._elements: list[tuple[str, str]] = [("", prefix)]
        self._open = Counter[str]()
        self._counted = 0
        self._inlining = False

    def read(self, html: str) -> None:
        """Read all of it."""
        for token in read_html(html):
            match token.kind:
                case TokenKind.START:
                    self._start(token)
                case TokenKind.END:
                    self._end(token.name)
                case TokenKind.TEXT | TokenKind.RAW:
                    self._text(token.source)
                case TokenKind.COMMENT:
                    self._comment(token.comment)

    def _start(self, token: HTMLToken) -> None:
        self._refuse_in(token.name, "in the name of an element")
        self._counted += 1
        element = f"{self._prefix}{self._counted}"
        for attribute in token.attributes:
            self._refuse_in(attribute.name, "in the name of an attribute")
            if attribute.value and self._tokens.held_by(attribute.value):
                self._read_attribute(
                    token.name, attribute.name, attribute.value, f"{element} {attribute.name}"
                )
        if token.name == "style":
            self._inlining = token.get("data-premailer") != "ignore"
        if token.name not in VOID and not token.ended:
            self._elements.append((token.name, element))
            self._open[token.name] += 1

    def _end(self, tag: str) -> None:
        while self._open[tag]:
            closed, _ = self._elements.pop()
            self._open[closed] -= 1
            if closed == tag:
                break

    def _text(self, text: str) -> None:
        innermost = self._elements[-1][0]
        if innermost == "style" and self._inlining:
            self.inlined_css.append(text)
        for token in self._tokens.read(text):
            if raw := next((name for name in RAW_ELEMENTS if self._open[name]), None):
                raise _refused(token, f"in <{raw}>")
            if self._open["head"] and innermost != "title":
                raise _refused(token, "in the head, but for the title")
            place = Place.CONDITIONAL if self._prefix else Place.TEXT
            self.spots.append(Spot(token, place, self._elements[-1][1]))

    def _comment(self, comment: str) -> None:
        conditional = _CONDITIONAL.fullmatch(comment)
        if not conditional or not self._tokens.held_by(comment):
            self._refuse_in(comment, "in a comment")
            return
        self._refuse_in(comment[: conditional.start(1)], "in the condition of a comment")
        self._counted += 1
        inner = _Reader(self._tokens, f"{self._prefix}{self._counted}.")
        inner.read(conditional.group(1))
        self.spots += inner.spots

    def _read_attribute(self, tag: str, name: str, value: str, container: str) -> None:
        starts = set[str]()
        if name in ADDRESSES:
            place = Place.URL
            starts = _link_starts(value, self._tokens)
        elif name in TEXT_ATTRIBUTES | OTHER_ATTRIBUTES or name.startswith("aria-"):
            place = Place.CONDITIONAL if self._prefix else Place.ATTRIBUTE
        else:
            raise _refused(self._tokens.read(value)[0], f"in the attribute {name}")
        for token in self._tokens.read(value):
            if tag in ACTIVE_ELEMENTS:
                raise _refused(token, f"in an attribute of <{tag}>")
            self.spots.append(Spot(token, place, container, token.word in starts, name))

    def _refuse_in(self, text: str, where: str) -> None:
        for token in self._tokens.read(text):
            raise _refused(token, where)


def _link_starts(value: str, tokens: Tokens) -> set[str]:
    before = ""
    for piece in tokens.split(value):
        if isinstance(piece, Token):
            refuse_second_scheme(piece, before)
        before += piece if isinstance(piece, str) else piece.word
    try:
        return link_starts(read_structure(value, tokens))
    except Refusal as error:
        error.origin = error.origin or tokens.read(value)[0].origin
        raise


def _refused(token: Token, where: str) -> Refusal:
    return Refusal(
        f"a recipient's value, if or for can't stand {where}",
        next_step="They can stand in text, in href and src, and in attributes that are text (alt, title)",
        origin=token.origin,
    )
