"""For any tree and any values: what a parser reads equals the reference, and the octets are fit for SMTP."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from message_samples import HEAD, field, names_of
from reference_filling import fill_text

from mailer.message.expression.expression import Call, Const, Name
from mailer.message.expression.operations import CannotFill
from mailer.message.filling.residual import Branch, Edition, Hole, Loop, Node, Place, Static, Tree
from mailer.message.mime.message import compile_message
from mailer.message.mime.template import MessageTemplate

WEB = "https://gazette.example/é?a=1&b='"
EDGES = st.sampled_from(["x" * 75, ".", "From ", " ", "\n", "=", "--=_", "é", "🚢", "港" * 30, "<b>&", WEB])
TEXTS = st.builds("".join, st.lists(EDGES, max_size=4)) | st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\0\r"), max_size=90
)
LINES = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=90)
BERTHS = st.lists(TEXTS, max_size=3)
FITTING = st.fixed_dictionaries(
    {"name": LINES | st.integers(), "town": LINES, "flag": st.booleans(), "berths": BERTHS}
)
# Fields may be absent, and hold what has to be refused.
HOSTILE = TEXTS | st.none() | st.sampled_from(["a\0b", "a\r\nb"])
ANY = st.fixed_dictionaries(
    {}, optional={"name": HOSTILE, "town": HOSTILE, "flag": HOSTILE, "berths": BERTHS}
)
SUBSCRIBERS = st.one_of(FITTING, FITTING, ANY)
EXPRESSIONS = st.sampled_from(
    [
        field("name"),
        field("town"),
        Call("filter.default", (field("name"), Const("reader"))),
        Call("filter.upper", (field("town"),)),
        Call("op.concat", (field("town"), Const(WEB))),
    ]
)


def trees(places: list[Place], texts: st.SearchStrategy[str], depth: int = 2) -> st.SearchStrategy[Tree]:
    """Trees of every kind of node, whose loops bind `item`."""

    def level(expressions: st.SearchStrategy[Any], depth: int) -> st.SearchStrategy[Tree]:
        leaves: list[st.SearchStrategy[Node]] = [
            st.builds(Static, texts),
            st.builds(Hole, expressions, st.sampled_from(places)),
        ]
        if Place.URL in places:
            leaves.append(
                st.builds(Hole, st.just(Name("unsubscribe_url")), st.just(Place.URL), st.just(True))
            )
        if depth:
            inner = level(expressions, depth - 1)
            turns = level(expressions | st.just(Name("item")), depth - 1)
            leaves.append(st.builds(Branch, st.sampled_from([field("flag"), field("town")]), inner, inner))
            leaves.append(st.builds(Loop, st.just(("item",)), st.just(field("berths")), turns, inner))
        return st.lists(st.one_of(leaves), max_size=4).map(tuple)

    return level(EXPRESSIONS, depth)


HTML = trees([Place.TEXT, Place.ATTRIBUTE, Place.URL, Place.CONDITIONAL], TEXTS)
EDITIONS = st.builds(
    Edition, st.just("harbour"), trees([Place.HEADER], LINES, 1), HTML, trees([Place.PLAIN], TEXTS)
)


def reference(edition: Edition, names: dict[str, Any]) -> list[str]:
    """Return subject, text and HTML the slow way."""
    return [fill_text(tree, names) for tree in (edition.subject, edition.text, edition.html)]


def read_back(wire: bytes) -> list[str]:
    """Return subject, text and HTML as the standard library reads them."""
    message = message_from_bytes(wire, policy=policy.compat32)
    assert not [defect for part in message.walk() for defect in part.defects]
    subject = str(make_header(decode_header(message["Subject"].replace("\r\n", ""))))
    contents = [
        part.get_payload(decode=True).decode().replace("\r\n", "\n") for part in message.get_payload()
    ]
    return [subject, *contents]


def check_octets(wire: bytes) -> None:
    """Check what must hold for every octet and line on the wire (RFC 5322 2.1.1, RFC 5321 4.5.2)."""
    assert re.fullmatch(rb"(?:[\t -~]{0,998}\r\n)+", wire)
    _, _, body = wire.partition(b"\r\n\r\n")
    assert not re.search(rb"(?m)^(?:\.|From |.{78})", body)


@given(EDITIONS, SUBSCRIBERS)
def test_a_message_is_read_back_as_the_reference(edition: Edition, subscriber: dict[str, Any]) -> None:
    names = {**names_of(**subscriber), "unsubscribe_url": "https://gazette.example/u?a=1&b=%20"}
    template = compile_message(edition, HEAD)
    try:
        expected = reference(edition, names)
    except CannotFill:
        for use in (template.fill, template.fillings):
            with pytest.raises(CannotFill):
                use(names)
        return
    template.fillings(names)
    wire = template.fill(names)
    check_octets(wire)
    for found, wanted in zip(read_back(wire), expected, strict=True):
        assert found in (wanted, wanted + "\n")
    assert template.subject(names) == expected[0]
    assert template.text(names) in (expected[1], expected[1] + "\n")
    assert template.html(names) in (expected[2], expected[2] + "\n")


@given(EDITIONS, SUBSCRIBERS)
def test_a_stored_template_fills_the_same(edition: Edition, subscriber: dict[str, Any]) -> None:
    template = compile_message(edition, HEAD)
    stored = MessageTemplate.load(template.dump())
    assert stored == template
    assert (stored.revision, stored.uses) == (template.revision, template.uses)
    names = names_of(**subscriber)
    try:
        wire = template.fill(names)
    except CannotFill as refusal:
        with pytest.raises(type(refusal), match=re.escape(str(refusal))):
            stored.fill(names)
    else:
        assert stored.fill(names) == wire
