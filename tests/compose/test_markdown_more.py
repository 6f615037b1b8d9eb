"""Markdown's links without brackets, footnotes whatever they are, headings in order, emoji as typed."""

from __future__ import annotations

import re
from typing import Any

import lxml.html
import pytest

from mailer.compose.body import write_body
from mailer.compose.cleaning.fragments import Outline
from mailer.compose.issue.source import read_issue


def links(html: str) -> list[tuple[str, str]]:
    tree = lxml.html.fromstring(f"<div>{html}</div>")
    return [(link.get("href"), link.text_content()) for link in tree.iter("a")]


@pytest.mark.parametrize(
    ("typed", "target", "label"),
    [
        ("See https://pier.example/a_b_c/_d_, then.", "https://pier.example/a_b_c/_d_", None),
        ("(http://pier.example/a_(b))", "http://pier.example/a_(b)", None),
        ("www.pier.example/x.", "https://www.pier.example/x", "www.pier.example/x"),
        ("write editor@gazette.example!", "mailto:editor@gazette.example", "editor@gazette.example"),
        ("潮汐见https://pier.example。", "https://pier.example", None),
        ("潮汐见https://pier.example很多", "https://pier.example", None),
        ("潮汐见www.pier.example/潮，很多", "https://www.pier.example/%E6%BD%AE", "www.pier.example/潮"),
        (
            "https://pier.example/?q=ü%20x",
            "https://pier.example/?q=%C3%BC%20x",
            "https://pier.example/?q=ü%20x",
        ),
        ("<https://pier.example/%E6%BD%AE>", "https://pier.example/%E6%BD%AE", None),
    ],
)
def test_bare_addresses_become_links(typed: str, target: str, label: str | None, post):
    mail = post.mail(typed)
    assert links(mail.html) == [(target, label or target)]
    assert mail.seen.strip() == typed.strip("<>")
    assert mail.text.strip() == typed.strip("<>")


@pytest.mark.parametrize(
    "typed",
    [
        "readme.md",
        "pier.example",
        "file.py and a.b",
        "//pier.example/x",
        "a@b",
        "@ada",
        "`https://x.example`",
    ],
)
def test_and_nothing_else_does(typed: str, post):
    assert links(post.mail(typed).html) == []


def test_a_link_may_have_a_recipients_value_but_no_half_of_an_if(post, guest: dict[str, Any]):
    chosen = "{% if subscriber.paid %}https://pier.example/paid{% endif %}"
    typed = "https://pier.example/{{ params.pier }}/x " + chosen
    assert links(post.mail(typed).html) == [
        ("https://pier.example/7/x", "https://pier.example/7/x"),
        ("https://pier.example/paid", "https://pier.example/paid"),
    ]
    assert len(links(post.mail(typed, **guest).html)) == 1
    assert links(post.mail("https://{{ .Site.Host }}/x").html) == []
    inside = post.mail("https://pier.example/{% if subscriber.paid %}a{% endif %}")
    assert links(inside.html)[0][0] == "https://pier.example/"
    assert inside.seen.strip() == "https://pier.example/a"


NOTES = """\
One[^a], two[^b], again[^a], none[^c], inline^[In line.].

[^a]: First.

    More of it.
[^b]: Second.
[^a]: First again.
[^d]: Nobody asks, see https://pier.example.
"""


def test_no_footnote_is_lost(post):
    mail = post.mail(NOTES)
    for words in ("First.", "More of it.", "Second.", "First again.", "Nobody asks", "In line.", "none[^c]"):
        assert words in mail.seen
        assert words in mail.text
    tree = lxml.html.fromstring(f"<div>{mail.html}</div>")
    places = {element.get("id") for element in tree.iter() if element.get("id")}
    assert {target[1:] for target, _ in links(mail.html) if target.startswith("#")} <= places
    assert "[1] First.\n\n    More of it.\n\n[2] Second." in mail.text


@pytest.mark.parametrize(
    ("typed", "levels"),
    [
        ([1, 1, 2, 3], [2, 2, 3, 4]),
        ([2, 3, 2], [2, 3, 2]),
        ([3, 2, 6, 5, 4], [2, 2, 3, 3, 3]),
        ([4, 6, 6, 2, 3], [2, 3, 3, 2, 3]),
        ([1, 2, 3, 4, 5, 6], [2, 3, 4, 5, 6, 6]),
    ],
)
def test_headings_come_in_order(typed: list[int], levels: list[int]):
    outline = Outline(title_in_body=False)
    assert [outline.level(level) for level in typed] == levels
    titled = Outline(title_in_body=True)
    assert [titled.level(level) for level in [1, *typed]] == [1, *levels]


def test_a_mail_has_one_h1(post):
    html = post.mail("# A\n\n<h4>B</h4>\n\n> # C\n\nD\n===\n").html
    assert re.findall(r"<(/?h\d)>", html) == ["h2", "/h2", "h3", "/h3", "h2", "/h2", "h2", "/h2"]
    issue, _ = read_issue("x.md", b"Intro\n\n# Title\n\n# Other\n")
    assert issue.title_in_body
    assert re.findall(r"<h\d>\w+", write_body(issue).html) == ["<h1>Title", "<h2>Other"]


def test_emoji_and_their_names_stay_as_typed(post):
    typed = "🚢 :ship: ;-) (c) -- ... \N{BLACK STAR}\ufe0f \N{FAMILY}"
    assert post.mail(typed).seen.strip() == typed
    assert post.mail(typed).text.strip() == typed


def test_a_row_with_more_cells_than_columns_loses_none(post):
    mail = post.mail("> | a | b |\n> |---|---|\n> | 1 | 2 | 3 | [4](/4) |\n> | 5 |\n")
    assert '<td class="last">2 | 3 | <a href="/4">4</a></td>' in mail.html
    assert "2 | 3 | 4 </4>" in mail.text
