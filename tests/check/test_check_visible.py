"""An unsubscribe link that is there and that nobody can see is an error; one that anybody sees is none."""

from __future__ import annotations

import pytest
from proofs import FRONT, Workshop

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
}
SHOWN = [
    "",
    ".out { display: none }",  # then one that is seen is added
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
    ],
)
def test_one_that_is_seen_is_enough(link: str, hidden: bool, workshop: Workshop):
    assert bool(found(workshop, "", link)) == hidden
