"""The subscribers' fields: which must have a value, and how many have one."""

from __future__ import annotations

import pytest
from proofs import READER, Workshop

from mailer.compose.operations import MissingValue
from mailer.compose.source import load_issue
from mailer.domain.subscriber import SubscriberList
from mailer.proofread import count_values


@pytest.mark.parametrize(
    ("written", "needed"),
    [
        ("{{ subscriber.boat }}", True),
        ("{{ subscriber.boat|title|trim }}", True),
        ("{{ 'My ' ~ subscriber.boat }}", True),
        ("{{ subscriber.boat|default('none') }}", False),
        ("{{ subscriber.boat|title|default('none') }}", True),
        ("{{ subscriber.boat or 'none' }}", True),
        ("{{ 'none' if subscriber.name else subscriber.boat }}", False),
        ("{{ 'a' if subscriber.boat is defined else 'b' }}", False),
        ("{% if subscriber.boat %}Ahoy{% endif %}", True),
        ("{% if subscriber.name %}Ahoy{% else %}{{ subscriber.boat }}{% endif %}", False),
        ("{% for plank in subscriber.boat %}{{ plank }}{% endfor %}", True),
        ("{% if subscriber.boat is defined %}{{ subscriber.boat }}{% endif %}", False),
    ],
)
def test_a_field_must_have_a_value_where_filling_fails_without(
    workshop: Workshop, written: str, needed: bool
) -> None:
    assert workshop.sheet(f"{written}\n").uses["boat"] is needed
    issue, _ = load_issue(workshop.folder / "issue.md")
    press = workshop.press()
    template = press.compile(issue, [SubscriberList(1, "weekly", "Weekly")])
    names = press.correspondence(1, 1, "x").names(READER._replace(fields={}), 0)
    if needed:
        with pytest.raises(MissingValue):
            template.fillings(names)
    else:
        template.fillings(names)


def test_values_are_counted() -> None:
    people = [READER, READER._replace(name=None, fields={"boat": None}), READER._replace(fields={"boat": ""})]
    assert count_values(people, ["boat", "name", "rank"]) == ({"boat": 2, "name": 2}, 3)
