"""Markdown with tags: what is a tag in text, link, title and table, and what code keeps to itself."""

from __future__ import annotations

from typing import Any

import lxml.html
import pytest

from mailer.compose.body import write_body
from mailer.compose.tags.marks import mark
from mailer.domain.issue import Issue, Kind


def test_tags_stand_in_text_link_target_and_title(post):
    mail = post.mail('**{{ subscriber.name }}**, [leave]({{ unsubscribe_url }} "{{ issue.title }} out") now.')
    link = lxml.html.fromstring(mail.html).find(".//a")
    assert link.get("href") == "https://mail.example/u/1?a=1&b=2"
    assert link.get("title") == "Harbour out"
    assert "<strong>Ada &amp; Co</strong>" in mail.html
    assert mail.text == "**Ada & Co**, leave <https://mail.example/u/1?a=1&b=2> now.\n"


@pytest.mark.parametrize(
    "link",
    [
        "[x]({{ unsubscribe_url }})",
        "[x](<{{ unsubscribe_url }}>)",
        "[x][u]\n\n[u]: {{ unsubscribe_url }}",
        "![x]({{ unsubscribe_url }})",
    ],
)
def test_every_way_to_write_a_target_takes_a_tag(link: str, post):
    assert 'https://mail.example/u/1?a=1&amp;b=2"' in post.mail(link).html


def test_part_of_a_target_may_be_a_tag(post):
    mail = post.mail("[x](https://pier.example/p/{{ params.pier }}?q={{ params.pier }}&r=1)")
    assert 'href="https://pier.example/p/7?q=7&amp;r=1"' in mail.html


def test_filters_with_markdown_in_them_stay_whole(post):
    mail = post.mail("Dear {{ subscriber.nickname or '*you* & _me_' }}", subscriber={"nickname": ""})
    assert mail.text == "Dear *you* & _me_\n"
    assert mail.html == "<p>Dear *you* &amp; _me_</p>\n"
    cell = post.mail("| a |\n|---|\n| {{ subscriber.name|upper }} |\n")
    assert '<td class="last">ADA &amp; CO</td>' in cell.html


@pytest.mark.parametrize(
    "code",
    [
        "`{{ subscriber.name }}`",
        "`{{ subscirber.name }}` `{% if %}`",
        "``{{ subscriber.name ``",
        "`{{` and `}}` around subscriber",
        "`{% endif %}`",
    ],
)
def test_code_spans_keep_their_braces(code: str, post):
    mail = post.mail(code)
    assert mail.seen.strip() == code.replace("``", "`").replace("`", "").strip()
    assert mail.text == code + "\n"


@pytest.mark.parametrize("fence", ["```jinja\n{}\n```", "~~~\n{}\n~~~", "    {}"])
def test_code_blocks_keep_their_braces(fence: str, post):
    code = "{% if subscriber.paid %}{{ subscirber.name }}"
    mail = post.mail(fence.replace("{}", code))
    assert mail.seen.strip() == code
    assert mail.text == f"    {code}\n"


def test_code_opens_nothing_for_the_prose_after_it(post):
    mail = post.mail("`{% if subscriber.paid %}` opens and {% endif %} closes.")
    assert mail.seen.strip() == "{% if subscriber.paid %} opens and {% endif %} closes."


@pytest.mark.parametrize(
    "typed", [r"\{{ subscriber.name }}", "&#123;{ subscriber.name }}", r"\{\{ subscriber.name }}"]
)
def test_braces_can_be_escaped(typed: str, post):
    assert post.mail(typed).seen.strip() == "{{ subscriber.name }}"


def test_a_backslash_before_a_backslash_escapes_nothing(post):
    assert post.mail(r"\\{{ subscriber.name }}").text == "\\Ada & Co\n"


BLOCKS = """\
First.
{% if subscriber.paid %}
Paid.

- one
- two
{% else %}
## Unpaid
{% endif %}
Last.
"""


def test_a_tag_alone_on_its_line_stands_between_blocks(post, guest: dict[str, Any]):
    paid, unpaid = post.mail(BLOCKS), post.mail(BLOCKS, **guest)
    assert (
        "".join(paid.html.split("\n"))
        == "<p>First.</p><p>Paid.</p><ul><li>one</li><li>two</li></ul><p>Last.</p>"
    )
    assert "".join(unpaid.html.split("\n")) == "<p>First.</p><h2>Unpaid</h2><p>Last.</p>"
    assert paid.text == "First.\n\nPaid.\n\n- one\n- two\n\nLast.\n"
    assert unpaid.text == "First.\n\nUnpaid\n------\n\nLast.\n"


def test_a_whole_table_may_be_wrapped(post, guest: dict[str, Any]):
    table = "{% if subscriber.paid %}\n| a |\n|---|\n| 1 |\n{% endif %}\n\nEnd."
    assert "<table>" in post.mail(table).html
    assert post.mail(table, **guest).html.strip() == "<p>End.</p>"
    assert post.mail(table, **guest).text == "End.\n"


def test_a_loop_of_paragraphs_and_of_words(post, guest: dict[str, Any]):
    loop = (
        "Tags:{% for tag in subscriber.tags %} {{ loop.index }}-{{ tag }}{% endfor %}.\n\n"
        "{% for tag in subscriber.tags %}\n**{{ tag }}**\n{% endfor %}\n\nEnd."
    )
    assert post.mail(loop).text == "Tags: 1-sea 2-tide.\n\n**sea**\n\n**tide**\n\nEnd.\n"
    assert post.mail(loop, **guest).text == "Tags:.\n\nEnd.\n"


@pytest.mark.parametrize(
    "inside",
    [
        "> {% if subscriber.paid %}\n> Paid.\n> {% endif %}\n>\n> Rest.",
        "> Rest.\n>\n> {% if subscriber.paid %}\n> Paid.\n> {% endif %}",
    ],
)
def test_a_choice_in_a_quotation_leaves_no_gap(inside: str, post, guest: dict[str, Any]):
    assert post.mail(inside, **guest).text == "> Rest.\n"
    assert sorted(post.mail(inside).text.split("\n>\n")) == sorted(inside_expected(inside))


def inside_expected(inside: str) -> list[str]:
    return ["> Paid.", "> Rest.\n"] if inside.endswith("Rest.") else ["> Rest.", "> Paid.\n"]


def test_raw_html_is_handed_on_with_its_tags(post, guest: dict[str, Any]):
    html = (
        '<div align="center">\n'
        '{% if subscriber.paid %}<b class="{{ params.pier }}">Thanks</b>{% endif %}\n'
        '<img src="x.png" alt="A mole">\n</div>\n\n'
        'A <a href="https://pier.example">pier</a><br>and <!-- hidden --><b>more</b>.'
    )
    assert '<b class="7">Thanks</b>' in post.mail(html).html
    assert post.mail(html).text == "Thanks [A mole]\n\nA pier <https://pier.example>\nand more.\n"
    assert "Thanks" not in post.mail(html, **guest).text


def test_the_same_text_makes_the_same_source():
    issue = Issue("x.md", Kind.MARKDOWN, "x", "T", BLOCKS)
    assert write_body(issue) == write_body(issue)


def test_a_mark_never_stands_in_the_text_already():
    text = "{{ subscriber.name }}"
    first = mark(text, 1, escapes=True)
    second = mark(text + first.text, 1, escapes=True)
    assert second.restore(second.text) == text + first.text


@pytest.mark.parametrize("indent", ["\u3000\u3000", "\u00a0", "\u2003"])
def test_wide_spaces_that_begin_a_line_are_kept(indent: str, post):
    typed = f"{indent}_潮_ is late,\n{indent}again.\n\n> {indent}quoted\n\n- {indent}item\n"
    mail = post.mail(typed)
    assert f"<p>{indent}<em>潮</em> is late,\n{indent}again.</p>" in mail.html
    assert mail.text == f"{indent}_潮_ is late, {indent}again.\n\n> {indent}quoted\n\n- {indent}item\n"
    assert f"<code>{indent}x\n" in post.mail(f"```\n{indent}x\n```").html


def test_a_no_break_space_alone_is_a_paragraph(post):
    assert post.mail("One.\n\n\u00a0\n\nTwo.").html == "<p>One.</p>\n<p>\u00a0</p>\n<p>Two.</p>\n"


def test_punctuation_after_a_tag_stays(post):
    assert post.mail("{{ subscriber.name }}\u203d z y").text == "Ada & Co\u203d z y\n"
