"""An unsubscribe link that is there and that nobody can see is an error; one that anybody sees is none."""

from __future__ import annotations

import pytest
from proofs import FRONT, Workshop

from mailer.check.cascade import read_selector

LINK = '<p class="way"><a class="out" href="{{ unsubscribe_url }}">Leave the list</a></p>'
PAGE = "<!DOCTYPE html>\n<html><head><style>{}</style></head><body>\n<p>Low tide.</p>\n{}\n</body></html>\n"

HIDDEN = {
    "a { display: none }": "display: none",
    "p .out { display: none }": "display: none",
    ".way { visibility: hidden }": None,
    "p.way { opacity: 0 }": "opacity: 0",
    ".out { font-size: 0 }": None,
    ".out { font-size: 1px }": None,
    ".out { color: #fff }": None,
    "* { color: white !important }": None,
    ".way { background: #123456; color: #123456 } .out { color: inherit }": None,
    ".way { height: 0; overflow: hidden }": "height: 0",
    ".way { max-height: 0px; overflow: hidden }": "max-height: 0",
    ".out { position: absolute; left: -9999px }": "left: -9999px",
    ".way { text-indent: -9999px }": "text-indent: -9999px",
    ".out { transform: scale(0) }": "transform: scale(0)",
    ".out { clip-path: inset(100%) }": "clip-path: inset(100%)",
    "@media (max-width: 600px) { .out { display: none !important } }": "(max-width: 600px): display: none",
    "body { display: none }": "display: none",
    ".way { visibility: collapse }": None,
    "a { display: n\\6fne !important }": "display: none",
    "a:any-link { display: none !important }": "display: none",
    ".way { font: 0/0 a }": None,
    ".out { color: #ffffff; -webkit-text-fill-color: #fff }": None,
    ".out { -webkit-text-fill-color: transparent }": None,
    ".way { opacity: 1% }": "opacity: 1%",
    ".way { content-visibility: hidden }": "content-visibility: hidden",
    ".way { height: 0; overflow-y: hidden }": "height: 0",
    ".out { position: absolute; bottom: 9999px }": "bottom: 9999px",
    ".out { position: absolute; inset: -9999px auto auto 0 }": "inset: -9999px",
    ".way { margin: -9999px 0 0 }": "margin: -9999px",
    ".way { transform: translateX(-200vw) }": "transform: translatex(-200vw)",
    ".way { transform: rotateY(90deg) }": "transform: rotatey(90deg)",
    ".way { transform: matrix(0, 0, 0, 0, 0, 0) }": "transform: matrix(0, 0, 0, 0, 0, 0)",
    ".way { scale: 0 }": "scale: 0",
    ".out { position: absolute; clip: rect(1px, 1px, 1px, 1px) }": "clip: rect(1px",
    ".out { clip-path: polygon(0 0, 0 0, 0 0) }": "clip-path: polygon(",
    "@media screen { .out { display: none !important } }": "link: display: none",
    "@media not print { .out { display: none !important } }": "link: display: none",
    "@media print, screen { .out { display: none !important } }": "print, screen: display: none",
    "@supports (display: grid) { .out { display: none !important } }": "link: display: none",
    "@layer low { .out { display: none !important } }": "link: display: none",
    "@layer low { a { display: none !important } } a { display: inline !important }": "display: none",
    "@layer low { a { display: none !important } } @layer { .out { display: inline !important } }": "none",
    ":root { --way: none } .out { display: var(--way) }": "display: none",
    "body { --a: var(--b, none) } .out { display: VAR( --a ) !important }": "display: none",
    "@media screen { @media (min-width: 1px) { .out { display: none !important } } }": "(min-width: 1px)",
    "@media (prefers-color-scheme: dark) { .out { display: none !important } }": "dark): display: none",
    "@media (prefers-color-scheme: dark) { .out { color: #000 !important } }": None,
    "@media (prefers-color-scheme: dark) { p { background: #111 } .out { color: #121212 !important } }": None,
}
SHOWN = [
    "",
    ".out { display: none }",  # then one that is seen is added
    ".out { display: n\\6fne }",
    ".out { color: #777 }",
    "i { display: none }",
    ".out { display: inline-block; max-width: 100%; height: auto; left: 0 }",
    ".way { background: #000 } .out { color: #fff }",
    ".way { height: 0 }",
    ".way { left: -9999px }",
    ".way { overflow: hidden; text-indent: -9px }",
    "@media print { .out { display: none } }",
    ".way { margin-left: -20px; transform: scale(0.9) }",
    ".out { opacity: 0.6 }",
    ".out { color: #000 } @media (prefers-color-scheme: dark) { i { color: #fff } }",
    "@media (prefers-color-scheme: dark) { body { background: #111 } .out { color: #ddd !important } }",
    "@media only print { .out { display: none } }",
    "p { margin-left: -9999px; margin: 0 }",
    ".way { transform: translateX(10px) rotate(90deg); clip-path: inset(5px) }",
    ".way { font-size: 0 } .out { font-size: 15px }",
    ".way { position: relative; top: 12px; inset: auto }",
    "body { --way: none } .way { --way: inline } .out { display: var(--way) }",
    ".out { display: var(--way) } .out { color: var(--ink, #333) }",
]


def found(workshop: Workshop, css: str, link: str = LINK) -> list[str]:
    findings = workshop.findings(PAGE.format(css, link), name="issue.html")
    return [f"{each.line}: {each.text}" for each in findings if each.rule == "unsubscribe-hidden"]


@pytest.mark.parametrize("css", HIDDEN)
def test_a_hidden_link_is_an_error_with_its_line(css: str, workshop: Workshop):
    (said,) = found(workshop, css)
    assert said.startswith(f"{FRONT.count(chr(10)) + 4}: nobody can see the unsubscribe link")
    assert (HIDDEN[css] or "its text has no size") in said


@pytest.mark.parametrize("css", SHOWN)
def test_a_link_that_can_be_seen_is_none(css: str, workshop: Workshop):
    assert found(workshop, css) == []


def test_a_layer_beats_even_the_footer_that_is_added(workshop: Workshop):
    assert found(workshop, "a { display: none !important }", "") == []
    (said,) = found(workshop, "@layer low { a { display: none !important } }", "")
    assert "nobody can see the unsubscribe link: display: none" in said


def test_a_selector_is_read_once_for_all_screens(workshop: Workshop):
    screens = " ".join(
        f"@media (max-width: {width}px) {{ .out {{ color: #111 }} }}" for width in (320, 480, 600)
    )
    found(workshop, "")
    before = read_selector.cache_info().misses
    assert found(workshop, f".once {{ color: #222 }} {screens}") == []
    assert read_selector.cache_info().misses - before <= 2


@pytest.mark.parametrize(
    ("link", "hidden"),
    [
        ('<a href="{{ unsubscribe_url }}"></a>', True),
        (
            '<a href="{{ unsubscribe_url }}"><img src="https://pier.example/x.png" alt="Leave"></a>',
            False,
        ),
        ('<a href="{{ unsubscribe_url }}" hidden>Leave</a>', False),  # and one that is seen is added
        (f'<div style="display:none">{LINK}</div>', False),
        (f'<div style="height:0;overflow:hidden">{LINK}</div>{LINK}', False),
        (f'<div style="height:0;overflow:hidden">{LINK}</div>', True),
        (f"<details><summary>More</summary>{LINK}</details>", True),
        (f"<details open><summary>More</summary>{LINK}</details>", False),
    ],
)
def test_one_that_is_seen_is_enough(link: str, hidden: bool, workshop: Workshop):
    assert bool(found(workshop, "", link)) == hidden
