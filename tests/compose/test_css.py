"""Style sheets as they are written in mails."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.compose.css.reading import Declaration, StyleRule, read_sheet, read_style


def walk(rules: Iterable[StyleRule]) -> Iterator[StyleRule]:
    for rule in rules:
        yield rule
        yield from walk(rule.rules)


@pytest.mark.parametrize(
    ("css", "preludes"),
    [
        ("a{x:1}b{y:2}", ["a", "b"]),
        ("a { content: '}' } b {}", ["a", "b"]),
        ('a { content: "\\"}" } b {}', ["a", "b"]),
        ("a { b: url(x;y}z) } c {}", ["a", "c"]),
        ("/* a { } */ b { } <!-- c { } -->", ["b", "c"]),
        ("@import url(a;b); a {}", ["@import url(a;b)", "a"]),
        ("@media x { a { y: z } } b {}", ["@media x", "b"]),
        ("a { } } b { }", ["a", "b"]),
        ("a { x: y", ["a"]),
        ("a\\{b { x: y }", ["a\\{b"]),
        ("stray", []),
        ("", []),
    ],
)
def test_rules_are_found_whatever_stands_in_them(css: str, preludes: list[str]):
    assert [rule.prelude for rule in read_sheet(css)] == preludes


def test_declarations_keep_semicolons_that_are_none():
    found = read_style("a: url(x;y); /* c: d; */ e: ';'; ;f:g ")
    assert [each.text for each in found] == ["a: url(x;y)", "e: ';'", "f:g"]


def test_declarations() -> None:
    text = "COLOR : Red; background: url('a;b}.png') no-repeat!important;; -x-y:1;*zoom: 1; broken; a:"
    assert list(read_style(text)) == [
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
    assert first.selectors == ("a", "b > c:not(d, e)")
    assert (media.at, media.selectors) == ("media", ())
    assert [each.prelude for each in walk(media.rules)] == [".x", "@supports (display: grid)", ".w"]
    assert italic.prelude == "i"
    assert (last.declarations, last.rules[0].declarations) == (
        [Declaration("color", "blue")],
        [Declaration("color", "red")],
    )


@pytest.mark.parametrize("sheet", ["p { %s }", "@media x { p { %s } }", "p { %s", "p{%s/* p {"])
def test_the_value_of_a_custom_property_may_stand_in_braces(sheet: str) -> None:
    *_, rule = walk(read_sheet(sheet % "--x: {a: b; c {d: e}}; c: d; --y:{ } ; f: g"))
    assert rule.declarations == [
        Declaration("--x", "{a: b; c {d: e}}"),
        Declaration("c", "d"),
        Declaration("--y", "{ }"),
        Declaration("f", "g"),
    ]
    assert rule.rules == []


@pytest.mark.parametrize(
    "text",
    [
        "@media  screen{ .a,\n.b > c[d='e}']{ COLOR:Red!important;filter:progid:X.Y(a=1); } }",
        "p { width: 9px\\9; *zoom: 1; _height: 1px; mso-line-height-rule:exactly }",
        "p { background: url( a.png ) }\n",
    ],
)
def test_what_is_read_can_be_written_as_it_was_typed(text: str) -> None:
    (rule,) = read_sheet(text)
    assert str(rule).replace(" {", "{") == text.strip().replace(" {", "{")
    for inner in walk([rule]):
        assert all(each.text in text for each in inner.declarations)


def test_escapes_mean_what_they_stand_for() -> None:
    assert list(read_style("d\\69splay: n\\6fne !import\\61nt")) == [Declaration("display", "none", True)]
    (rule,) = read_sheet("@\\69mport url(x);")
    assert rule.at == "import"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("p { a: b", "p { a: b\n}"),
        ("@media x { p { a: (b", "@media x { p { a: (b\n)}}"),
        ("p { a: b } /* p { c: d }", "p { a: b }"),
        ("p { a: b /* c }", "p { a: b /* c }\n*/}"),
    ],
)
def test_what_is_broken_off_is_closed(text: str, written: str) -> None:
    assert "".join(map(str, read_sheet(text))) == written


@pytest.mark.parametrize(
    "text", ["", "}", "{", "a{", "a{b:", '"', "(", "a{b:(", "@", "/*", 'a{b:"\\', "{" * 5_000, "}" * 99]
)
def test_what_is_broken_off_is_read_as_far_as_it_goes(text: str) -> None:
    list(walk(read_sheet(text)))
    read_style(text)


@given(st.text(alphabet="ab:;{}()[]\"'@/*!<>- \\\n\r\f\0\x85\u2028", max_size=60))
def test_no_text_is_too_odd(text: str) -> None:
    for rule in walk(read_sheet(text)):
        assert not rule.at or rule.prelude.startswith("@")
    read_style(text)
