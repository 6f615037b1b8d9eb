"""Findings are brought back to the line that an editor has to correct."""

from __future__ import annotations

import pytest
from proofs import FRONT, Workshop

# (rule, the body, the lines of it)
WHERE: list[tuple[str, str, list[int | None]]] = [
    ("link-empty", "One [a](https://a.example)\ntwo [b]() and\nthree [c]().\n\nFour [d]().\n", [2, 3, 5]),
    # The same address as code before it, and twice in a paragraph.
    (
        "link-insecure",
        "`http://a.example/x`\n\nOne [b](http://a.example/x)\ntwo [c](http://a.example/x)\n",
        [3, 4],
    ),
    ("link-insecure", "A [ref][r] and\n\nmore.\n\n[r]: http://a.example/ref\n", [5]),
    ("link-insecure", "A ref\n[r] twice\n[r].\n\n[r]: http://a.example/ref\n", [5]),
    ("link-insecure", "Plain\n<http://a.example/auto>\n", [2]),
    ("link-insecure", "An\n[umlaut](http://a.example/ü?x=1&y=2)\n", [2]),
    ("link-insecure", "A\n[space](<http://a.example/a b>)\n", [2]),
    ("link-relative", "- one\n- two [x](x.html)\n  three\n- [y](y.html)\n", [2, 4]),
    ("link-relative", "| a | b |\n|---|---|\n| x | [t](t.html) |\n| [u](u.html) | y |\n", [3, 4]),
    ("link-relative", "> one\n> [q](q.html)\n", [2]),
    ("link-relative", "Hello {{ subscriber.name }},\n\n[a](a.html)\n", [3]),
    ("link-relative", "{% if subscriber.boat %}\n[a](a.html)\n{% endif %}\n\n[b](b.html)\n", [2, 5]),
    ("link-placeholder", "See [here](TK)\nand [there](https://TODO).\n", [1, 2]),
    ("image-width", "One.\n\n![A](https://a.example/a.png)\n\n![B](https://a.example/b.png)\n", [3, 5]),
    ("image-alt", "One.\n\n![](https://a.example/a.png)\n", [3]),
    ("placeholder", "One\ntwo TK three\n\nFour TODO\n", [2, 4]),
    ("link-target", "One\n[two](#two)\n", [2]),
    ("spam-wording", "One.\n\nDear friend of boats.\n", [3]),
]


@pytest.mark.parametrize(("rule", "body", "lines"), WHERE, ids=range(len(WHERE)))
def test_the_line_in_markdown(workshop: Workshop, rule: str, body: str, lines: list[int | None]) -> None:
    assert workshop.places(rule, body) == lines


def test_the_line_in_html(workshop: Workshop) -> None:
    body = '<p>One\n<a href="x.html">x</a></p>\n<p\n>A <img\n src="https://a.example/y.png" alt="y"></p>\n'
    assert workshop.places("link-relative", body, name="issue.html") == [2]
    assert workshop.places("image-width", body, name="issue.html") == [5]
    assert workshop.places(
        "contrast", '<p>Dark</p>\n<p>Low <b style="color:#aaa">faint</b></p>\n', name="i.html"
    ) == [2]


def test_the_line_of_a_heading(workshop: Workshop) -> None:
    begin, end = "<!DOCTYPE html>\n<html><body>\n", "</body></html>\n"
    skipped = f"{begin}<h1>One</h1>\n<h3>Two <i>x</i> &amp; y</h3>\n<h2>Three</h2>\n\n<h5>Four</h5>\n{end}"
    assert workshop.places("heading-order", skipped, name="issue.html") == [4, 7]
    doubled = f"{begin}<p>text</p>\n<h1>One</h1>\n<p>text</p>\n<h1>Two</h1>\n{end}"
    assert workshop.places("heading-one", doubled, name="issue.html") == [6]


def test_the_line_is_the_files_whatever_ends_its_lines(workshop: Workshop) -> None:
    workshop.folder.joinpath("crlf.md").write_bytes((FRONT + "One\n\n[a]()\n").replace("\n", "\r\n").encode())
    assert workshop.places("link-empty", "One\r\n\r\n[a]()\r\n") == [3]


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("subject: A SUBJECT IN CAPITALS", "spam-wording"),
        ("Draft: yes", "draft"),
        ("check-off: nothing", "unknown-rule"),
        ("standfirst: x", ""),
    ],
)
def test_the_line_in_front_matter(workshop: Workshop, line: str, rule: str) -> None:
    front = FRONT.replace("lang: en", f"lang: en\n{line}")
    assert [each.line for each in workshop.findings(front=front)] == ([5] if rule else [])


def test_a_link_of_the_layouts_own_is_not_taken_for_the_issues(workshop: Workshop) -> None:
    workshop.layout(
        '<html lang="en"><head><title>x</title></head><body><div style="display:none">{{ issue.description }}'
        '</div><a href="http://a.example/">Top</a>{{ content }}<a href="{{ unsubscribe_url }}">Stop</a>'
        '{{ sender.postal_address }}<a href="http://a.example/">Bottom</a></body></html>'
    )
    front = FRONT.replace("lang: en", "lang: en\ntemplate: bare")
    body = "One\n\n[a](http://a.example/)\n"
    found = [each for each in workshop.findings(body, front) if each.rule == "link-insecure"]
    assert [[place.line for place in each.places] for each in found] == [[9], [None, None]]
    assert "“a”" in found[0].text
