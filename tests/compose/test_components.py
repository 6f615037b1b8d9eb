"""Buttons, figures, quotes, columns and callouts: from Markdown, from HTML, for a text terminal."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bare_partials import PARTIALS
from slow_way import SURROUNDINGS, desk

from mailer.compose.body import write_body
from mailer.compose.issue.source import read_issue
from mailer.compose.render import render
from mailer.errors import IssueError
from mailer.workspace.bundled import templates_folder

CALL = re.compile(r"\{%-? *(?:from|import).*?%\}")


def source(post: Any, body: str, ending: str = "md") -> str:
    """Return the body's template source, white space aside, without its imports."""
    return re.sub(r"\n+", "", CALL.sub("", post.body(body, ending).html))


@pytest.mark.parametrize(
    ("typed", "expected", "text"),
    [
        (
            "[Read on](https://a.example){.button}",
            '{% call mail_button() %}<a href="https://a.example">Read on</a>{% endcall %}',
            "Read on <https://a.example>\n",
        ),
        (
            "[A](/a){.button .wide} [B](/b){: .button}",
            (
                '{% call mail_button() %}<a href="/a" class="wide">A</a>{% endcall %}'
                '{% call mail_button() %}<a href="/b">B</a>{% endcall %}'
            ),
            "A </a>\nB </b>\n",
        ),
        (
            "{% if subscriber.paid %}[A]({{ unsubscribe_url }}){.button}{% endif %}",
            (
                '{% if subscriber.paid %}{% call mail_button() %}<a href="{{ unsubscribe_url }}">A</a>'
                "{% endcall %}{% endif %}"
            ),
            "A <https://mail.example/u/1?a=1&b=2>\n",
        ),
        ("Go [here](/a){.button} now", '<p>Go <a href="/a">here</a> now</p>', "Go here </a> now\n"),
        (
            '![Boats](b.jpg "At the *quay*"){width=300px}',
            (
                '{% call mail_figure() %}<img src="b.jpg" alt="Boats" width="300">'
                "<figcaption>At the *quay*</figcaption>{% endcall %}"
            ),
            "[Boats]\nAt the *quay*\n",
        ),
        (
            '[![Boats](b.jpg)](/b){title=x}\n{width="50%"}',
            '<p><a href="/b" title="x"><img src="b.jpg" alt="Boats"></a>{width=&quot;50%&quot;}</p>',
            '[Boats] </b> {width="50%"}\n',
        ),
        (
            "[![Boats](b.jpg){width=50%}](/b)",
            '{% call mail_figure() %}<a href="/b"><img src="b.jpg" alt="Boats" width="50%"></a>{% endcall %}',
            "[Boats] </b>\n",
        ),
        ("A ![b](b.jpg) b", '<p>A <img src="b.jpg" alt="b"> b</p>', "A [b] b\n"),
        (
            "> Late.\n>\n> — *a pilot*",
            '{% call mail_quote() %}<p>Late.</p><p class="attribution">— <em>a pilot</em></p>{% endcall %}',
            "> Late.\n>\n> — *a pilot*\n",
        ),
        (
            "> — Late?\n>\n> — Late.",
            "<blockquote><p>— Late?</p><p>— Late.</p></blockquote>",
            "> — Late?\n>\n> — Late.\n",
        ),
        (
            "> [!WARNING]\n> Fog.",
            '{% call mail_callout("warning") %}<p>Fog.</p>{% endcall %}',
            "| Fog.\n",
        ),
        (
            "> [!tip] At *low* tide\n>\n> Walk.",
            (
                '{% call mail_callout("tip") %}<p class="callout-title">At <em>low</em> tide</p><p>Walk.</p>'
                "{% endcall %}"
            ),
            "| At *low* tide\n|\n| Walk.\n",
        ),
        ("> [!x]\n> Fog.", "<blockquote><p>[!x]Fog.</p></blockquote>", "> [!x] Fog.\n"),
        (
            "::: danger Fog\n- a\n- b\n:::\n",
            (
                '{% call mail_callout("warning") %}<p class="callout-title">Fog</p>'
                "<ul><li>a</li><li>b</li></ul>{% endcall %}"
            ),
            "| Fog\n|\n| - a\n| - b\n",
        ),
        (
            "::: columns\n::: column 1/3\nA\n:::\n::: column\nB\n:::\n:::",
            (
                '{% call mail_columns() %}{% call mail_column(share="1/3") %}<p>A</p>{% endcall %}'
                '{% call mail_column(share="2/3") %}<p>B</p>{% endcall %}{% endcall %}'
            ),
            "A\n\nB\n",
        ),
        (
            ":::: {.columns}\n::: {.column width=60%}\nA\n:::\nB\n::::",
            (
                '{% call mail_columns() %}{% call mail_column(share="60%") %}<p>A</p>{% endcall %}'
                '{% call mail_column(share="2/5") %}<p>B</p>{% endcall %}{% endcall %}'
            ),
            "A\n\nB\n",
        ),
        ("::: columns\nA\n:::\n\n::: column\nB\n:::", "<p>A</p><p>B</p>", "A\n\nB\n"),
        ("a\n:::\nb", "<p>a</p><p>:::</p><p>b</p>", "a\n\n:::\n\nb\n"),
        (
            "::: note# x\nA\n:::",
            "<p>::: note# x\nA</p><p>:::</p>".replace("\n", ""),
            "::: note# x A\n\n:::\n",
        ),
        ("::: foo\n::: note\nA\n:::\n:::", None, "::: foo\n\n| A\n\n:::\n"),
        ("A\n\n***\n\nB", "<p>A</p>{{ mail_divider() }}<p>B</p>", "A\n\n* * *\n\nB\n"),
    ],
)
def test_markdown_becomes_calls_of_partials(typed: str, expected: str | None, text: str, post):
    if expected is not None:
        assert source(post, typed) == expected
    assert post.mail(typed).text == text


def test_html_may_name_them_too(post):
    typed = (
        '<mail-columns><mail-column share="2/3"><p>A</p></mail-column><mail-column share="9/3"></mail-column>'
        '</mail-columns><mail-callout kind="note"><p>B</p></mail-callout><mail-divider/><mail-quote>C'
        '</mail-quote><mail-button><a href="/d">D</a></mail-button>'
    )
    expected = (
        '{% call mail_columns() %}{% call mail_column(share="2/3") %}<p>A</p>{% endcall %}'
        '{% call mail_column(share="1/3") %}{% endcall %}{% endcall %}'
        '{% call mail_callout("note") %}<p>B</p>{% endcall %}{{ mail_divider() }}'
        '{% call mail_quote() %}C{% endcall %}{% call mail_button() %}<a href="/d">D</a>{% endcall %}'
    )
    assert source(post, typed, "html") == expected
    assert post.mail(typed, "html").text == "A\n\n| B\n\n* * *\n\n> C\n\nD </d>\n"
    half = post.mail('<mail-callout kind="tip">\n\nA *b*\n\n</mail-callout>\n')
    assert half.html.strip() == "<div>\n<p>A <em>b</em></p>\n</div>"


def test_what_only_looks_like_one_is_text(post):
    assert post.mail("`<mail-button>` &lt;mail-quote> ![<mail-button>](x)").seen.strip() == (
        "<mail-button> <mail-quote>"
    )


CHOSEN = """\
::: note For {{ subscriber.name }}
{% if subscriber.paid %}
Paid.
{% endif %}
:::

::: columns
{% for tag in subscriber.tags %}
::: column
{{ loop.index }} {{ tag }}
:::
{% endfor %}
:::

{% if subscriber.paid %}
::: tip
Thanks.
:::
{% endif %}
"""


def test_recipients_differ_around_and_inside(post, guest: dict[str, Any]):
    assert post.mail(CHOSEN).text == ("| For Ada & Co\n|\n| Paid.\n\n1 sea\n\n2 tide\n\n| Thanks.\n")
    assert post.mail(CHOSEN, **guest).text.strip() == "| For Guest"
    assert "1 sea" in post.mail(CHOSEN).seen
    assert "sea" not in post.mail(CHOSEN, **guest).seen


@pytest.mark.parametrize(
    "person",
    [
        {"name": "Ada", "paid": True, "tags": ["sea", "tide"]},
        {"name": "Bo & <Co>", "paid": False, "tags": []},
        {"name": "Cy", "paid": True, "tags": ["ice"]},
    ],
)
def test_the_mail_of_each_recipient_is_the_same_the_slow_way(person: dict[str, Any], tmp_path: Path):
    partials = tmp_path / "email" / "partials"
    partials.mkdir(parents=True)
    for name, macro in PARTIALS.items():
        (partials / f"{name}.html").write_text(macro)
    typed = desk(tmp_path, body=CHOSEN)
    issued = replace(typed, body=write_body(typed.issue))
    assert issued.fill(issued.edition(), person) == issued.slowly(person)


def test_a_workspace_may_have_a_partial_of_its_own(tmp_path: Path):
    issue, _ = read_issue("issues/x.md", b"---\ntitle: T\n---\n[A](https://a.example){.button}\n")
    partials = tmp_path / "email" / "partials"
    partials.mkdir(parents=True)
    (partials / "button.html").write_text("{% macro button() %}<p>>> {{ caller() }}</p>{% endmacro %}")
    edition = render(issue, write_body(issue), SURROUNDINGS, [tmp_path, templates_folder()])
    assert "&gt;&gt; <a" in "".join(node.text for node in edition.html if hasattr(node, "text"))


@pytest.mark.parametrize(
    ("typed", "line", "said"),
    [
        ("a\n\n::: calumns\nb\n:::", 6, "::: calumns is not offered; did you mean ::: columns?"),
        ("a\n\n::: columns 2\nb\n:::", 6, "::: columns 2 is not offered; did you mean ::: columns?"),
        ("a\n\n<mail-colum>\n\nb\n\n</mail-colum>", 6, "did you mean <mail-column>?"),
        ("a\n\n<mail-column>\n\nb\n\n</mail-column>", 6, "does not stand in <mail-columns>"),
        (
            'a\n\n<mail-callout kind="nota">\n\nb\n\n</mail-callout>',
            6,
            "none of note, tip, warning, important",
        ),
        ("::: note\n{% if subscriber.paid %}\n:::\n{% endif %}", 5, "half an element (<mail-callout>)"),
        ("a\n\n::: note\nb\n\n{{ subscirber.name }}\n:::", 9, "did you mean 'subscriber'"),
    ],
)
def test_mistakes_name_their_line(typed: str, line: int, said: str, post):
    with pytest.raises(IssueError) as caught:
        post.body(typed)
    assert said in str(caught.value)
    assert caught.value.line == line


def test_a_container_without_end_goes_on_to_the_end(post):
    issue, _ = read_issue("x.md", b"---\ntitle: T\n---\na\n\n::: note\nb\n\nc")
    assert post.mail("a\n\n::: note\nb\n\nc").text == "a\n\n| b\n|\n| c\n"
    (notice,) = write_body(issue).notices
    assert str(notice).startswith("x.md:6: ::: note is never closed by :::")
