"""A diagnosis on a terminal: sections, a mark and a word for each verdict, and what to do next."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from mailer.doctor.configuration import Value
from mailer.doctor.examination import Diagnosis
from mailer.doctor.result import Grade, Result

# The word says it too: nothing hangs on a colour or a sign alone.
MARKS = {
    Grade.OK: ("✓", "green"),
    Grade.NOTE: ("·", "cyan"),
    Grade.WARNING: ("!", "bold yellow"),
    Grade.ERROR: ("✗", "bold red"),
    Grade.SKIPPED: ("–", "dim"),
}
# heading: the sections of names below it.
GROUPS = {
    "Settings": ("settings",),
    "Mail server": ("smtp",),
    "Domain": ("domain", "spf", "dkim", "dmarc", "mx", "bulk"),
    "Links in mails": ("links",),
    "This machine": ("database", "disk", "machine", "templates"),
}
HEADINGS = {section: heading for heading, sections in GROUPS.items() for section in sections}
SHOUTED = {"spf", "dkim", "dmarc", "mx"}
NARROW = 64  # columns; below it names and texts stand under one another
WORD = max(len(verdict) for verdict in Grade) + 2
LABEL = 17  # columns; the longest label


def print_diagnosis(diagnosis: Diagnosis, root: Path, console: Console | None = None) -> None:
    """Print it on stdout, or on `console`."""
    # A pipe gets colours no more than a terminal that asked for none (https://no-color.org).
    out = console or Console(highlight=False, no_color=bool(os.environ.get("NO_COLOR")) or None)
    out.print(Text.assemble(("mailer doctor", "bold"), f"  {root}"), soft_wrap=True)
    for heading, results in groupby(diagnosis.results, key=lambda result: HEADINGS[result.section]):
        out.print()
        out.print(Text(heading, style="bold"))
        if heading == "Settings":
            _print_values(out, diagnosis.values)
        for result in results:
            _print_result(out, result)
    out.print()
    out.print(_summary(diagnosis))


def label(result: Result) -> str:
    """Return what a result is about, for people: `SPF record`, `login`."""
    section, _, rest = result.name.partition(".")
    rest = rest.replace("-", " ")
    if section in SHOUTED:
        return f"{section.upper()} {rest}"
    if section == "templates":
        return section
    alone = len(GROUPS[HEADINGS[section]]) == 1 or section in ("machine", "domain")
    return rest if alone else f"{section} {rest}"


def _print_values(out: Console, values: Sequence[Value]) -> None:
    given = [value for value in values if value.text]
    if out.width < NARROW:
        for value in given:
            words = Text.assemble(value.name, " = ", value.text, (f"  {value.origin}", "dim"))
            out.print(_indented(words, 2))
    else:
        table = Table.grid(padding=(0, 2))
        for style in ("", "", "dim"):
            table.add_column(overflow="fold", style=style)
        for value in given:
            table.add_row(value.name, Text(value.text), Text(value.origin))
        out.print(_indented(table, 2))
    empty = ", ".join(value.name for value in values if not value.text)
    out.print(_indented(Text(f"empty: {empty}", style="dim"), 2))


def _print_result(out: Console, result: Result) -> None:
    sign, style = MARKS[result.verdict]
    mark = Text(f"{sign} {result.verdict}", style=style)
    body = Text(result.text)
    if result.next_step:
        body = Text.assemble(body, ("\nnext: ", "bold"), result.next_step)
    if out.width < NARROW:
        out.print(_indented(Text.assemble(mark, f"  {label(result)}"), 2))
        out.print(_indented(body, 4))
    else:
        row = Table.grid(padding=(0, 2))
        row.add_column(width=WORD, no_wrap=True)
        row.add_column(width=LABEL, no_wrap=True)
        row.add_column(overflow="fold")
        row.add_row(mark, label(result), body)
        out.print(_indented(row, 2))
    if result.record is not None:
        # Each on one line, whatever the width, and without an indent: they are to be copied.
        name, kind, content = result.record
        out.print(Text(f"{name}. {kind}", style="bold"), soft_wrap=True)
        out.print(Text(content), soft_wrap=True)


def _indented(what: RenderableType, columns: int) -> Padding:
    return Padding(what, (0, 0, 0, columns), expand=False)


def _summary(diagnosis: Diagnosis) -> Text:
    counts = {verdict: diagnosis.count(verdict) for verdict in reversed(Grade)}
    words = {Grade.ERROR: "errors", Grade.WARNING: "warnings", Grade.NOTE: "notes", Grade.OK: "ok"}
    shown = ", ".join(
        f"{number} {_one(words.get(verdict, verdict), number)}"
        for verdict, number in counts.items()
        if number
    )
    if counts[Grade.ERROR]:
        return Text(f"{shown}. Put right what says error before you send.", style="bold red")
    ready = "Nothing that was looked at stands in the way of a send."
    return Text(f"{shown}. {ready}", style="bold yellow" if counts[Grade.WARNING] else "bold green")


def _one(words: str, number: int) -> str:
    return words.removesuffix("s") if number == 1 and words.endswith("s") else words
