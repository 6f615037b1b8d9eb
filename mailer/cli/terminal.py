"""What is said, asked and laid out in columns on a terminal.

Commands in what is said mean the workspace that `-C` named, wherever they are run.
"""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import chain, islice, zip_longest
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from mailer.errors import ExitCode, MailerError, UsageError

if TYPE_CHECKING:
    from mailer.bootstrap import App

LEAST = 20  # columns for what is broken to the terminal's width
CELL = 12  # columns for what is cut in a table
PEEK = 200  # rows that set the widths; the rest streams
# Commands that need no workspace, or make one.
_ANYWHERE = ("init", "demo", "sandbox")


def say(text: object, *, err: bool = False) -> None:
    """Print `text`; commands in it are made to work where the person is."""
    click.echo(from_here(str(text)), err=err)


def from_here(text: str) -> str:
    """Return `text` with `-C DIR` in its commands, if they would mean another workspace without it."""
    context = click.get_current_context(silent=True)
    chosen = context.find_root().params.get("workspace") if context else None
    return _commands().sub(rf"\1mailer -C {quote(str(chosen))} ", text) if _is_elsewhere(chosen) else text


def _is_elsewhere(chosen: Path | None) -> bool:
    from mailer.bootstrap import find_workspace

    try:
        return chosen is not None and chosen.is_dir() and chosen.resolve() != find_workspace(None)
    except FileNotFoundError:  # the current folder is gone
        return True


@cache
def _commands() -> re.Pattern[str]:
    from mailer.cli import COMMANDS

    names = "|".join(name for name in COMMANDS if name not in _ANYWHERE)
    return re.compile(rf"(^ *|: |`)mailer (?=(?:{names})\b(?! answers))", re.MULTILINE)


def warn(notice: object) -> None:
    """Say on stderr what an editor should know and what stops nothing."""
    click.echo(f"{click.style('Warning:', fg='yellow')} {notice}", err=True)


def announce_settings(app: App) -> None:
    """Say in one line that the defaults are used, where there is no .env."""
    if not (app.root / ".env").is_file():
        where = f"{app.settings.smtp_host}:{app.settings.smtp_port}"
        click.echo(
            f"No .env in {app.root}: using the defaults; mail goes to {where} (`mailer sandbox`).", err=True
        )


def ask(question: str, unasked: MailerError | None = None) -> None:
    """Ask on the terminal; end with 0 if the answer is no.

    Raise `unasked`, or a UsageError that tells of `--yes`, where there is no terminal.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise unasked or UsageError(
            "there is no terminal to ask on", next_step="Add --yes to go on without being asked."
        )
    if not click.confirm(question, err=True):
        click.echo("Nothing was done.", err=True)
        raise click.exceptions.Exit(ExitCode.COMPLETE)


def ask_for_name(question: str, unasked: MailerError) -> str:
    """Return what is typed on the terminal; raise `unasked` where there is none."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise unasked
    return str(click.prompt(question, err=True)).strip()


def print_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print `rows` under `headings` on stdout, columns aligned; whole numbers to the right."""
    source = iter(rows)
    first = list(islice(source, PEEK))
    widths = _widths(headings, first)
    click.secho(_line(headings, widths, first[0] if first else headings), bold=True)
    for row in chain(first, source):
        click.echo(_line(row, widths, row))


def print_fitted(headings: Sequence[str], rows: Sequence[Sequence[object]], elastic: Sequence[int]) -> None:
    """Print a table that has room on the terminal: texts in the columns numbered `elastic` are cut for that.

    Where this is not enough, each row is printed as lines, a column each. A file has room for everything.
    """
    columns = shutil.get_terminal_size((sys.maxsize, 0)).columns
    fitted = [list(row) for row in rows]
    for number in elastic:
        widths = _widths(headings, fitted)
        room = widths[number] - max(_whole(widths) - columns, 0)
        for cells in fitted:
            cells[number] = cut(_shown(cells[number]), max(room, CELL, width(headings[number])))
    if _whole(_widths(headings, fitted)) <= columns:
        print_table(headings, fitted)
        return
    indent = max(map(width, headings)) + 4
    for number, row in enumerate(rows):
        click.echo("\n" * (number > 0), nl=False)
        for heading, cell in zip(headings, row, strict=True):
            if text := _shown(cell):
                print_hanging(heading, text, indent)


def _widths(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> list[int]:
    return [max(map(width, [head, *(_shown(row[i]) for row in rows)])) for i, head in enumerate(headings)]


def _whole(widths: Sequence[int]) -> int:
    return sum(widths) + 2 * (len(widths) - 1)


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


def cut(text: str, room: int) -> str:
    """Return as much of `text` as has room in so many columns; an ellipsis stands for the rest."""
    if width(text) <= room:
        return text
    text = text[: 2 * room]
    while width(text) >= room:
        text = text[:-1]
    return f"{text.rstrip()}…"


def print_broken(text: str, indent: int = 0) -> None:
    """Print a paragraph broken to the terminal's width; all but its first line two columns further in."""
    start, room = " " * indent, max(shutil.get_terminal_size((sys.maxsize, 0)).columns, LEAST)
    click.echo(textwrap.fill(text, room, initial_indent=start, subsequent_indent=f"{start}  "))


def print_hanging(name: str, text: str, indent: int) -> None:
    """Print `text` beside its `name`, broken to the terminal's width, every line from column `indent` on.

    A no-break space keeps what is beside it together, and is printed as a blank.
    """
    room = max(shutil.get_terminal_size().columns - indent, LEAST)
    lines = textwrap.wrap(text, room, break_on_hyphens=False) or [""]
    gap = indent - 2 - width(name)
    for head, line in zip_longest([f"  {name}{' ' * gap}"], lines, fillvalue=" " * indent):
        click.echo(f"{head}{line}".replace("\xa0", " ").rstrip())
