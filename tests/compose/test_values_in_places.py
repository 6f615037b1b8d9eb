"""A value is written for where it stands, and a tag is found however an editor's program wrote it."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from reference_filling import fill_text
from slow_way import SMALL_LAYOUT, SURROUNDINGS, desk

from mailer.compose.body import write_body
from mailer.compose.issue.source import read_issue
from mailer.compose.render import render
from mailer.errors import IssueError

UNSUBSCRIBE = "https://gazette.example/u/1"
VALUES = [
    'Smith & Sons <Ltd> "O\'Brien"',
    "quinn+tag@quay.example",
    "a/b c?d#e%41",
    "Ünder=1&amp;x",
    "100 %",
    "x y",
]


def mail(body: str, ending: str = "md", subject: str = "", **subscriber: Any) -> tuple[str, str, str]:
    """Return subject, HTML and text that somebody gets."""
    front = f"---\ntitle: T\n{f'subject: {subject}' if subject else ''}\n---\n"
    issue, _ = read_issue(f"issues/tide.{ending}", f"{front}{body}".encode())
    edition = render(issue, write_body(issue), SURROUNDINGS, SMALL_LAYOUT)
    names = {"subscriber": subscriber, "unsubscribe_url": UNSUBSCRIBE}
    parts = [fill_text(tree, names) for tree in (edition.subject, edition.html, edition.text)]
    return parts[0], parts[1], parts[2]


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("ending", ["md", "html", "whole.html"])
def test_a_value_is_right_in_subject_text_attribute_and_address(value: str, ending: str):
    tag, query = "{{ subscriber.pier }}", "https://pier.example/f?a={{ subscriber.pier }}&x=1"
    body = f'<p>Dear {tag}, <a title="{tag}" href="{query}">go</a></p>'
    if ending == "md":
        body = f'Dear {tag}, [go]({query} "{tag}")'
    if ending == "whole.html":
        body = f"<html><body>{body}</body></html>"
    subject, html, text = mail(body, ending.rpartition(".")[2], f'"For {tag}"', pier=value)
    assert subject == f"For {value}"
    assert f"Dear {value}, go <" in text.replace("\n", " ")
    title, href = (
        re.search(f'{name}="([^"]*(?:pier.example[^"]*)?)"[^>]*>go', html) for name in ("title", "href")
    )
    assert title
    assert unescape(title.group(1)) == value
    assert href
    shown = re.search(r"<(https://pier\S+)>", text)
    assert shown
    assert shown.group(1) == unescape(href.group(1))
    assert parse_qs(urlsplit(shown.group(1)).query) == {"a": [value], "x": ["1"]}


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("https://pier.example/{{ subscriber.v }}.", "https://pier.example/a%20b%2Bc."),
        ("(https://pier.example/{{ subscriber.v }})", "(https://pier.example/a%20b%2Bc)"),
        (
            "[x](https://p.example/{{ subscriber.v }}/{{ subscriber.v }})",
            "x <https://p.example/a%20b%2Bc/a%20b%2Bc>",
        ),
        ("[x](mailto:{{ subscriber.v }})", "x <mailto:a%20b%2Bc>"),
        (
            "[x](https://p.example/{% if subscriber.v %}{{ subscriber.v }}{% else %}0{% endif %}/1)",
            "x <https://p.example/a%20b%2Bc/1>",
        ),
        ("[x]({{ subscriber.link }})", "x <https://pier.example/%20?a=%C3%BC>"),
        ("See pier: {{ subscriber.v }}", "See pier: a b+c"),
        ("https://pier.example {{ subscriber.v }}", "https://pier.example a b+c"),
        ("Write to {{ subscriber.v }}", "Write to a b+c"),
    ],
)
def test_only_what_is_in_an_address_is_written_for_one(typed: str, shown: str):
    assert shown in mail(typed, v="a b+c", link="https://pier.example/ ?a=ü")[2]


@pytest.mark.parametrize(
    ("ending", "body"),
    [
        ("md", "[L](%7B%7B%20unsubscribe_url%20%7D%7D)"),
        ("md", "[L](%7b%7bunsubscribe_url%7d%7d)"),
        ("md", "[L]({{%20unsubscribe_url%20}})"),
        ("html", '<p><a href="%7B%7B%20unsubscribe_url%20%7D%7D">L</a></p>'),
        ("html", '<p><a href="%7B%7B unsubscribe_url %7D%7D">L</a></p>'),
        ("html", '<html><body><a href="%7B%7Bunsubscribe_url%7D%7D">L</a></body></html>'),
        ("html", '<html><body><a href="{{+unsubscribe_url+}}">L</a></body></html>'),
    ],
)
def test_a_tag_with_percent_signs_is_one(ending: str, body: str):
    _, html, text = mail(body, ending)
    assert "7B" not in (html + text).upper().replace("7BA", "")
    assert f"L <{UNSUBSCRIBE}>" in text
    assert html.count(UNSUBSCRIBE) == (1 if "<body>" in body else 2)  # a document's own is enough


def test_percent_signs_that_name_nothing_of_ours_stay():
    address = "https://pier.example/?q=%7B%7Bfoo%7D%7D&r=%7B%25x%25%7D&s=%7B%7B"
    for ending, body in (("md", f"[L]({address})"), ("html", f'<a href="{address}">L</a>')):
        assert f"L <{address}>" in mail(body, ending)[2].replace("\n", " ")


@pytest.mark.parametrize("ending", ["md", "html"])
@pytest.mark.parametrize(
    "tag",
    [
        "{{&nbsp;subscriber.name&nbsp;}}",
        "{{\u00a0subscriber.name\u00a0}}",
        "{{ sub\u00adscriber.na\u200bme }}",
        "{{ subscriber.name|default(&quot;Reader&quot;) }}",
        "{{ subscriber.nick|default(&#39;Ann&#39;) }}",
        "{% if subscriber.name &gt; '' %}Ann{% endif %}",
    ],
)
def test_a_tag_as_a_visual_editor_writes_it_is_one(tag: str, ending: str):
    text = mail(f"<p>Hello {tag}!</p>", ending, name="Ann")[2]
    assert "Hello Ann!" in text


@pytest.mark.parametrize(
    ("tag", "hint"),
    [
        ("{{ <span>subscriber.name</span> }}", "Take <span> out of the braces"),
        ("{{ subscriber.<b>name</b> }}", "Take <b> out of the braces"),
        ("{{ subscriber.name|default(“reader”) }}", "straight quotation marks (\" or ') in it, not “ ”"),
        ("{{ subscriber.name|default(‚reader‘) }}", "straight quotation marks (\" or ') in it, not ‚ ‘"),
        ("{{ subscriber.name|default(«reader») }}", "straight quotation marks (\" or ') in it, not « »"),
        ("{{ subscriber.name ? }}", "To print the braces themselves"),
    ],
)
@pytest.mark.parametrize("ending", ["md", "html"])
def test_a_tag_that_can_not_be_read_says_what_is_wrong_in_it(tag: str, hint: str, ending: str):
    with pytest.raises(IssueError, match="can't be read") as refused:
        mail(f"One\n\nTwo {tag}", ending)
    assert refused.value.line == 7
    assert hint in str(refused.value.next_step)


@pytest.mark.parametrize("frame", ["{}", "<html><body>{}</body></html>"])
@pytest.mark.parametrize(
    "tag",
    ["{<b>{ subscriber.name }</b>}", "{<i></i>{ subscriber.name }}", "{<span>% if subscriber.name %</span>}"],
)
def test_a_tag_whose_braces_html_parts_is_an_error(tag: str, frame: str):
    with pytest.raises(IssueError, match="has HTML between its braces") as refused:
        mail(frame.format(f"<p>One</p>\n<p>Two {tag}</p>"), "html")
    assert refused.value.line == 6
    assert mail(frame.format("<p>{<b>{ it's 5 }</b>} {<b>}</b></p>"), "html")


@pytest.mark.parametrize("scheme", ["http://", "https://", "HTTPS://", "https:", "//"])
@pytest.mark.parametrize("frame", ["{}", "<html><body>{}</body></html>"])
def test_an_unsubscribe_link_behind_a_scheme_is_an_error(scheme: str, frame: str):
    body = frame.format(f'\n<p><a href="{scheme}{{{{ unsubscribe_url }}}}">L</a></p>')
    with pytest.raises(IssueError, match="a scheme of its own") as refused:
        mail(body, "html")
    assert refused.value.line == 6


def test_it_is_one_in_a_layout_and_in_a_text_part_too(tmp_path: Path):
    for html, text in (
        ('{{ content }}\n<a href="https://{{ unsubscribe_url }}">x</a>', "{{ content }}"),
        ("{{ content }}", "{{ content }}\nhttps://{{ unsubscribe_url }}"),
    ):
        with pytest.raises(IssueError, match=r"plain\.(html:3|txt:2): .*a scheme of its own"):
            desk(tmp_path, html, files={"email/plain.txt": text}).edition()


def test_an_unsubscribe_link_may_be_handed_on_to_another_page():
    href = "https://pier.example/leave?to={{ unsubscribe_url }}"
    _, html, text = mail(f"[L]({href})")
    for part in (unescape(html), text):
        assert unquote(part).count(f"?to={UNSUBSCRIBE}") == 1
