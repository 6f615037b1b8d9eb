"""Rules about the subscriber's fields that an issue uses, where the database says who has them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailer.check.finding import Severity
from mailer.check.rule import Remark, Rule
from mailer.check.sheet import Sheet

_FIELD = re.compile(r"subscriber\.(\w+)")


def unknown_fields(sheet: Sheet) -> Iterator[Remark]:
    """Look for fields that nobody has a value for, where something stands in for it."""
    refused = {found[1] for said, _ in sheet.refusals for found in _FIELD.finditer(said)}
    for name in sorted(sheet.uses.keys() - refused):
        if sheet.values is not None and sheet.recipients and not sheet.values.get(name, 0):
            yield Remark(f"nobody of the {sheet.recipients:,} has a {name}", _line(sheet, name))


def unfillable(sheet: Sheet) -> Iterator[Remark]:
    """Tell for how many the issue can't be filled, in the words in which the plan of a send refuses it."""
    for said, next_step in sheet.refusals:
        found = _FIELD.search(said)
        yield Remark(said, _line(sheet, found[1]) if found else None, hint=next_step or "")


def _line(sheet: Sheet, name: str) -> int | None:
    lines = sheet.issue.source.split("\n")
    pattern = re.compile(rf"\bsubscriber\.{re.escape(name)}\b")
    return next((n for n, line in enumerate(lines, 1) if pattern.search(line)), None)


UNFILLABLE = "field-missing"
RULES = (
    Rule(
        "field-unknown",
        Severity.WARNING,
        unknown_fields,
        "Correct its name, or import it: mailer subscribers import FILE",
    ),
    Rule(UNFILLABLE, Severity.ERROR, unfillable, "Correct the subscribers' values or the issue."),
)
