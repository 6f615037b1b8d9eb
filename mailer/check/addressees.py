"""Rules about the subscriber's fields that an issue uses, where the database says who has them."""

from __future__ import annotations

from collections.abc import Iterator

from mailer.check.finding import Severity
from mailer.check.rule import Remark, Rule
from mailer.check.sheet import Sheet


def unknown_fields(sheet: Sheet) -> Iterator[Remark]:
    """Look for fields that nobody has a value for."""
    for name, needed in sorted(sheet.uses.items()):
        if sheet.values is not None and sheet.recipients and not sheet.values.get(name, 0):
            severity = Severity.ERROR if needed else None
            yield Remark(f"nobody of the {sheet.recipients:,} has a {name}", _line(sheet, name), severity)


def missing_values(sheet: Sheet) -> Iterator[Remark]:
    """Look for fields that must have a value for everybody and have not."""
    for name, needed in sorted(sheet.uses.items()):
        having = sheet.values.get(name, 0) if sheet.values is not None else 0
        if needed and having and having < sheet.recipients:
            lacking = sheet.recipients - having
            hint = f"Give a fallback: {{{{ subscriber.{name}|default('…') }}}}"
            text = f"{lacking:,} of the {sheet.recipients:,} have no {name}"
            yield Remark(text, _line(sheet, name), hint=hint)


def _line(sheet: Sheet, name: str) -> int | None:
    lines = sheet.issue.source.split("\n")
    return next((n for n, line in enumerate(lines, 1) if f"subscriber.{name}" in line), None)


RULES = (
    Rule(
        "field-unknown",
        Severity.WARNING,
        unknown_fields,
        "Correct its name, or import it: mailer subscribers import.",
    ),
    Rule("field-missing", Severity.ERROR, missing_values, "Give a fallback."),
)
