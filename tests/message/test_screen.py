"""The look at many at once: whoever passes can be filled, and nearly everyone passes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from message_samples import EDITION, HEAD, HEADER, NAME, field, names_of
from test_message_property import EDITIONS, SUBSCRIBERS

from mailer.message.expression.expression import Call, Const, Name
from mailer.message.filling.residual import Branch, Edition, Hole, Place, Static
from mailer.message.mime.message import compile_message

LETTER = replace(
    EDITION,
    html=(Static("<p>"), Hole(NAME, Place.TEXT), Hole(field("town"), Place.ATTRIBUTE)),
    text=(Hole(field("town"), Place.PLAIN), Hole(Name("unsubscribe_url"), Place.PLAIN)),
)
ADA = {"name": "Ada", "town": "Port"}
PLAIN_HOLES = st.sampled_from([field("name"), field("town"), field("flag"), NAME, Name("unsubscribe_url")])


def passes(edition: Edition, *subscribers: dict, name: str = "", address: str = "ada@quay.example") -> bool:
    screen = compile_message(edition, HEAD).screen
    return screen is not None and screen.passes(subscribers, name, [address])


def simple(places: list[Place]) -> st.SearchStrategy:
    return st.lists(st.builds(Hole, PLAIN_HOLES, st.sampled_from(places)), max_size=4).map(tuple)


SIMPLE = st.builds(
    Edition,
    st.just("harbour"),
    simple([Place.HEADER]),
    simple([Place.TEXT, Place.ATTRIBUTE, Place.URL, Place.CONDITIONAL]),
    simple([Place.PLAIN]),
)


@given(EDITIONS | SIMPLE, st.lists(SUBSCRIBERS, min_size=1, max_size=3))
def test_whoever_passes_can_be_filled(edition, subscribers):
    if not passes(edition, *subscribers):
        return
    template = compile_message(edition, HEAD)
    for subscriber in subscribers:
        template.fill(names_of(**subscriber))


@given(st.text(max_size=9), st.text(max_size=30))
def test_a_name_and_an_address_that_pass_make_a_header_field(name, address):
    if passes(LETTER, ADA, name=name, address=address):
        compile_message(LETTER, HEAD).fill(names_of(HEADER._replace(to_name=name, to_address=address), **ADA))


def test_ordinary_people_pass():
    assert passes(LETTER, ADA, {"town": "Zürich"}, {"name": "港", "town": 7}, {"town": 1.5}, name="Ada, 港")


@pytest.mark.parametrize(
    "subscriber",
    [
        {"name": "Ada"},
        {"town": None},
        {"town": ["a"]},
        {"town": "a\0b"},
        ADA | {"name": "a\r\nb"},
        {"town": {}},
    ],
    ids=str,
)
def test_one_who_has_to_be_looked_at_does_not(subscriber):
    assert not passes(LETTER, ADA, subscriber)


def test_an_address_or_name_that_can_not_stand_in_the_header_does_not():
    assert not passes(LETTER, ADA, address="ada quay.example")
    assert not passes(LETTER, ADA, name="Ada\r\nBcc: x")


@pytest.mark.parametrize(
    "node",
    [
        Branch(field("town"), (Static("a"),), ()),
        Hole(Call("filter.upper", (field("town"),)), Place.TEXT),
        Hole(field("town"), Place.URL, True),
        Hole(Call("filter.default", (field("town"), Const("x"), Const(True))), Place.TEXT),
    ],
    ids=str,
)
def test_an_issue_that_does_more_than_print_has_no_screen(node):
    assert compile_message(replace(LETTER, html=(Static("<p>"), node)), HEAD).screen is None
