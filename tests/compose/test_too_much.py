"""More HTML or CSS than any mail has ends in an error that says where, and how much it may be."""

from __future__ import annotations

from pathlib import Path

import pytest
from slow_way import desk

from mailer.compose.body import write_body
from mailer.compose.html.measure import MOST_ATTRIBUTES, MOST_MARKUP, MOST_MATCHES, MOST_RULES, excess
from mailer.compose.html.tokens import read_html
from mailer.compose.inlining.inline import Inliner
from mailer.compose.issue.source import read_issue
from mailer.compose.symbolic.refusal import Refusal
from mailer.compose.tags.tag import MOST_TAGS
from mailer.errors import IssueError

pytestmark = pytest.mark.torture

WHOLE = "<!doctype html>\n<html><head>\n<style>{}</style></head><body>\n{}</body></html>"
FRAMES = {"md": "Text\n\n\n\n{}", "html": "Text\n\n\n\n{}", "whole.html": WHOLE.replace("{}", "i {}", 1)}


def attributes(number: int) -> str:
    return f"<p {' '.join(f'a{each}={each}' for each in range(number))}>x</p>"


def rules(number: int) -> str:
    return "\n".join(f".c{each} {{ color: red }}" for each in range(number))


def refused(body: str, ending: str = "html") -> str:
    issue, _ = read_issue(f"issues/tide.{ending}", f"---\ntitle: T\n---\n{body}".encode())
    with pytest.raises(IssueError) as error:
        write_body(issue)
    assert error.value.next_step
    return str(error.value)


@pytest.mark.parametrize("way", FRAMES)
@pytest.mark.parametrize("number", [MOST_ATTRIBUTES + 1, 100_000])
def test_a_tag_has_so_many_attributes(way: str, number: int):
    ending = way.rpartition(".")[2]
    body = FRAMES[way].replace("i {}", "").replace("{}", attributes(number))
    line = body.count("\n", 0, body.index("<p ")) + 4
    assert f"tide.{ending}:{line}: <p> has {number:,} attributes; at most 1,000" in refused(body, ending)


@pytest.mark.parametrize("way", FRAMES)
def test_a_mail_has_so_many_tags_and_attributes(way: str):
    ending = way.rpartition(".")[2]
    body = FRAMES[way].replace("i {}", "").replace("{}", "<p class=x>x</p>\n" * 33_000)
    assert "there are more than 50,000 tags and attributes" in refused(body, ending)


@pytest.mark.parametrize("tag", ["{{ subscriber.name }}", "{% if a %}", "{#", "{{", "%7B%7Ba%7D%7D"])
@pytest.mark.parametrize("ending", ["md", "html"])
def test_an_issue_has_so_many_tags(ending: str, tag: str):
    body = f"{tag} x\n" * (MOST_TAGS + 1)
    assert f"tide.{ending}:{MOST_TAGS + 4}: there are more than 2,000 tags" in refused(body, ending)


def test_markdown_has_so_many_components_and_elements():
    assert "more than 1,000 buttons, callouts and columns" in refused("::: note\n" * 3_000, "md")
    assert "tide.md:4: there are more than 50,000 tags" in refused("`a` " * 25_001, "md")


@pytest.mark.parametrize("element", ["h1", "title"])
def test_a_title_that_never_ends_is_none(element: str):
    issue, _ = read_issue("issues/tide.html", f"<{element}>Low <{element}>tide <!-- and <p>more</p>".encode())
    assert not issue.title_in_body
    assert any("has no title" in each.text for each in issue.notices)


def test_a_head_that_never_ends_is_left():
    issue, _ = read_issue("issues/tide.html", b"---\ntitle: T\n---\n<p>One</p><head><p>Two</p><head>")
    assert "Two" in write_body(issue).html


def test_a_document_has_so_many_declarations():
    body = WHOLE.replace("{}", "p { " + "color: red; " * 20_001 + "}", 1).replace("{}", "<p>x</p>")
    assert "tide.html:6: the style sheets have more than 20,000 declarations" in refused(body)


def test_a_document_has_so_many_rules():
    assert "tide.html:6: the style sheets have 20,000 rules; at most 3,000" in refused(
        WHOLE.replace("{}", rules(20_000), 1)
    )
    two = f"</style>\n<style>{rules(1_501)}"
    assert "tide.html:1506: the style sheets have 3,001 rules" in refused(
        WHOLE.replace("{}", rules(1_500) + two, 1)
    )


def test_a_layout_has_so_many_of_each_and_says_where(tmp_path: Path):
    for layout, css, said in (
        (
            f"{{{{ content }}}}{attributes(20_000)}",
            "",
            "plain.html:2: <p> has 20,000 attributes; at most 1,000",
        ),
        ("{{ content }}", rules(15_000), "plain.html:1: the style sheets have 15,000 rules; at most 3,000"),
        (
            "{% for n in range(30000) %}<i></i>{% endfor %}{{ content }}",
            "",
            "plain.html: there are more than",
        ),
    ):
        with pytest.raises(IssueError) as error:
            desk(tmp_path, layout, css=css).edition()
        assert said in str(error.value)


def test_what_is_just_enough_is_not_too_much():
    text = attributes(MOST_ATTRIBUTES) + f"<style>{rules(MOST_RULES)}</style>"
    rest = MOST_MARKUP - MOST_ATTRIBUTES - 4
    assert excess(read_html(text + "<i>" * rest), styled=True) is None
    assert excess(read_html(text + "<i>" * (rest + 1)), styled=True) is not None
    assert excess(read_html("<style>{% if a %}{{ b }}{% endif %}</style>" * 9_000), styled=True) is None


def test_the_matching_of_rules_with_elements_is_counted_over_all_that_is_tried():
    page = f"<html><head><style>{rules(1_000)}</style></head><body>{'<i></i>' * 1_000}</body></html>"
    inliner, rounds = Inliner(), 0
    with pytest.raises(Refusal, match="takes more than 20,000,000 steps"):
        while rounds < 99:
            inliner.inline(page)
            rounds += 1
    assert rounds == MOST_MATCHES // (1_000 * page.count("<"))
