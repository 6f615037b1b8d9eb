"""Rules about the subscriber's fields that an issue uses, where the database says who has them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice

from mailer.check.finding import Severity
from mailer.check.rendered import RenderedMail
from mailer.check.rule import Remark, rule
from mailer.domain.field import FieldType
from mailer.domain.yes_no import WORDS

UNFILLABLE = "field-missing"
SHOWN = 5  # values of a field
_FIELD = re.compile(r"subscriber\.(\w+)")


@rule("field-unknown", Severity.WARNING, "Correct its name, or import it: mailer subscribers import FILE")
def unknown_fields(mail: RenderedMail) -> Iterator[Remark]:
    """Look for fields that nobody has a value for, where something stands in for it."""
    refused = {found[1] for said, _ in mail.refusals for found in _FIELD.finditer(said)}
    for name in sorted(mail.uses.keys() - refused):
        if mail.values is not None and mail.recipients and not mail.values.get(name, 0):
            yield Remark(f"nobody of the {mail.recipients:,} has a {name}", _line(mail, name))


@rule(UNFILLABLE, Severity.ERROR, "Correct the subscribers' values or the issue.")
def unfillable(mail: RenderedMail) -> Iterator[Remark]:
    """Tell for how many the issue can't be filled, in the words in which the plan of a send refuses it."""
    for said, next_step in mail.refusals:
        found = _FIELD.search(said)
        yield Remark(said, _line(mail, found[1]) if found else None, hint=next_step or "")


@rule("field-text", Severity.ERROR, "Import it as true or false, or compare it.")
def texts_for_truth(mail: RenderedMail) -> Iterator[Remark]:
    """Look for text that is taken for true or false: all text is true, a no as well."""
    for name, counts in sorted(mail.texts.items()):
        if counts and (mail.decides.get(name) or any(WORDS.read(text) is False for text in counts)):
            shown = ", ".join(f"{text!r} {count:,}" for text, count in islice(counts.items(), SHOWN))
            more = ", ..." if len(counts) > SHOWN else ""
            yield Remark(
                f"subscriber.{name} is text, and an `if` takes any text for true: {shown}{more}",
                _line(mail, name),
                hint=f"Import it as true or false (--type {name}=true/false{_words(counts)}), or say which "
                f'text is meant: {{% if subscriber.{name} == "{_meant(counts)}" %}}',
            )


def _words(counts: Mapping[str, int]) -> str:
    """Return the options that say which of a field's words are true and false, if nobody knows that."""
    return " --true WORD --false WORD" if any(WORDS.read(text) is None for text in counts) else ""


def _meant(counts: Mapping[str, int]) -> str:
    """Return the commonest text that is no no."""
    return next((text for text in counts if WORDS.read(text) is not False), next(iter(counts)))


@rule("field-compare", Severity.ERROR, "Compare it with what its type can be.")
def misfit_texts(mail: RenderedMail) -> Iterator[Remark]:
    """Look for texts that a field never equals, because it holds none."""
    for name, (kind, text) in sorted(mail.compares.items()):
        if kind in _INSTEAD:
            said = f"subscriber.{name} is {kind}, which the text {text!r} never equals"
            yield Remark(said, _line(mail, name), hint=_INSTEAD[kind].format(f"subscriber.{name}", text))


# How to write what was meant, by a field's type.
_INSTEAD = {
    FieldType.BOOLEAN: "Write {{% if {0} %}} or {{% if not {0} %}}.",
    FieldType.NUMBER: "Write it without quotes, like {{% if {0} == 3 %}}.",
    FieldType.LIST: 'Write {{% if "{1}" in {0} %}}.',
}


def _line(mail: RenderedMail, name: str) -> int | None:
    return mail.lines.first(rf"\bsubscriber\.{re.escape(name)}\b")
