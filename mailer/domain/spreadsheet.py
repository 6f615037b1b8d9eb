"""CSV that no spreadsheet runs, and people in it so that an import reads the same back."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from mailer.domain.moment import utc_text
from mailer.domain.subscriber import Status
from mailer.domain.suppression import Reason

STATES = (
    "lists",
    "suppressed",
)  # the columns that say on which lists people are, and why they are never mailed
REJECTS = ("line", "reason")  # the columns that stand before those of a file whose rows were rejected
# Whoever was erased stands in no file, and comes in by none.
SUPPRESSIONS = frozenset({*Reason} - {Reason.ERASED})

NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?", re.ASCII)
_FORMULA = re.compile(r"'*[=+@\t\r-]")
_LIST = re.compile(
    r"([A-Za-z0-9_-]+)(?: \((unconfirmed|unsubscribed)\)| \(paused until ([0-9T:.-]+Z)\))?", re.ASCII
)


def csv_line(cells: Iterable[object], *, guarded: bool = True) -> str:
    """Return one line of CSV with its end; texts are guarded, numbers stay numbers, None is empty.

    What only a program reads that knows no guards is not `guarded`.
    """
    line = io.StringIO()
    row = [guard(cell) if guarded and isinstance(cell, str) else cell for cell in cells]
    csv.writer(line, lineterminator="\n").writerow(row)
    return line.getvalue()


def guard(text: str) -> str:
    """Return `text` with an apostrophe before it if a spreadsheet would run it, or if it looks so guarded."""
    return f"'{text}" if _FORMULA.match(text) and not NUMBER.fullmatch(text) else text


def unguard(text: str) -> str:
    """Return what `guard` was given."""
    return text[1:] if text.startswith("'") and guard(text[1:]) == text else text


def write_lists(lists: Mapping[str, Status], paused: Mapping[str, datetime]) -> str:
    """Return the lists a person is on, and paused until when, as one cell: `daily (unsubscribed), weekly`."""
    return ", ".join(f"{name}{_how(status, paused.get(name))}" for name, status in lists.items())


def _how(status: Status, paused_until: datetime | None) -> str:
    if paused_until:
        return f" (paused until {utc_text(paused_until)})"
    return "" if status is Status.SUBSCRIBED else f" ({status})"


def read_lists(text: str) -> tuple[dict[str, Status], dict[str, datetime]] | None:
    """Return what `write_lists` was given; None if it is not what that writes."""
    found = [_LIST.fullmatch(part.strip()) for part in text.split(",")] if text else []
    if None in found:
        return None
    on = [each for each in found if each]
    try:
        paused = {each[1]: datetime.fromisoformat(each[3]) for each in on if each[3]}
    except ValueError:  # there is no such day
        return None
    return {each[1]: Status(each[2] or "subscribed") for each in on}, paused
