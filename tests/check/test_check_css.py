"""Style sheets as they are written in mails."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.check.css import Declaration, read_sheet, read_style, walk


def test_declarations() -> None:
    text = "COLOR : Red; background: url('a;b}.png') no-repeat!important;; -x-y:1;*zoom: 1; broken; a:"
    assert read_style(text) == [
        Declaration("color", "Red"),
        Declaration("background", "url('a;b}.png') no-repeat", True),
        Declaration("-x-y", "1"),
        Declaration("*zoom", "1"),
        Declaration("a", ""),
    ]


def test_rules_and_rules_in_rules() -> None:
    mail = """/* a { } */ @import url("x.css"); a, b > c:not(d, e) { color: red }
    @media (min-width: 1px) { .x { y: z } @supports (display: grid) { .w { v: "}" } } } <!-- i {} -->
    p { color: blue; & b { color: red } }"""
    at_import, first, media, italic, last = read_sheet(mail)
    assert (at_import.at, at_import.declarations) == ("import", [])
    assert first.selectors == ["a", "b > c:not(d, e)"]
    assert (media.at, media.selectors) == ("media", [])
    assert [each.prelude for each in walk(media.blocks)] == [".x", "@supports (display: grid)", ".w"]
    assert italic.prelude == "i"
    assert (last.declarations, last.blocks[0].declarations) == (
        [Declaration("color", "blue")],
        [Declaration("color", "red")],
    )


def test_the_value_of_a_custom_property_may_stand_in_braces() -> None:
    (rule,) = read_sheet("p { --x: {a: b; c {d: e}}; c: d; --y:{ } ; f: g }")
    assert rule.declarations == [
        Declaration("--x", "{a: b; c {d: e}}"),
        Declaration("c", "d"),
        Declaration("--y", "{ }"),
        Declaration("f", "g"),
    ]
    assert rule.blocks == []


@pytest.mark.parametrize(
    "text", ["", "}", "{", "a{", "a{b:", '"', "(", "a{b:(", "@", "/*", "{" * 5_000, "}" * 99]
)
def test_what_is_broken_off_is_read_as_far_as_it_goes(text: str) -> None:
    list(walk(read_sheet(text)))
    read_style(text)


@given(st.text(alphabet="ab:;{}()\"'@/*! \\", max_size=60))
def test_no_text_is_too_odd(text: str) -> None:
    list(walk(read_sheet(text)))
    read_style(text)
