"""Whatever a mail holds, looking at it ends, soon, and never in a crash."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.check.examine import examine
from mailer.check.sheet import Sheet
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


def sheet(html: str) -> Sheet:
    issue = Issue("issue.html", Kind.HTML, "issue", "Title", html, source=html)
    lines = tuple(range(1, html.count("\n") + 2))
    return Sheet(issue, html, html, "Title", len(html), Body(html, html, lines, lines))


@given(st.lists(st.sampled_from(ODD) | st.text(max_size=9), max_size=12))
def test_odd_html_is_looked_at_all_the_same(pieces: list[str]) -> None:
    examine(sheet("\n".join(pieces).replace("\ud800", "").replace("\x00", "")))


def large() -> Iterator[tuple[str, str]]:
    yield "paragraphs", "<p>The tide was low and the <a href='x'>office</a> open.</p>\n" * 2_000
    yield "cells", "<table>" + "<tr><td></td><td></td></tr>" * 5_000 + "</table>"
    yield "one line", "<p>" + "TK http://a.example/b " * 10_000
    yield "links", "<p>" + "<a href='http://a.example/b'>b</a> " * 3_000
    yield "depth", "<div>" * 5_000
    yield "rules", "<style>" + ".a > .b, .c { color: red }" * 3_000 + "</style><p class=b>x</p>"
    yield "quotes", "<p style='" + '("' * 20_000 + "'>x"


@pytest.mark.parametrize("html", [html for _, html in large()], ids=[name for name, _ in large()])
def test_a_large_mail_takes_no_longer_than_it_must(html: str) -> None:
    began = time.process_time()
    examine(sheet(html))
    assert time.process_time() - began < 5
