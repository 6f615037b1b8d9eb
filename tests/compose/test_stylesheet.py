"""Style sheets divided into what goes into attributes and what stays, and how what stays still wins."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.compose.document.restyle import Restyler
from mailer.compose.document.stylesheet import (
    divide,
    families,
    hiding_names,
    inlined_families,
    strengthen,
)


def divided(css: str, typed: str = "") -> tuple[str, str]:
    inlined, kept = divide(css, inlined_families(css), families([typed]))
    return inlined, " ".join(kept.split())


@given(st.text(alphabet="a{}()[];:'\"\\/*@!<>- \n", max_size=40))
def test_any_text_is_a_style_sheet_of_some_kind(css: str):
    divided(css)


@pytest.mark.parametrize(
    "selector",
    ["p", "td.a .b > i", "#x", "a:link", "p:first-child", "td:not(.a)", '[class*="col"]', "p + p", "b ~ i"],
)
def test_what_any_mail_program_understands_goes_into_attributes(selector: str):
    inlined, kept = divided(f"{selector} {{ color: red }}")
    assert inlined == f"{selector.replace(':link', '')} {{ color: red }}"
    assert kept == ""


@pytest.mark.parametrize(
    "rule",
    [
        "a:hover { color: red }",
        "p::before { content: 'x' }",
        "* { color: red }",
        ":root { color-scheme: light dark }",
        "#outlook a { padding: 0 }",
        ".ExternalClass p { line-height: 100% }",
        "u + .body a { color: red }",
        "a[x-apple-data-detectors] { color: red }",
        '[style*="margin: 16px 0"] { margin: 0 }',
        "[data-ogsc] p { color: red }",
        "p:nth-of-type(2) { color: red }",
        "@font-face { font-family: A; src: url(a.woff2) }",
        "@import url(https://a.example/x.css);",
    ],
)
def test_what_only_a_sheet_can_say_stays(rule: str):
    assert divided(rule) == ("", rule)


def test_a_rule_for_some_screens_still_wins_over_an_attribute():
    css = "p { margin: 0; color: red } @media print { p { margin-top: 1px; width: 2px } b { color: blue } }"
    assert divided(css)[1] == (
        "@media print { p { margin-top: 1px !important; width: 2px } b { color: blue !important } }"
    )
    assert strengthen("p { margin: 1px }", frozenset({"margin"})) == "p { margin: 1px !important }"


def test_a_state_wins_over_a_rule_but_not_over_what_the_document_typed():
    css = "a { color: red; border: 0 } a:hover { color: blue; border: 1px }"
    css += " a:visited { color: green }"
    assert divided(css)[1] == (
        "a:hover { color: blue !important; border: 1px !important } a:visited { color: green }"
    )
    assert "color: blue; border: 1px !important" in divided(css, typed="background: 0; color: #fff")[1]


def test_what_is_important_also_stays():
    inlined, kept = divided("p, a:hover { color: red !important; margin: 0 } ")
    assert inlined == "p { color: red !important; margin: 0 }"
    assert kept == "a:hover { color: red !important; margin: 0 !important } p { color: red !important }"


def test_names_that_hide():
    css = ".a, p.b, #c, .d p { display: none } .e { display: block } @media x { .f { display: none } }"
    assert hiding_names(css) == {".a", ".b", "#c"}


@pytest.mark.parametrize(
    ("css", "style"),
    [
        ("p { color: red } .a { color: blue }", "color:blue"),
        (".a { color: blue } p { color: red }", "color:blue"),
        ("p.a { color: red } .a { color: blue }", "color:red"),
        ("#i { color: red } p.a.b { color: blue }", "color:red"),
        ("p { color: red !important } #i { color: blue }", "color:red"),
        ("p:not(.x) { color: red } p { color: blue }", "color:red"),
        ("[class=z] { color: red } p { color: blue }", "color:blue"),
        ("p:first-child { color: red } p { color: blue }", "color:red"),
        ("p { font-family: \"A b\", 'C' }", "font-family:&quot;A b&quot;, &quot;C&quot;"),
    ],
)
def test_the_weightiest_rule_wins(css: str, style: str):
    html = f"<style>{css}</style><div><p id=i class='a b'>x</p></div>"
    restyled = Restyler().inline(html)
    assert restyled.partition(' style="')[2].partition('" id')[0] in (style, style.replace("&quot;", "'"))


def test_a_document_keeps_its_bytes_but_for_styles():
    html = (
        "<!DOCTYPE x>\n<HTML xmlns:v='y'><?x?><style data-premailer=\"ignore\">p { top: 0 }</style>"
        "<style>p, v { color: red }</style>\n<P\nTITLE=a>1 < 2 &copy; <![if mso]>"
        "<!--[if x]><p>y</p><![endif]-->"
        "<p style='margin:0;color:blue'>z<br/></p></HTML>\n"
    )
    assert Restyler().inline(html) == (
        "<!DOCTYPE x>\n<HTML xmlns:v='y'><?x?><style>p { top: 0 }</style>\n"
        '<P style="color:red"\nTITLE=a>1 < 2 &copy; <![if mso]><!--[if x]><p>y</p><![endif]-->'
        '<p style="margin:0;color:blue">z<br/></p></HTML>\n'
    )
