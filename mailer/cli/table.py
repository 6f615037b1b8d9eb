"""Rows for people, for spreadsheets, for programs."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import chain, islice
from typing import Any, TextIO

import click

from mailer.domain.exported import guard

PEEK = 200  # rows that set the widths; the rest streams


def print_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print `rows` under `headings` on stdout, columns aligned; whole numbers to the right."""
    source = iter(rows)
    first = list(islice(source, PEEK))
    widths = [max(map(width, [head, *(_shown(row[i]) for row in first)])) for i, head in enumerate(headings)]
    click.secho(_line(headings, widths, first[0] if first else headings), bold=True)
    for row in chain(first, source):
        click.echo(_line(row, widths, row))


def _line(cells: Sequence[object], widths: Sequence[int], like: Sequence[object]) -> str:
    padded = []
    for cell, room, model in zip(cells, widths, like, strict=True):
        text = _shown(cell)
        gap = " " * (room - width(text))
        padded.append(gap + text if isinstance(model, int) else text + gap)
    return "  ".join(padded).rstrip()


def _shown(cell: object) -> str:
    return f"{cell:,}" if isinstance(cell, int) else "" if cell is None else str(cell)


def width(text: str) -> int:
    """Return how many columns of a terminal `text` takes: two for a wide character, none for a mark."""
    marks = sum(unicodedata.combining(char) > 0 for char in text)
    return len(text) - marks + sum(unicodedata.east_asian_width(char) in "WF" for char in text)


class SpreadsheetWriter:
    """Writes CSV that no spreadsheet runs: a cell that begins like a formula gets a quote mark first."""

    def __init__(self, out: TextIO) -> None:
        self._writer = csv.writer(out, lineterminator="\n")

    def row(self, cells: Iterable[Any]) -> None:
        """Write one row."""
        self._writer.writerow([spreadsheet_cell(cell) for cell in cells])


def spreadsheet_cell(cell: object) -> object:
    """Return `cell` as a spreadsheet shows it and does not run it; numbers stay numbers."""
    return guard(cell) if isinstance(cell, str) else cell
