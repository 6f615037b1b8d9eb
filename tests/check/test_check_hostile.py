"""Whatever a mail holds, looking at it ends, soon, and never in a crash."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.check.examine import examine
from mailer.check.rendered import RenderedMail
from mailer.compose.body import Body
from mailer.domain.issue import Issue, Kind

ODD = [
    *("<a href='http://[x'>", "<a href='http://x:99999/'>", "<a href=''>", "<a>", "</a>", "<img src='//['>"),
    *("<img src='data:'>", "<p style='color:rgb(1.2.3, 4..5, %)'>", "<p style='font-size:1.2.3px'>x"),
    *(
        "<p style='opacity:x;background:url('>",
        "<style>a:::b,,>{}}{@media{",
        "<style>@media (prefers-color-scheme:dark){p{",
    ),
    *(
        "<h9>",
        "<h1>",
        "<h6>x</h6>",
        "<table><td>",
        "<!--[if mso]>",
        "<![endif]-->",
        "<?xml encoding='x'?>",
        "<x:y>",
    ),
    *(
        "\x00",
        "\ud800",
        "\u202e",
        "<svg><style>",
        "<base href='//x'>",
        "<p id=>",
        "{{",
        "{% if",
        "&#0;",
        "<font color=z>",
    ),
]


def mail(html: str) -> RenderedMail:
    issue = Issue("issue.html", Kind.HTML, "issue", "Title", html, source=html)
    lines = tuple(range(1, html.count("\n") + 2))
    return RenderedMail(issue, html, html, "Title", len(html), Body(html, html, lines, lines))


@given(st.lists(st.sampled_from(ODD) | st.text(max_size=9), max_size=12))
def test_odd_html_is_looked_at_all_the_same(pieces: list[str]) -> None:
    examine(mail("\n".join(pieces).replace("\ud800", "").replace("\x00", "")))


def grown(times: int) -> dict[str, str]:
    """Return mails that grow with `times`, by what they have much of."""
    return {
        "paragraphs": "<p>The tide was low and the <a href='x'>office</a> open.</p>\n" * times,
        "cells": "<table>" + "<tr><td></td><td></td></tr>" * times + "</table>",
        "one line": "<p>" + "TK http://a.example/b *|FNAME|* " * times,
        "links": "<p>" + "<a href='http://a.example/b'>b</a> " * times,
        "depth": "<div>" * times,
        "rules": "<style>" + ".a > .b, .c { color: red }" * times + "</style><p class=b>x</p>",
        "quotes": "<p style='" + '("' * times + "'>x",
        "braces": "<p>" + "{{ a " * times + "{" * times + "[" * times + "%%a" * times,
    }


@pytest.mark.torture
@pytest.mark.parametrize("much", grown(1).keys())
def test_twice_as_much_takes_no_more_than_twice_the_steps(much: str) -> None:
    few, many = (calls(lambda: examine(mail(grown(times)[much]))) for times in (400, 800))  # noqa: B023
    assert many < 2.2 * few


def test_a_mail_as_deep_as_may_be_is_looked_at() -> None:
    examine(mail(grown(5_000)["depth"]))


def calls(work: Callable[[], object]) -> int:
    """Return how many calls `work` makes, of Python's functions and of others."""
    counted = Counter[str]()
    sys.setprofile(lambda frame, event, argument: counted.update((event,)))
    try:
        work()
    finally:
        sys.setprofile(None)
    return counted["call"] + counted["c_call"]
