"""The text part: a small tree of blocks, and its setting in lines for a text terminal.

Control tags stand between blocks as `Control`. A block that may be left out takes its blank line with it, so
that no choice of a recipient's leaves a gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mailer.compose.text.wrapping import COLUMNS, Measure, wrap

LEAST_COLUMNS = 24
UNDERLINES = {1: "=", 2: "-"}
QUOTE, PANEL = "> ", "| "


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Text to wrap; a line feed is a break that stays."""

    text: str


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of level 1 to 6."""

    text: str
    level: int


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Lines to leave as they are, indented by four spaces: code."""

    text: str


@dataclass(frozen=True, slots=True)
class ThematicBreak:
    """A thematic break."""


@dataclass(frozen=True, slots=True)
class Control:
    """A tag between blocks, as its mark. `opens` is 1 where a choice begins, -1 where it ends, else 0."""

    mark: str
    opens: int


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells, the first being the header; `alignments` are `left`, `right` or `center` a column."""

    rows: tuple[tuple[str, ...], ...]
    alignments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Blocks with something before their lines: `first` before the first line, `rest` before the others."""

    first: str
    rest: str
    blocks: tuple[Block, ...]
    tight: bool = False


Block = Paragraph | Heading | Verbatim | ThematicBreak | Control | Table | Group


def component_blocks(tag: str, blocks: list[Block]) -> list[Block]:
    """Return what a component with these blocks in it is for a text terminal; columns follow each other."""
    match tag:
        case "mail-callout":
            return [Group(PANEL, PANEL, tuple(blocks))] if blocks else []
        case "mail-quote":
            return [Group(QUOTE, QUOTE, tuple(blocks))] if blocks else []
        case "mail-figure":
            return [Group("", "", tuple(blocks), tight=True)] if blocks else []
        case "mail-divider":
            return [ThematicBreak()]
    return blocks


def set_text(blocks: Sequence[Block], measure: Measure, width: int = COLUMNS, *, tight: bool = False) -> str:
    """Return `blocks` in lines of at most `width` columns, blank lines between them unless `tight`."""
    gap = "\n" if tight else "\n\n"
    before, rest = _divide(blocks)
    parts = []
    for block in before:
        text = _set(block, measure, width)
        parts.append(text + gap if text and not isinstance(block, Control) else text)
    separator = ""
    for block in rest:
        text = _set(block, measure, width)
        parts.append(separator + text if text and not isinstance(block, Control) else text)
        separator = gap
    return "".join(parts)


def _divide(blocks: Sequence[Block]) -> tuple[Sequence[Block], Sequence[Block]]:
    """Divide before the first block that every recipient gets; those before it bring their gap after them."""
    depth = 0
    for position, block in enumerate(blocks):
        if isinstance(block, Control):
            depth += block.opens
        elif depth == 0:
            return blocks[:position], blocks[position:]
    return blocks, ()


def _set(block: Block, measure: Measure, width: int) -> str:
    match block:
        case Paragraph(text):
            return "\n".join(wrap(text, width, measure))
        case Heading(text, level):
            lines = wrap(text, width, measure)
            return "\n".join([*lines, UNDERLINES.get(level, "~") * max(map(measure, lines))])
        case Verbatim(text):
            return "\n".join(f"    {line}" if line.strip() else "" for line in text.split("\n"))
        case ThematicBreak():
            return "* * *"
        case Control(mark):
            return mark
        case Table():
            return _set_table(block, measure, width)
        case Group():
            return _set_group(block, measure, width)


def _set_group(group: Group, measure: Measure, width: int) -> str:
    inner = set_text(group.blocks, measure, max(LEAST_COLUMNS, width - len(group.rest)), tight=group.tight)
    if not inner:
        return group.first.rstrip()
    first, *others = inner.split("\n")
    return "\n".join(
        [(group.first + first).rstrip(" "), *((group.rest + line).rstrip(" ") for line in others)]
    )


def _set_table(table: Table, measure: Measure, width: int) -> str:
    """Return columns aligned and two spaces apart; a table too wide for that as a list of its cells."""
    columns = [max(measure(cell) for cell in column) for column in zip(*table.rows, strict=True)]
    if sum(columns) + 2 * (len(columns) - 1) > width:
        return _set_records(table, measure, width)
    lines = ["-" * max(1, column) for column in columns]
    header, *rows = table.rows
    return "\n".join(_set_row(row, columns, table.alignments, measure) for row in (header, lines, *rows))


def _set_row(cells: Sequence[str], columns: list[int], alignments: Sequence[str], measure: Measure) -> str:
    padded = []
    for cell, column, alignment in zip(cells, columns, alignments, strict=True):
        spare = column - measure(cell)
        before = {"left": 0, "right": spare, "center": spare // 2}[alignment]
        padded.append(" " * before + cell + " " * (spare - before))
    return "  ".join(padded).rstrip(" ")


def _set_records(table: Table, measure: Measure, width: int) -> str:
    header, *rows = table.rows
    records = []
    for row in rows:
        cells = [
            Paragraph(f"{name}: {cell}" if name else cell) for name, cell in zip(header, row, strict=True)
        ]
        records.append(Group("- ", "  ", tuple(cells), tight=True))
    return set_text(records, measure, width)
