"""Braces in prose: a tag is one only if it names something offered; a typo is never mailed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment, StrictUndefined

from mailer.compose.tags.offered import protect
from mailer.errors import IssueError

PLAIN = Environment(autoescape=False, undefined=StrictUndefined)

LITERAL = [
    "{{ it's 5 }}",
    "{{ .Params.x }}",
    "{{ .Site.Title | markdownify }}",
    "{{{ raw }}}",
    "{{}} {%%} {##}",
    "{# unclosed",
    "{# closed #}",
    "{%raw",
    "{% raw %}{{ x }}{% endraw %}",
    "{{",
    "}} {{ }}",
    "{% if page.title %}yes{% else %}no{% endif %}",
    "{% for post in site.posts %}{{ post.url }}{% endfor %}",
    "{% endif %} {% else %} {% endfor %}",
    "{% include 'header' %} {% block x %}",
    "{{ 7 * 7 }} {{ range(3) }} {{ 'subscriber' }}",
    "{{ page.issue }} {{ the subscriber's name }}",
    "${{ secrets.TOKEN }} and { {x} } and {",
    "a function f(x) {{ return {%d}; }}",
    "{% set x = 5 %}{{ x }}",
    "{{ '{{' }} {{ '}}' }}",
    "{{ " + "(" * 3000 + " }}",
]


def rendered(source: str, values: dict[str, Any]) -> str:
    return PLAIN.from_string(source).render(values)


@pytest.mark.parametrize("text", LITERAL)
def test_literal_braces_are_printed_as_typed(text: str):
    assert rendered(protect(text), {}) == text


@pytest.mark.parametrize("text", LITERAL)
@pytest.mark.parametrize("ending", ["md", "html", "txt"])
def test_literal_braces_arrive_in_every_kind_of_issue(text: str, ending: str, post):
    mail = post.mail(f"Before {text.replace('# ', '#')} after", ending)
    expected = f"Before {text.replace('# ', '#')} after"
    assert mail.seen.strip() == expected
    assert " ".join(mail.text.split()) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ subscriber.name }}", "Ada & Co"),
        ("{{subscriber.name|upper}}", "ADA & CO"),
        ("{% if subscriber.paid %}a{% else %}b{% endif %}", "a"),
        ("{% if not subscriber.paid %}a{% elif subscriber.name %}c{% endif %}", "c"),
        (
            "{% for tag in subscriber.tags %}{{ loop.index }}{{ tag }} {% endfor %}{{ tag }}",
            "1sea 2tide {{ tag }}",
        ),
        ("{% set who = subscriber.name %}{{ who }}", "Ada & Co"),
        ("{% if page.x %}{{ subscriber.name }}{% endif %}", "{% if page.x %}Ada & Co{% endif %}"),
        ("{{ x }}{{ params.pier }}{{ issue.title }}{", "{{ x }}7Harbour{"),
        ("{%- if subscriber.paid -%} a {%- endif %}", "a"),
    ],
)
def test_tags_that_name_something_offered_are_evaluated(text: str, expected: str):
    values = {
        "subscriber": {"name": "Ada & Co", "paid": True, "tags": ["sea", "tide"]},
        "issue": {"title": "Harbour"},
        "params": {"pier": 7},
    }
    assert rendered(protect(text), values) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ subscirber.name }}", "did you mean 'subscriber'"),
        ("{{ Subscriber.name }}", "did you mean 'subscriber'"),
        ("{{ unsubscribe-url }}", "did you mean"),
        ("{{ unsubscribe_link }}", "did you mean 'unsubscribe_url'"),
        ("{% if subscriebr.paid %}x{% endif %}", "did you mean 'subscriber'"),
        ("{% set reader = subscriber.name %}{{ raeder }}", "did you mean 'reader'"),
        ("{% if subscriber.a %}{% elif subscribr.b %}{% endif %}", "did you mean 'subscriber'"),
        ("{{ foo or subscriber.name }}", "'foo', which is not offered"),
        ("{{ subscriber.name | }}", "can't be read"),
        ("{{ 'Dear ' ~ subscriber.name | }}", "can't be read"),
        ("{% for tag in subscriber.tags | %}{% endfor %}", "can't be read"),
        ("{% iff subscriber.paid %}", "'iff' is not a tag"),
        ("{{ subscriber.name", "not closed"),
        ("{{ subscriber.name }", "not closed"),
        ("{{ subscirber.name }", "not closed"),
        ("{% if subscriber.paid }x", "not closed"),
        ("{{ subscriber.name\n}}", "same line"),
        ("{% if subscriber.paid %}x", "never closed by {% endif %}"),
        ("{% for t in subscriber.tags %}x{% endif %}", "is still open"),
    ],
)
def test_a_near_miss_is_refused_with_its_line(text: str, said: str):
    with pytest.raises(IssueError) as caught:
        protect(f"one\ntwo {text}", path="issues/harbour.md")
    assert said in str(caught.value)
    assert caught.value.line == 2


BRACES = st.sampled_from(
    ["{{", "}}", "{%", "%}", "{#", "#}", "{", "}", "-", " ", "\n", "'", '"', "`", "\\", "|"]
)
WORDS = st.sampled_from(
    ["subscriber", "issue", "it's", "if", "endif", "for", "in", "x", "raw", "set", "=", ".name"]
)
PROSE = st.lists(BRACES | WORDS | st.text(max_size=4), max_size=14).map("".join)


@given(PROSE)
def test_prose_with_braces_is_literal_or_refused(text: str):
    """Whatever has no tag of ours in it is printed character by character."""
    try:
        source = protect(text)
    except IssueError:
        return
    if "subscriber" not in text and "issue" not in text:
        # Jinja2 writes every line end as a line feed; issue files hold no other.
        assert rendered(source, {}) == text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
    else:
        PLAIN.parse(source)


@given(text=PROSE, ending=st.sampled_from(["md", "html", "txt"]))
def test_any_prose_with_braces_is_a_body_or_a_clear_error(text: str, ending: str, post):
    try:
        body = post.body(text, ending)
    except IssueError as error:
        assert str(error)
        return
    assert body.html.count("\n") < len(body.html_lines) + 1
    assert body.text.count("\n") < len(body.text_lines) + 1
    for source in (body.html, body.text):
        PLAIN.parse(source)
    if "subscriber" not in text and "issue" not in text:
        rendered(body.html, {})  # names nothing, so it needs nothing
        rendered(body.text, {})
