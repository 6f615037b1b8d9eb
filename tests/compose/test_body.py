"""Bodies as a newspaper editor writes them: every character arrives as it was typed, in both parts."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment

from mailer.compose.body import write_body
from mailer.compose.issue.source import read_issue
from mailer.compose.text.plaintext import write_plain_text
from mailer.errors import IssueError

ARTICLE = """\
THE HARBOUR GAZETTE
    A Paper for the Whole Coast

“Time and tide wait for no printer.” — a pilot

THE LIGHT ON THE OUTER MOLE

Monday, 22 November 1926

First printed in “The Mole & Pier”, no. 7 – reprinted by kind permission.

The keeper’s log says only this: ‘Fog …’ and then…. nothing.... At 04:15–05:30 the
lamp was out —– nobody knows why. ½ of the crew {{ it's said }} saw it; 5 * 3 = 15 * 1,
_so_ they_say_, # and all.

1986. A great year. <b>Not bold</b> &amp; not an ampersand.

- 10 °C   wind\tNW
+ a\u00adsoft hyphen, a\u00a0no-break space, \N{BLACK STAR}\ufe0f \N{FAMILY} – ẞ ǆ é \u05d0\u05d1
"""


def words(text: str) -> list[str]:
    return re.split(r"[ \t\n]+", text.strip(" \t\n"))


def test_a_plain_text_article_arrives_character_by_character(post):
    mail = post.mail(ARTICLE, "txt")
    assert words(mail.text) == words(ARTICLE)
    assert max(map(len, mail.text.split("\n"))) <= 78
    *_, filled, _, _ = typed = ARTICLE.rstrip("\n").split("\n\n")
    short = [line for line in ARTICLE.replace(filled, "").split("\n") if line and len(line) <= 78]
    assert [line for line in mail.text.split("\n") if line in short] == short
    breaks = mail.html.replace("<br>\n", "<br>").replace("<br>", "\n")
    paragraphs = re.findall(r"<p[^>]*>(.*?)</p>", breaks, re.DOTALL)
    flowing = filled.replace("\n", " ")
    assert [unescape(each) for each in paragraphs] == [flowing if each == filled else each for each in typed]


def test_verse_keeps_its_indents_and_prose_needs_no_style(post):
    mail = post.mail("The tide\n  is late\n\nPlain prose.", "txt")
    assert mail.html == '<p style="white-space: pre-wrap">The tide<br>  is late</p>\n<p>Plain prose.</p>\n'


def test_plain_text_evaluates_no_tag(post):
    typed = "Dear {{ subscriber.name }}, {% if subscriber.paid %}x{% endif %} {{ subscirber }} {"
    mail = post.mail(typed, "txt")
    assert mail.seen.strip() == typed
    assert words(mail.text) == words(typed)


MARKDOWN = """\
The Harbour Gazette\\
A Paper for the Whole Coast

> “Time and tide wait for no printer.”\\
> — a pilot

## The light on the outer mole

Monday, 22 November 1926

*First printed in “The Mole & Pier”, no. 7 – reprinted by kind permission.*

The keeper’s log says only this: ‘Fog …’ and then…. nothing.... At 04:15–05:30 the
lamp was out —– nobody -- "nobody" (c) -- knows why. ½ of the crew {{ it's said }} saw it,
they_say_so, 5 * 3 = 15 * 1: a\u00adsoft hyphen, \u00a0no-break space, \N{FAMILY} \u05d0\u05d1.
"""
MARKDOWN_TYPED = [
    "The Harbour Gazette\nA Paper for the Whole Coast",
    "“Time and tide wait for no printer.”\n— a pilot",
    "The light on the outer mole",
    "Monday, 22 November 1926",
    "First printed in “The Mole & Pier”, no. 7 – reprinted by kind permission.",
    MARKDOWN.split("\n\n")[-1].rstrip("\n"),
]


def test_the_same_article_in_markdown(post):
    mail = post.mail(MARKDOWN)
    assert words(mail.seen) == words(" ".join(MARKDOWN_TYPED))
    unquoted = re.sub(r"^(> ?|-+$)", "", mail.text, flags=re.MULTILINE)
    assert words(unquoted) == words(
        " ".join(MARKDOWN_TYPED).replace("First", "*First").replace("permission.", "permission.*")
    )


def test_a_no_break_space_that_begins_a_paragraph_stays(post):
    mail = post.mail("\u00a0\u2003Indented.\n")
    assert mail.text == "\u00a0\u2003Indented.\n"
    assert mail.html == "<p>\u00a0\u2003Indented.</p>\n"


PRINTED = st.characters(
    exclude_categories=("Cc", "Cs"),
    exclude_characters="\u2028\u2029\ufffe\uffff",
    include_characters="\n\t{}&<",
)


@given(st.text(PRINTED))
def test_any_text_comes_through_whole(text: str):
    html, plain = write_plain_text(text, 1)
    environment = Environment(autoescape=True)
    seen = unescape(
        re.sub(r"<[^>]*>", "", environment.from_string(html.text()).render().replace("<br>", "\n"))
    )
    assert seen.replace("\n", "").replace(" ", "").replace("\t", "") == re.sub(r"[ \t\n]", "", text)
    printed = Environment(keep_trailing_newline=True, autoescape=False).from_string(plain.text()).render()
    assert re.sub(r"[ \t\n]", "", printed) == re.sub(r"[ \t\n]", "", text)


LINES = """\
---
title: Harbour
---
Dear {{ subscriber.line4 }},

{% if subscriber.line6 %}
A long line that will be wrapped in the text part, because it goes on and on {{ subscriber.line7 }}
and on {{ subscriber.line8 }} and {{ subscriber.line8 }} on.
{% else %}

- one
  - two {{ subscriber.line12 }}

> quote {{ subscriber.line14 }}

| a | b |
|---|---|
| {{ subscriber.line18 }} | x |
{% endif %}

<div>
<p>{{ subscriber.line22 }}</p>
</div>

Note[^1] {{ subscriber.line25 }}

[^1]: The note {{ subscriber.line27 }}
"""


@pytest.mark.parametrize("part", ["html", "text"])
def test_every_tag_knows_its_line(part: str):
    body = write_body(read_issue("issues/harbour.md", LINES.encode())[0])
    source, lines = getattr(body, part), getattr(body, f"{part}_lines")
    found = set()
    for field in Environment(autoescape=True).parse(source).find_all(_getattr()):
        assert f"line{lines[field.lineno - 1]}" == field.attr
        found.add(field.attr)
    assert len(found) == 10


def _getattr() -> type:
    from jinja2 import nodes

    return nodes.Getattr


@pytest.mark.parametrize(
    ("body", "line", "said"),
    [
        ("ok\n\n{{ subscirber.name }}", 6, "did you mean"),
        ("ok\n\n- a\n- b {{ subscirber.name }}", 7, "did you mean"),
        ("{% if subscriber.a %}x{% else %}y{% else %}z{% endif %}", 4, "else"),
        ("*a {% if subscriber.paid %} b* {% endif %}", 4, "half an element (<em>)"),
        ("- a {% if subscriber.paid %}\n- b {% endif %}", 4, "half an element (<li>)"),
        ("{% if subscriber.paid %}a\n\nb{% endif %}", 4, "half an element (<p>)"),
        ("[a{% if subscriber.paid %}](/x) {% endif %}", 4, "half an element (<a>)"),
        ("<div>{% if subscriber.paid %}</div>{% endif %}", 4, "half an element (<div>)"),
        ("<p {% if subscriber.paid %}class='x'{% endif %}>", 4, "among the attributes of <p>"),
        ("<a href='{% if subscriber.paid %}x'>a</a>{% endif %}", 4, "half an element (<a href=>)"),
        ("| a |\n|---|\n{% if subscriber.paid %}\n| 1 |\n{% endif %}\n", 6, "between the rows of a table"),
        ("| a |\n|---|\n| {% if subscriber.paid %}1 |\n| 2{% endif %} |\n", 6, "half an element (<td>)"),
        ("ok\n\n<b onclick='{{ subscriber.name }}'>x</b>", 6, "stands in onclick= of <b>"),
        ("ok\n\n<p\n style='x{% if subscriber.paid %}y{% endif %}'>x</p>", 6, "stands in style= of <p>"),
    ],
)
def test_what_can_not_be_mailed_names_its_line(body: str, line: int, said: str, post):
    with pytest.raises(IssueError) as caught:
        post.body(body)
    assert said in str(caught.value)
    assert caught.value.line == line


@pytest.mark.parametrize(
    "deep", ["<div>" * 5000, "{% if subscriber.a %}" * 900 + "{% endif %}" * 900, "> " * 3000 + "x"]
)
def test_nesting_without_end_is_no_crash(deep: str, post):
    try:
        post.body("Text " + deep)
        post.body(deep, "html")
    except IssueError as error:
        assert "deep" in str(error)


def test_a_fragment_leaves_its_head_behind(post):
    mail = post.mail("<head>\n<meta charset=utf-8></head>\n<p>Dear {{ subscriber.name }}</p>", "html")
    assert mail.html.strip() == "<p>Dear Ada &amp; Co</p>"
    assert mail.body.html_lines == (4, 5, 6, 7)


@pytest.mark.parametrize(
    "html",
    [
        "<p>half {% if subscriber.paid %}</p><p>{% endif %}",
        "<li>a{% for t in subscriber.tags %}<li>{% endfor %}",
    ],
)
def test_html_is_held_to_whole_elements_too(html: str, post):
    with pytest.raises(IssueError, match="half an element"):
        post.body(html, "html")
