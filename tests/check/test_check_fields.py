"""The subscribers' fields: which must have a value, and how many have one."""

from __future__ import annotations

import pytest
from proofs import READER, Workshop

from mailer.compose.issue.source import load_issue
from mailer.compose.symbolic.operations import MissingValue
from mailer.domain.subscriber import SubscriberList
from mailer.proofread import count_values, first_reader


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


def test_where_there_is_nobody_a_reader_is_made_up_whom_the_issue_fits(workshop: Workshop) -> None:
    file = workshop.folder / "issue.md"
    loop = "{% for boat in subscriber.boats %}{{ boat }}{% endfor %}"
    file.write_text(f"# Boats\n\n{loop} {{{{ subscriber.berth + 1 }}}} {{{{ subscriber.rank|title }}}}\n")
    press = workshop.press()
    template = press.compile(load_issue(file)[0], [SubscriberList(1, "weekly", "Weekly")])
    correspondence = press.correspondence(0, 1, "x")
    reader = first_reader(template, correspondence, [READER])
    assert reader is not None
    assert reader.email == "ada@mail.example"
    assert "Ada 8 Ada" in template.text(correspondence.names(reader, 0))


def test_values_are_counted() -> None:
    people = [READER, READER._replace(name=None, fields={"boat": None}), READER._replace(fields={"boat": ""})]
    assert count_values(people, ["boat", "name", "rank"]) == ({"boat": 2, "name": 2}, 3)
