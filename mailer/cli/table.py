"""Rows under headings, for a person to read."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from itertools import chain, islice

import click

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
