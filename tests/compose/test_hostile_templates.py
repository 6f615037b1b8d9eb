"""Templates and tags that attack: out of the sandbox, out of the folder, out of time or memory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jinja2 import DictLoader
from reference_filling import fill_text
from slow_way import SMALL_LAYOUT, SURROUNDINGS, desk

from mailer.compose.body import write_body
from mailer.compose.issue.source import read_issue
from mailer.compose.render import render
from mailer.compose.symbolic.environment import SymbolicEnvironment
from mailer.compose.symbolic.tokens import Tokens
from mailer.domain.issue import Issue
from mailer.errors import IssueError
from mailer.message.expression.bounds import MOST_STEPS
from mailer.message.expression.operations import UnfitValue
from mailer.workspace.bundled import templates_folder

# Values that are templates, markup or format strings to something somewhere.
HOSTILE = [
    "{{7*7}}",
    "{{ 7*7 }}{% for x in range(9) %}x{% endfor %}",
    "{% raw %}{{ subscriber }}",
    "{#",
    "${7*7} #{7*7} <%= 7*7 %> *|UNSUB|* %(x)s %s {0.__class__} {0}",
    "__class__",
    "{{ subscriber.__class__.__mro__ }}",
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "<!--[if mso]>--><![endif]-->",
    "</title></style></textarea><b>",
    "\\u007b{",
    "=?utf-8?q?x?=",
]


def mail(text: str, ending: str = "md", **names: Any) -> tuple[str, str, str]:
    """Return subject, HTML and text of an issue, filled from `names`."""
    issue, _ = read_issue(f"issues/tide.{ending}", text.encode())
    edition = render(issue, write_body(issue), SURROUNDINGS, SMALL_LAYOUT)
    names = {"unsubscribe_url": "https://gazette.example/u/1", "subscriber": {}} | names
    parts = [fill_text(tree, names) for tree in (edition.subject, edition.html, edition.text)]
    return parts[0], parts[1], parts[2]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_subscribers_value_is_data_wherever_it_stands(value: str):
    text = (
        "---\ntitle: T\nsubject: For {{ subscriber.name }}\n---\n{{ subscriber.name }}, {{ subscriber.pier }}"
        " and {% for tag in subscriber.tags %}{{ tag }} {% endfor %}"
        '<img alt="{{ subscriber.name }}" src="https://a.example/{{ subscriber.pier }}">'
    )
    subscriber = {"name": value, "pier": value, "tags": [value, value]}
    subject, html, plain = mail(text, subscriber=subscriber)
    assert subject == f"For {value}"
    assert f"{value}, {value} and {value} {value} " in plain.replace("\n", " ")
    for forbidden in ("49", "<script>", "<img src=x", "</title></style>", "onerror=alert(1)>"):
        assert forbidden not in html.replace(subject, "")
    assert html.count("<img ") == mail(text, subscriber={"name": "a", "pier": "b", "tags": ["c"]})[1].count(
        "<img "
    )


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("ending", ["md", "html", "txt"])
def test_what_an_issue_or_a_list_is_called_is_data(value: str, ending: str):
    quoted = value.replace("'", "''")
    if "subscriber" in value:
        quoted = "{{7*7}}"
    text = (
        f"---\ntitle: '{quoted}'\nkicker: '{quoted}'\nstandfirst: '{quoted}'\nbyline: '{quoted}'\n"
        f"description: '{quoted}'\nepigraph: {{text: '{quoted}', source: '{quoted}'}}\n"
        f"params: {{masthead: '{quoted}', dateline: '{quoted}'}}\n---\nText."
    )
    issue, _ = read_issue(f"issues/tide.{ending}", text.encode())
    surroundings = replace(SURROUNDINGS, list_title=value, sender_name=value, postal_address=value)
    edition = render(issue, write_body(issue), surroundings, [templates_folder()])
    html = fill_text(edition.html, {"unsubscribe_url": "https://gazette.example/u/1"})
    plain = fill_text(edition.text, {"unsubscribe_url": "https://gazette.example/u/1"})
    for forbidden in ("49", "<script>", "<img src=x", "<b>alert"):
        assert forbidden not in html
    assert "49" not in plain
    assert issue.title in fill_text(edition.subject, {})


ESCAPES = [
    "{{ subscriber.__class__ }}",
    "{{ subscriber['__class__'] }}",
    "{{ subscriber|attr('__class__') }}",
    "{{ subscriber.name.__class__ }}",
    "{{ issue.__class__ }}",
    "{{ issue.__init__.__globals__ }}",
    "{{ issue|attr('__class__') }}",
    "{{ issue|attr('__dataclass_fields__') }}",
    "{{ params.__class__.__mro__ }}",
    "{{ params['__class__'] }}",
    "{{ params.clear() }}",
    "{{ params.update({'a': 1}) }}",
    "{{ ''.__class__ ~ issue.slug }}",
    "{{ issue.slug.__class__.__mro__[1].__subclasses__() }}",
    "{{ '{0.__class__}'.format(issue) }}",
    "{{ '{0.path.__class__}'|format(issue) ~ issue.slug.__doc__ }}",
    "{{ '{i.__init__.__globals__}'.format_map({'i': issue}) }}",
    "{{ issue.title.format.__globals__ }}",
    "{{ cycler.__init__.__globals__.os ~ issue.slug }}",
    "{{ joiner.__init__.__globals__ ~ issue.slug }}",
    "{{ namespace.__init__ ~ issue.slug }}",
    "{{ range.__self__ ~ issue.slug }}",
    "{{ lipsum.__globals__ ~ issue.slug }}",
    "{{ self._TemplateReference__context ~ issue.slug }}",
    "{{ list.title.__class__ }}",
    "{{ sender.__class__ }}",
    "{{ issue.params.__class__ }}",
    "{{ issue.date.__class__ }}",
    "{{ issue.slug|map(attribute='__class__')|list }}",
    "{{ [issue]|map(attribute='__class__')|list }}",
    "{{ [issue]|groupby('__class__') }}",
    "{{ [issue]|sum('__class__') }}",
    "{% set x = issue.__class__ %}{{ x }}",
    "{% for x in issue.__class__.__mro__ %}{{ x }}{% endfor %}",
]


@pytest.mark.parametrize("tag", ESCAPES)
@pytest.mark.parametrize("ending", ["md", "html"])
def test_nothing_of_python_is_reached_from_an_issue(tag: str, ending: str):
    """It ends in an error, or prints what was typed, or nothing that an object of Python would print."""
    try:
        parts = mail(
            f"---\ntitle: T\ndate: 2026-11-22\nparams: {{a: 1}}\n---\nText {tag}.",
            ending,
            subscriber={"name": "A"},
        )
    except (IssueError, UnfitValue) as error:
        assert "0x" not in str(error)
    else:
        for part in parts:
            for leak in (
                "<class",
                "&lt;class",
                "mappingproxy",
                "0x7",
                "builtins",
                "&lt;module",
                "&lt;function",
            ):
                assert leak not in part


@pytest.mark.parametrize(
    "tag", ["{{ config }}", "{{ self }}", "{{ ''.__class__ }}", "{{ request.application }}"]
)
def test_what_names_nothing_of_ours_stays_as_it_was_typed(tag: str):
    assert tag in mail(f"# T\n\nText {tag}.")[2]


@pytest.mark.parametrize(
    "tag",
    [
        "{% include '../../etc/passwd' %}",
        "{% include 'email/newsletter.html' %}",
        "{% extends 'email/base.html' %}",
        "{% import 'email/partials/words.html' as subscriber %}",
        "{% from '/etc/passwd' import issue %}",
        "{% macro issue() %}x{% endmacro %}",
        "{% block subscriber %}x{% endblock %}",
        "{% filter upper %}{{ issue.slug }}{% endfilter %}",
    ],
)
@pytest.mark.parametrize("ending", ["md", "html"])
def test_an_issue_can_not_load_or_define_templates(tag: str, ending: str):
    try:
        _, html, plain = mail(f"# T\n\nText {tag}.", ending)
    except IssueError as error:
        assert "not a tag that can stand in an issue" in str(error) or "not offered" in str(error)
    else:
        assert "root:" not in html
        assert tag.partition("{{")[0].strip() in plain.replace("\n", " ")


GROWS = "{% set ns = namespace(s=START) %}{% for a in range(99) %}{% set ns.s = GROWN %}{% endfor %}"


def growing(start: str, grown: str) -> str:
    """Return a template whose `ns.s` grows with each round."""
    return GROWS.replace("START", start).replace("GROWN", grown)


TOO_MUCH = [
    "{{ 'x' * 10**9 }}",
    "{{ 10**9 * 'x' }}",
    "{{ [0] * 10**9 }}",
    "{{ 10**(10**10) }}",
    "{{ 'x'|center(10**9) }}",
    "{{ 'x'.center(10**9) }}",
    "{{ 'x'.ljust(999999999) }}",
    "{{ '1'.zfill(999999999) }}",
    "{{ 'a\tb'.expandtabs(999999999) }}",
    "{{ '%999999999d'|format(1) }}",
    "{{ '%*d'|format(999999999, 1) }}",
    "{{ '%999999999d' % 1 }}",
    "{{ '{:>999999999}'.format(1) }}",
    "{{ '{:>{}}'.format(1, 999999999) }}",
    "{{ ('x' * 99999)|replace('x', 'y' * 99999) }}",
    "{{ ('x' * 99999).replace('x', 'y' * 99999) }}",
    "{{ range(99999)|join('y' * 99999) }}",
    "{{ range(99999)|map('string')|join('y' * 99999) }}",
    "{{ 'x'|indent(999999999, true) }}",
    "{{ range(10**9)|list }}",
    "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "{% for a in range(99999) %}{% for b in range(99999) if b < 0 %}{% endfor %}{% endfor %}",
    "{% for a in range(99999) recursive %}{% for b in range(99999) recursive %}{% endfor %}{% endfor %}",
    "{% for a in range(9) recursive %}{{ loop([1, 2, 3]) }}{% endfor %}",
    "{% for a in range(99999) %}{{ 'x' * 9999 }}{% endfor %}",
    growing("'xxxxxxxxxx'", "ns.s ~ ns.s"),
    growing("'xxxxxxxxxx'", "ns.s + ns.s"),
    growing("[1]", "[ns.s, ns.s]") + "{{ ns.s }}",
    growing("[1]", "[ns.s, ns.s]") + "{{ ns.s ~ '' }}",
    growing("99", "ns.s * ns.s"),
    "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(40) }}",
    "{% macro m(n) %}{% if n %}{{ m(n - 1) ~ m(n - 1) }}{% else %}xx{% endif %}{% endmacro %}{{ m(40) }}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% include 'email/plain.html' %}",
    "{% extends 'email/plain.html' %}",
    "{% for a in range(9) %}{% for b in range(9) %}" * 12 + "{% endfor %}{% endfor %}" * 12,
    "{% if 1 %}" * 500 + "x" + "{% endif %}" * 500,
    "{% set s = 'x' * 3000000 %}{% for a in range(99999) %}{% set q = s|upper %}{% endfor %}",
    "{% set l = [0] * 99999 %}{% for a in range(99999) %}{% if 3 in l %}{% endif %}{% endfor %}",
    "{% for a in range(99999) %}{% set q = range(99999)|list %}{% endfor %}",
    "{{ ('x' * 3000000)|wordwrap(1) }}",
    "{{ ('x y' * 1000000)|urlize }}",
    "{{ ([[0]] * 99999)|sum(start=[]) }}",
    "{{ (range(99999)|list * 39)|sort }}",
    "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "x" * 600_000,
]


@pytest.mark.torture
@pytest.mark.parametrize("layout", TOO_MUCH, ids=range(len(TOO_MUCH)))
def test_a_template_without_end_ends_in_a_clear_error(tmp_path: Path, layout: str):
    with pytest.raises(IssueError) as refused:
        desk(tmp_path, layout).edition()
    assert str(tmp_path) in str(refused.value)
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize(
    ("template", "steps"),
    [
        ("{% for n in range(9) %}{% endfor %}", 9),
        ("{% for n in range(9) if n > 4 %}{% endfor %}", 9),
        ("{% for n in range(9) recursive %}{% endfor %}", 9),
        ("{{ 1 }}" * 9, 9),
        ("{% macro m(n) %}{% if n %}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(9) }}", 9),
        ("{% include 'part' %}" * 9, 9),
        ("{% set x = text|upper %}", 2_000),
        ("{% set x = text.upper() %}", 2_000),
        ("{% set x = text + '' %}", 2_000),
        ("{% set x = text ~ '' %}", 2_000),
        ("{% set x = text == '' %}", 2_000),
        ("{% set x = text[1:] %}", 2_000),
        ("{% set x = text is string %}", 2_000),
        ("{% set x = range(9_999)|list %}", 2_000),
        ("{% set x = names.n1 %}", 200),
    ],
)
def test_whatever_takes_time_is_counted(template: str, steps: int):
    environment = SymbolicEnvironment(Tokens([]), DictLoader({"part": "", "main": template}), escapes=False)
    main = environment.get_template("main")
    names = {"text": "x" * 100_000, "names": {f"n{number}": 1 for number in range(10_000)}}
    "".join(main.root_render_func(main.new_context(names)))
    assert steps <= MOST_STEPS - environment.budget.steps < 3 * steps + 99


@pytest.mark.parametrize(
    "tag",
    [
        "{{ subscriber.name * 10**9 }}",
        "{{ subscriber.name * subscriber.many }}",
        "{{ subscriber.name|center(10**9) }}",
        "{{ subscriber.name|center(subscriber.many) }}",
        "{{ '%999999999d'|format(subscriber.many) }}",
        "{{ subscriber.format|format(1) }}",
        "{{ subscriber.many ** subscriber.many }}",
        "{{ subscriber.tags|join('x' * 99999) }}",
    ],
)
def test_a_recipients_value_makes_nothing_endless_either(tag: str):
    subscriber = {"name": "Ada", "many": 10**9, "format": "%999999999d", "tags": ["a"] * 9999}
    with pytest.raises((IssueError, UnfitValue)):
        mail(f"# T\n\n{tag}", subscriber=subscriber)


def test_templates_stay_in_their_folder(tmp_path: Path):
    (tmp_path / "secret.html").write_text("secret", encoding="utf-8")
    folder = tmp_path / "templates"
    for name in (
        "../secret.html",
        str(tmp_path / "secret.html"),
        "email/../../secret.html",
        "..\\secret.html",
    ):
        with pytest.raises(IssueError, match="no template") as refused:
            desk(folder, f"{{% include {name!r} %}}").edition()
        assert "secret\n" not in str(refused.value)
    (folder / "email" / "link.html").symlink_to(tmp_path / "secret.html")
    with pytest.raises(IssueError, match="a link that leads out of the templates"):
        desk(folder, "{% include 'email/link.html' %}").edition()


def test_a_folder_of_templates_may_be_a_link_itself(tmp_path: Path):
    at = desk(tmp_path / "real", "{% include 'email/part.inc' %}", files={"email/part.inc": "part"})
    (tmp_path / "templates").symlink_to(tmp_path / "real")
    assert replace(at, folder=tmp_path / "templates").edition()


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/b", "..", ".", "a\\b", "x\x00y"])
def test_a_layout_has_a_plain_name(name: str):
    with pytest.raises(IssueError):
        read_issue("issues/tide.md", f"+++\ntitle = 'T'\ntemplate = {name!r}\n+++\nText".encode())


def test_no_layout_of_a_name_that_slipped_through(tmp_path: Path):
    at = desk(tmp_path, "x")
    issue: Issue = replace(at.issue, template="../../../etc/passwd")
    with pytest.raises(IssueError, match="there is no layout"):
        replace(at, issue=issue).edition()
