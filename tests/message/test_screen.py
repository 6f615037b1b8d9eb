"""The look at many at once: whoever is not doubtful can be filled, and hardly anyone is doubtful."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from message_samples import EDITION, HEAD, HEADER, NAME, field, names_of
from test_message_property import EDITIONS

from mailer.domain.audience import Recipient
from mailer.domain.page import Page
from mailer.engine.personaliser import wire_address
from mailer.message.expression.expression import Call, Const, Expression, Field, Name
from mailer.message.filling.residual import Branch, Edition, Hole, Loop, Place, Static, Tree
from mailer.message.mime.message import compile_message
from mailer.store.snapshot import RowPage

LETTER = replace(
    EDITION,
    html=(Static("<p>"), Hole(NAME, Place.TEXT), Hole(field("town"), Place.ATTRIBUTE)),
    text=(Hole(field("town"), Place.PLAIN), Hole(Name("unsubscribe_url"), Place.PLAIN)),
)


TEXTS = st.sampled_from(["a", "", "Zürich", "nein", "a\0b", "a\r\nb", "a\u2028b", "a\xa0b"])
VALUES = TEXTS | st.none() | st.booleans() | st.integers(0, 9) | st.lists(TEXTS, max_size=1)
PEOPLE = st.lists(
    st.builds(
        Recipient,
        st.integers(1, 9),
        st.sampled_from(
            ["ada@quay.example", "ada@quay", "añil@quay.example", "ada quay", "a\0@quay.example"]
        ),
        st.none() | TEXTS,
        st.none() | st.just("en"),
        st.none(),
        st.none() | st.just(("a",)),
        st.none() | st.dictionaries(st.sampled_from(["town", "flag", "berths"]), VALUES),
    ),
    min_size=1,
    max_size=3,
)
KEYS = st.sampled_from(["name", "town", "flag", "language", "tags", "unknown"])
LETTERS = st.sampled_from(["filter.title", "filter.upper", "filter.trim", "filter.string", "filter.length"])


def default_of(key: str, text: str) -> Call:
    return Call("filter.default", (field(key), Const(text)))


PRINTED: st.SearchStrategy[Expression] = st.recursive(
    st.one_of(KEYS.map(field), st.builds(default_of, KEYS, TEXTS), TEXTS.map(Const)),
    lambda inner: st.one_of(
        st.builds(Call, LETTERS, st.tuples(inner)),
        st.builds(Call, st.just("op.concat"), st.tuples(inner, inner)),
    ),
    max_leaves=3,
)
ASKED: st.SearchStrategy[Expression] = st.recursive(
    PRINTED
    | st.builds(Call, st.sampled_from(["test.defined", "test.undefined"]), st.tuples(KEYS.map(field))),
    lambda inner: st.one_of(
        st.builds(Call, st.sampled_from(["op.bool", "op.not"]), st.tuples(inner)),
        st.builds(
            Call, st.sampled_from(["op.and", "op.or", "op.eq", "op.ne", "op.lt"]), st.tuples(inner, inner)
        ),
    ),
    max_leaves=4,
)
CONDITIONAL: st.SearchStrategy[Tree] = st.recursive(
    st.lists(st.builds(Hole, PRINTED, st.sampled_from([Place.TEXT, Place.URL])), max_size=2).map(tuple),
    lambda inner: st.tuples(st.builds(Branch, ASKED, inner, inner)),
    max_leaves=4,
)
PLAIN_HOLES = st.sampled_from([field("name"), field("town"), field("flag"), NAME, Name("unsubscribe_url")])


def simple(places: list[Place]) -> st.SearchStrategy[Tree]:
    return st.lists(st.builds(Hole, PLAIN_HOLES, st.sampled_from(places)), max_size=4).map(tuple)


SIMPLE = st.builds(
    Edition,
    st.just("harbour"),
    simple([Place.HEADER]),
    simple([Place.TEXT, Place.ATTRIBUTE, Place.URL, Place.CONDITIONAL]),
    simple([Place.PLAIN]),
)
EVERY_KIND = EDITIONS | SIMPLE | st.builds(lambda tree: replace(LETTER, html=tree), CONDITIONAL)


def doubtful(edition: Edition, *people: Recipient) -> set[int]:
    screen = compile_message(edition, HEAD).screen
    assert screen is not None
    return screen.doubtful(Page(people))


def names_for(recipient: Recipient) -> dict[str, Any]:
    header = HEADER._replace(to_name=recipient.name or "", to_address=wire_address(recipient.email))
    return names_of(header, **recipient.values())


def ada(**fields: object) -> Recipient:
    return Recipient(1, "ada@quay.example", "Ada", fields=fields)


@given(EVERY_KIND, PEOPLE)
def test_whoever_is_not_doubtful_can_be_filled(edition, people):
    template = compile_message(edition, HEAD)
    if template.screen is None:
        return
    for number in {*range(len(people))} - template.screen.doubtful(Page(people)):
        template.fill(names_for(people[number]))


@given(EVERY_KIND, PEOPLE)
def test_rows_from_a_database_are_looked_at_alike(edition, people):
    screen = compile_message(edition, HEAD).screen
    rows = [
        (*each[:5], *(None if value is None else json.dumps(value) for value in each[5:])) for each in people
    ]
    assert RowPage(rows).recipients(range(len(people))) == people
    if screen is not None:
        assert screen.doubtful(RowPage(rows)) == screen.doubtful(Page(people))


@given(st.text(max_size=9), st.text(max_size=30))
def test_a_name_and_an_address_that_are_not_doubtful_make_a_header_field(name, address):
    person = ada(town="Port")._replace(name=name, email=address)
    if not doubtful(LETTER, person):
        compile_message(LETTER, HEAD).fill(names_for(person))


def test_ordinary_people_are_not_doubtful():
    people = [ada(town="Zürich"), ada(town=7)._replace(name="港"), ada(town=1.5)._replace(name=None)]
    assert doubtful(LETTER, *people) == set()


@pytest.mark.parametrize(
    "person",
    [
        ada(),
        ada(town=None),
        ada(town=["a"]),
        ada(town="a\0b"),
        ada(town={}),
        ada(town="Port")._replace(name="a\r\nBcc: x"),
        ada(town="Port")._replace(email="ada quay.example"),
        ada(town="Port")._replace(email="añil@quay.example"),
    ],
    ids=str,
)
def test_only_one_who_has_to_be_looked_at_is(person):
    assert doubtful(LETTER, ada(town="Port"), person, ada(town="Port")) == {1}


TOWN = field("town")
TOWN_IN_LETTERS = Hole(Call("filter.upper", (TOWN,)), Place.TEXT)


@pytest.mark.parametrize(
    ("condition", "without", "unprintable"),
    [
        # Whom an `if` asks for their town has to have one; who is only asked whether there is one has not.
        (TOWN, {1}, {1}),
        (Call("op.bool", (Call("test.defined", (TOWN,)),)), set(), {1}),
        (Call("op.and", (Call("test.defined", (TOWN,)), TOWN)), set(), {1}),
        (Call("op.bool", (default_of("town", ""),)), set(), {1}),
        (Call("op.bool", (default_of("town", "Port"),)), {1}, {1}),
        (Call("op.or", (Call("test.defined", (TOWN,)), TOWN)), {1}, {1}),
        (Call("op.eq", (TOWN, Const("Port"))), {1}, {1}),
        (Call("op.eq", (default_of("town", ""), Const("Port"))), {1}, {1}),
        (Const(True), {1}, {1}),
    ],
    ids=str,
)
def test_of_an_if_both_sides_are_looked_at(condition, without, unprintable):
    letter = replace(EDITION, subject=(), text=(), html=(Branch(condition, (TOWN_IN_LETTERS,), ()),))
    other = replace(letter, html=(Branch(condition, (), (TOWN_IN_LETTERS,)),))
    assert doubtful(letter, ada(town="Port"), ada()) == without
    assert doubtful(letter, ada(town="Port"), ada(town=["Port"])) == unprintable
    assert doubtful(other, ada(town="Port"), ada()) == {1}


@pytest.mark.parametrize(
    "node",
    [
        Loop(("berth",), field("berths"), (Static("a"),)),
        Branch(field("town"), (Hole(Call("filter.length", (field("town"),)), Place.TEXT),), ()),
        Branch(Call("op.lt", (field("town"), Const(1))), ()),
        Branch(Call("op.bool", (Call("filter.default", (field("town"), Const(None))),)), ()),
        Hole(Call("filter.round", (field("town"),)), Place.TEXT),
        Hole(Call("filter.trim", (field("town"), Const("a"))), Place.TEXT),
        Hole(field("town"), Place.URL, True),
        Hole(Call("filter.default", (field("town"), Const("x"), Const(True))), Place.TEXT),
        Hole(default_of("town", "a\0b"), Place.TEXT),
        Hole(Field(field("town"), Const("name")), Place.TEXT),
    ],
    ids=str,
)
def test_an_issue_that_does_more_with_values_has_no_screen(node):
    assert compile_message(replace(LETTER, html=(Static("<p>"), node)), HEAD).screen is None
