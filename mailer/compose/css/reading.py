"""Style sheets and style attributes, read as CSS Syntax 3 has it: the odd is kept, nothing is judged.

tinycss2 tells what is a string, a comment, an escape or a block. What it tells apart is cut out of the text
as it was typed, so that what is meant for one mail program only (`*zoom: 1`, `width: 9px\\9`) comes through.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate
from typing import Any, NamedTuple

from tinycss2 import parse_component_value_list

_DEEPEST = 50  # rules in rules; what is deeper is passed over
_IMPORTANT = re.compile(r"\s*!\s*important\s*\Z", re.IGNORECASE)
_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})\s?|(.))", re.DOTALL)
_NONE = re.compile(r"none\b", re.IGNORECASE)
# What ends that which is open where a text breaks off.
_CLOSERS = {"{} block": "}", "[] block": "]", "() block": ")", "function": ")", "comment": "*/"}


@dataclass(frozen=True, slots=True)
class Declaration:
    """One property, in lower case, and its value without `!important`; escapes are resolved in both.

    `text` is all of it as it was typed, but for comments.
    """

    name: str
    value: str
    important: bool = False
    text: str = field(default="", compare=False)

    @property
    def weightless(self) -> str:
        """The text without `!important`."""
        return _IMPORTANT.sub("", self.text)

    @property
    def hides(self) -> bool:
        """Whether it takes an element from every reader; not `mso-hide: all`, which means Outlook alone."""
        return self.name == "display" and _NONE.match(self.value) is not None

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class StyleRule:
    """`prelude { block }`, or a statement like `@import …;`, whose block is None; both as they were typed.

    `at` is the name of an at-rule in lower case; a style rule has none, but `selectors`. `items` are the
    declarations and rules in the block, in order.
    """

    prelude: str
    block: str | None
    at: str = ""
    selectors: tuple[str, ...] = ()
    items: tuple[Declaration | StyleRule, ...] = field(default=(), repr=False)

    @property
    def declarations(self) -> list[Declaration]:
        """The declarations in the block."""
        return [item for item in self.items if isinstance(item, Declaration)]

    @property
    def rules(self) -> list[StyleRule]:
        """The rules in the block."""
        return [item for item in self.items if isinstance(item, StyleRule)]

    def __str__(self) -> str:
        return f"{self.prelude};" if self.block is None else f"{self.prelude} {{{self.block}}}"


@lru_cache(maxsize=4096)
def read_style(text: str) -> tuple[Declaration, ...]:
    """Return the declarations of a style attribute."""
    return tuple(item for item in _SheetReader(text).items() if isinstance(item, Declaration))


@lru_cache(maxsize=16)
def read_sheet(text: str) -> tuple[StyleRule, ...]:
    """Return the rules of a style sheet, those inside at-rules nested in them."""
    return tuple(item for item in _SheetReader(text).items() if isinstance(item, StyleRule))


def hides(style: str) -> bool:
    """Whether a style attribute hides its element from every reader."""
    return any(each.hides for each in read_style(style))


class _Slice(NamedTuple):
    """A node of tinycss2, and where it stands in the text."""

    node: Any
    start: int
    end: int


class _SheetReader:
    def __init__(self, text: str) -> None:
        # As tinycss2 does it (CSS Syntax 3, 3.3), whose tokens then stand where they do here.
        text = re.sub("\r\n?|\f", "\n", text).replace("\0", "\ufffd") + "\n"
        self._tokens = parse_component_value_list(text)
        self._text = text + _closers(self._tokens)
        self._lines = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]

    def items(self) -> Iterator[Declaration | StyleRule]:
        return self._items(self._tokens, len(self._text), 0)

    def _items(self, tokens: list[Any], end: int, depth: int) -> Iterator[Declaration | StyleRule]:
        """Yield the declarations and rules of a block that ends at `end`, or of a whole text."""
        pieces: list[_Slice] = []
        for piece in self._pieces(tokens, end):
            if piece.node.type == "{} block" and not _is_custom(pieces):
                yield self._rule(pieces, piece, depth)
                pieces = []
            elif piece.node == ";" or _is_stray_end(piece.node):
                yield from self._statement(pieces)
                pieces = []
            elif pieces or not _is_nothing(piece.node):
                pieces.append(piece)
        yield from self._statement(pieces)

    def _pieces(self, tokens: list[Any], end: int) -> Iterator[_Slice]:
        starts = [self._lines[each.source_line - 1] + each.source_column - 1 for each in tokens]
        return map(_Slice, tokens, starts, [*starts[1:], end])

    def _rule(self, pieces: list[_Slice], block: _Slice, depth: int) -> StyleRule:
        at = _at(pieces)
        end = block.end - 1
        return StyleRule(
            self._typed(pieces),
            self._text[block.start + 1 : end],
            at,
            () if at else tuple(self._selectors(pieces)),
            tuple(self._items(block.node.content, end, depth + 1)) if depth < _DEEPEST else (),
        )

    def _selectors(self, pieces: list[_Slice]) -> Iterator[str]:
        commas = [number for number, piece in enumerate(pieces) if piece.node == ","]
        for start, end in zip([-1, *commas], [*commas, len(pieces)], strict=True):
            if selector := " ".join(self._typed(pieces[start + 1 : end]).split()):
                yield selector

    def _statement(self, pieces: list[_Slice]) -> Iterator[Declaration | StyleRule]:
        """Yield what ended without a block: a declaration, or an at-rule such as `@import`."""
        if at := _at(pieces):
            yield StyleRule(self._typed(pieces), None, at)
            return
        colon = next((number for number, piece in enumerate(pieces) if piece.node == ":"), 0)
        if colon:
            name = _unescaped(self._typed(pieces[:colon])).lower()
            value = _unescaped(self._typed(pieces[colon + 1 :]))
            bare = _IMPORTANT.sub("", value)
            yield Declaration(name, bare, bare != value, self._typed(pieces))

    def _typed(self, pieces: Sequence[_Slice]) -> str:
        kept = (self._text[start:end] for node, start, end in pieces if node.type != "comment")
        return "".join(kept).strip()


def _closers(tokens: list[Any]) -> str:
    """Return what is lacking at the end of a text, so that each block ends with one character."""
    closers = ""
    while tokens and (last := tokens[-1]).type in _CLOSERS:
        closers = _CLOSERS[last.type] + closers
        tokens = getattr(last, "content", None) or getattr(last, "arguments", [])
    return closers


def _at(pieces: list[_Slice]) -> str:
    first = pieces[0].node if pieces else None
    return str(first.lower_value) if first and first.type == "at-keyword" else ""


def _is_custom(pieces: list[_Slice]) -> bool:
    """Whether what is read is a custom property, whose value may stand in braces."""
    if not pieces or pieces[0].node.type != "ident" or not pieces[0].node.value.startswith("--"):
        return False
    return any(piece.node == ":" for piece in pieces)


def _is_stray_end(node: Any) -> bool:
    return bool(node.type == "error" and node.kind == "}")


def _is_nothing(node: Any) -> bool:
    """Whether a node says nothing where a rule or declaration begins."""
    return node.type in ("whitespace", "comment") or node in ("<!--", "-->")


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(_meant, text) if "\\" in text else text


def _meant(found: re.Match[str]) -> str:
    return chr(int(found[1], 16) % 0x110000) if found[1] else found[2]
