"""A diagnosis on a terminal: sections, a mark and a word for each verdict, and what to do next."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from mailer.doctor.configuration import DEFAULT, Value
from mailer.doctor.examination import SECTIONS, Diagnosis
from mailer.doctor.result import Result, Verdict

# The word says it too: nothing hangs on a colour or a sign alone.
MARKS = {
    Verdict.OK: ("✓", "green"),
    Verdict.NOTE: ("·", "cyan"),
    Verdict.WARNING: ("!", "bold yellow"),
    Verdict.ERROR: ("✗", "bold red"),
    Verdict.SKIPPED: ("–", "dim"),
}
NARROW = 64  # columns; below it names and texts stand under one another
WORD = max(len(verdict) for verdict in Verdict) + 2
LABEL = 13  # columns; the longest last part of a name


def print_diagnosis(diagnosis: Diagnosis, root: Path, console: Console | None = None) -> None:
    """Print it on stdout, or on `console`."""
    # A pipe gets colours no more than a terminal that asked for none (https://no-color.org).
    out = console or Console(highlight=False, no_color=bool(os.environ.get("NO_COLOR")) or None)
    out.print(Text.assemble(("mailer doctor", "bold"), f"  {root}"), soft_wrap=True)
    for section, results in groupby(diagnosis.results, key=lambda result: result.section):
        out.print()
        out.print(Text(SECTIONS[section], style="bold"))
        if section == "settings":
            out.print(_values(diagnosis.values, out.width))
        for result in results:
            _print_result(out, result)
    out.print()
    out.print(_summary(diagnosis))


def _values(values: Sequence[Value], width: int) -> Padding:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=width >= NARROW, style="dim")
    table.add_column(overflow="fold")
    table.add_column(style="dim", overflow="fold")
    for value in values:
        if value.text:
            table.add_row(
                value.name, Text(value.text), Text(value.origin if value.origin != DEFAULT else "default")
            )
    empty = [value.name for value in values if not value.text]
    rows = Table.grid()
    rows.add_row(table)
    rows.add_row(Text(f"empty: {', '.join(empty)}", style="dim"))
    return Padding(rows, (0, 0, 0, 2))


def _print_result(out: Console, result: Result) -> None:
    sign, style = MARKS[result.verdict]
    mark = Text(f"{sign} {result.verdict}", style=style)
    label = result.name.partition(".")[2]
    body = Text(result.text)
    if out.width < NARROW:
        out.print(Padding(Text.assemble(mark, f"  {label}"), (0, 0, 0, 2)))
        _print_body(out, [body, *_next(result)], 4)
    else:
        row = Table.grid(padding=(0, 2))
        row.add_column(width=WORD, no_wrap=True)
        row.add_column(width=LABEL, no_wrap=True)
        row.add_column(overflow="fold", ratio=1)
        row.add_row(mark, label, body)
        out.print(Padding(row, (0, 0, 0, 2)))
        _print_body(out, _next(result), 2 + WORD + 2)
    if result.record is not None:
        # As one line, whatever the width: it is to be copied.
        name, kind, text = result.record
        for part, content in (("name", name), ("type", kind), ("text", text)):
            out.print(Text(f"    {part}  {content}"), soft_wrap=True)


def _next(result: Result) -> list[Text]:
    return [Text.assemble(("next: ", "bold"), result.next_step)] if result.next_step else []


def _print_body(out: Console, texts: Iterable[Text], indent: int) -> None:
    for text in texts:
        out.print(Padding(text, (0, 0, 0, indent)), overflow="fold")


def _summary(diagnosis: Diagnosis) -> Text:
    counts = {verdict: diagnosis.count(verdict) for verdict in reversed(Verdict)}
    words = {Verdict.ERROR: "errors", Verdict.WARNING: "warnings", Verdict.NOTE: "notes", Verdict.OK: "ok"}
    shown = ", ".join(
        f"{number} {_one(words.get(verdict, verdict), number)}"
        for verdict, number in counts.items()
        if number
    )
    if counts[Verdict.ERROR]:
        return Text(f"{shown}. Put right what says error before you send.", style="bold red")
    ready = "Nothing stands in the way of a send."
    return Text(f"{shown}. {ready}", style="bold yellow" if counts[Verdict.WARNING] else "bold green")


def _one(words: str, number: int) -> str:
    return words.removesuffix("s") if number == 1 and words.endswith("s") else words
