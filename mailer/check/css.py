"""Style sheets and style attributes, read as CSS Syntax 3 reads them: the odd is kept, nothing is judged."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)|<!--|-->", re.DOTALL)
# A string or a bracketed group is one piece, so that no `;` or `{` in it ends anything.
_PIECE = re.compile(
    r"""[^"'({};]+|"(?:\\.|[^"\\])*"?|'(?:\\.|[^'\\])*'?|\((?:[^()]|\([^()]*\))*\)?|[{};]""", re.DOTALL
)
_CUSTOM = re.compile(r"\s*--[\w-]*\s*:")
_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})\s?|(.))")
_DEEPEST = 50  # rules in rules; what is deeper is passed over
_IMPORTANT = re.compile(r"\s*!\s*important\s*\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Declaration:
    """One property, in lower case, and its value as written."""

    name: str
    value: str
    important: bool = False


@dataclass(slots=True)
class Block:
    """A rule: what stands before its braces, the declarations and the rules in them."""

    prelude: str
    declarations: list[Declaration] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)

    @property
    def at(self) -> str:
        """The name of an at-rule in lower case, without `@`; empty for a style rule."""
        found = re.match(r"@([a-zA-Z-]+)", self.prelude)
        return found[1].lower() if found else ""

    @property
    def selectors(self) -> list[str]:
        """The selectors of a style rule."""
        if self.at:
            return []
        return [each.strip() for each in re.split(r",(?![^(]*\))", self.prelude) if each.strip()]


def read_style(text: str) -> list[Declaration]:
    """Return the declarations of a style attribute."""
    return read_sheet(f"x{{{text}}}")[0].declarations


def read_sheet(text: str) -> list[Block]:
    """Return the rules of a style sheet, those inside at-rules nested in them."""
    top = Block("")
    _fill(top, iter(_PIECE.findall(_COMMENT.sub(" ", text))))
    return top.blocks


def walk(blocks: list[Block]) -> Iterator[Block]:
    """Yield every rule, outer ones first."""
    for block in blocks:
        yield block
        yield from walk(block.blocks)


def _fill(block: Block, pieces: Iterator[str], depth: int = 0) -> None:
    written = ""
    for piece in pieces:
        match piece:
            case "{" if _CUSTOM.match(written):
                written += _braced(pieces)
            case "{":
                inner = Block(" ".join(written.split()))
                if depth < _DEEPEST:
                    block.blocks.append(inner)
                    _fill(inner, pieces, depth + 1)
                written = ""
            case "}" | ";":
                _take(block, written)
                written = ""
                if piece == "}" and depth:
                    return
            case _:
                written += piece
    _take(block, written)


def _braced(pieces: Iterator[str]) -> str:
    """Return the rest of a value in braces, as only a custom property may have."""
    value, depth = "{", 1
    while depth and (piece := next(pieces, "")):
        depth += (piece == "{") - (piece == "}")
        value += piece
    return value


def _take(block: Block, written: str) -> None:
    """Take in what ended without braces: a declaration, or an at-rule such as @import."""
    written = written.strip()
    if written.startswith("@"):
        block.blocks.append(Block(" ".join(written.split())))
        return
    name, colon, value = _ESCAPE.sub(_unescaped, written).partition(":")
    if colon and name.strip():
        important = _IMPORTANT.search(value) is not None
        block.declarations.append(
            Declaration(name.strip().lower(), _IMPORTANT.sub("", value).strip(), important)
        )


def _unescaped(found: re.Match[str]) -> str:
    return chr(int(found[1], 16) % 0x110000) if found[1] else found[2]
