"""Rules about the subscriber's fields that an issue uses, where the database says who has them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from mailer.check.finding import Severity
from mailer.check.rule import Remark, Rule
from mailer.check.sheet import Sheet
from mailer.domain.yes_no import WORDS

SHOWN = 5  # values of a field
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


def texts_for_truth(sheet: Sheet) -> Iterator[Remark]:
    """Look for text that is taken for true or false: all text is true, a no as well."""
    for name, counts in sorted(sheet.texts.items()):
        if counts and (sheet.decides.get(name) or any(WORDS.read(text) is False for text in counts)):
            shown = ", ".join(f"{text!r} {count:,}" for text, count in islice(counts.items(), SHOWN))
            more = ", ..." if len(counts) > SHOWN else ""
            yield Remark(
                f"subscriber.{name} is text, and an `if` takes any text for true: {shown}{more}",
                _line(sheet, name),
                hint=f"Import it as true or false (--type {name}=true/false), or say which text is meant: "
                f'{{% if subscriber.{name} == "{next(iter(counts))}" %}}',
            )


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
    Rule("field-text", Severity.ERROR, texts_for_truth, "Import it as true or false, or compare it."),
    Rule(UNFILLABLE, Severity.ERROR, unfillable, "Correct the subscribers' values or the issue."),
)
