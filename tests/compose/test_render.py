"""From an issue and its layout to an edition: places, errors, and what a recipient's values can do."""

from __future__ import annotations

from pathlib import Path

import pytest
from reference_filling import fill_text
from slow_way import SURROUNDINGS, UNSUBSCRIBE, desk, normal_form

from mailer.compose.body import write_body
from mailer.compose.render import render
from mailer.domain.issue import Issue, Kind
from mailer.errors import IssueError
from mailer.message.expression.expression import Call, Const, Field, Name
from mailer.message.expression.operations import MissingValue, UnfitValue
from mailer.message.filling.evaluate import reader
from mailer.message.filling.fields import uses
from mailer.message.filling.residual import Hole, Loop, Place, Static, Tree

NAME = Field(Name("subscriber"), Const("name"))
HOSTILE = [
    "<script>alert(1)</script>",
    "\"' onload=x",
    "{{7*7}}",
    "{% raw %}",
    "--><b>",
    "&lt;&amp;",
    "]]>",
    "a\nb",
]

NOT_THERE = {
    "class": '<p class="{{ subscriber.name }}">x</p>',
    "id": '<p id="{{ subscriber.name }}">x</p>',
    "style attribute": '<p style="color: {{ subscriber.name }}">x</p>',
    "if in a style attribute": '<p style="{% if subscriber.paid %}color: red{% endif %}">x</p>',
    "event": '<p onclick="{{ subscriber.name }}">x</p>',
    "srcset": '<img srcset="{{ subscriber.name }}">',
    "premailer's own": '<p data-premailer="{{ subscriber.name }}">x</p>',
    "style element": "<style>p { color: {{ subscriber.name }} }</style>",
    "script": "<script>'{{ subscriber.name }}'</script>",
    "noscript": "<noscript>{{ subscriber.name }}</noscript>",
    "comment": "<!-- {{ subscriber.name }} -->",
    "condition of a comment": "<!--[if {{ subscriber.name }}]>x<![endif]-->",
    "declaration": "<![if {{ subscriber.name }}]>x<![endif]>",
    "element name": "<{{ subscriber.name }}>x</{{ subscriber.name }}>",
    "attribute name": "<p {{ subscriber.name }}='x'>x</p>",
    "attribute in an if": "<p {% if subscriber.paid %}lang='x'{% endif %}>x</p>",
    "frame": '<iframe src="{{ unsubscribe_url }}"></iframe>',
    "form": '<form action="{{ unsubscribe_url }}">x</form>',
    "button": '<button value="{{ subscriber.name }}">x</button>',
    "half an element": "{% if subscriber.paid %}<div>{% endif %}x{% if subscriber.paid %}</div>{% endif %}",
    "branch across elements": "<p>a{% if subscriber.paid %}b</p><p>c{% endif %}d</p>",
    "branch into a comment": "{% if subscriber.paid %}<!--[if mso]>a{% endif %}<![endif]-->",
    "branch into an attribute": '{% if subscriber.paid %}<p title="{% endif %}">x</p>',
    "unbalanced": "{% if subscriber.paid %}<b>x{% endif %}y",
    "scheme in two": '<a href="java{{ subscriber.name }}">x</a>',
    "scheme not allowed": '<a href="javascript:x({{ subscriber.name }})">x</a>',
    "half a scheme": '<a href="{% if subscriber.paid %}https://a/{% endif %}{{ subscriber.name }}">x</a>',
}


@pytest.mark.parametrize("layout", NOT_THERE.values(), ids=NOT_THERE.keys())
def test_a_recipients_part_is_refused_where_it_can_not_be_escaped(tmp_path: Path, layout: str) -> None:
    with pytest.raises(IssueError, match=r"plain.html:2: "):
        desk(tmp_path, layout).edition()


@pytest.mark.parametrize("where", ["<meta name=x content='{{ subscriber.name }}'>", "{{ subscriber.nick }}"])
def test_the_head_holds_none_but_in_the_title(tmp_path: Path, where: str) -> None:
    head = "<html><head><title>{{ subscriber.name }}</title>\n" + where + "</head><body>x</body></html>"
    with pytest.raises(IssueError, match=r"plain.html:2: "):
        desk(tmp_path, html=head).edition()
    assert desk(tmp_path, html=head.replace(where, "")).edition().html[1] == Hole(NAME, Place.TEXT)


UNSTABLE = {
    "first child": ("p:first-child { color: red }", "{% if subscriber.paid %}<p>a</p>{% endif %}<p>b</p>"),
    "last child": (
        "p:last-child { color: red }",
        "<p>b</p>{% for t in subscriber.tags %}<p>a</p>{% endfor %}",
    ),
    "next to": ("p + p { color: red }", "<p>a</p>{% if subscriber.paid %}<b>x</b>{% endif %}<p>b</p>"),
    "next to itself": ("i + i { color: red }", "{% for t in subscriber.tags %}<i>a</i>{% endfor %}"),
    "after": (
        "b ~ p { color: red }",
        "{% if subscriber.paid %}<b>a</b>{% else %}<i>b</i>{% endif %}<p>b</p>",
    ),
    "else": ("b + p { color: red }", "{% if subscriber.paid %}<i>a</i>{% else %}<b>b</b>{% endif %}<p>b</p>"),
    "next to, with parts between that may be left out": (
        "b + p { color: red }",
        """{% if subscriber.a %}<b>a</b>{% endif %}{% if subscriber.b %}<i>b</i>{% endif %}
        {% if subscriber.c %}{% for t in subscriber.tags %}<i>c</i>{% endfor %}{% else %}<i>d</i>{% endif %}
        {% if subscriber.d %}<p>d</p>{% endif %}""",
    ),
    "in three parts": (
        "b + i + p { color: red }",
        "{% if subscriber.a %}<b>a</b>{% endif %}{% if subscriber.b %}<u>b</u>{% endif %}<i>c</i><p>d</p>",
    ),
    "nested": (
        "b + p { color: red }",
        "{% if subscriber.a %}x{% else %}{% if subscriber.b %}<b>b</b>{% endif %}{% endif %}<p>b</p>",
    ),
}


@pytest.mark.parametrize(("css", "layout"), UNSTABLE.values(), ids=UNSTABLE.keys())
def test_styles_that_depend_on_what_a_recipient_gets_are_refused(
    tmp_path: Path, css: str, layout: str
) -> None:
    with pytest.raises(IssueError, match=r"plain.html:\d: the styles of the mail would depend"):
        desk(tmp_path, f"<div>{layout}</div>", css=css).edition()
    desk(tmp_path, f"<div>{layout}</div>", css="p, b, i { color: red }").edition()


def test_inlined_attribute_selectors_are_refused_on_attributes_with_values(tmp_path: Path) -> None:
    layout = '<p title="{{ subscriber.name }}">x</p>'
    with pytest.raises(IssueError, match="selects by the attribute title"):
        desk(tmp_path, layout, css='p[title^="a"] { color: red }').edition()
    desk(tmp_path, layout, css='p[lang="a"] { color: red }').edition()


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_stays_text(tmp_path: Path, value: str) -> None:
    at = desk(tmp_path, '<p title="{{ subscriber.name }}">{{ subscriber.name }}</p>')
    edition = at.edition()
    filled = fill_text(edition.html, {"subscriber": {"name": value}})
    assert normal_form(filled) == at.slowly({"name": value}).html
    assert "<script" not in filled
    assert fill_text(edition.text, {"subscriber": {"name": value}}).count(value) == 2


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", " javascript:x", "data:text/html,x", "//evil", "x", "", "\0"]
)
def test_a_link_that_is_a_value_has_an_allowed_scheme(tmp_path: Path, url: str) -> None:
    edition = desk(tmp_path, '<a href="{{ subscriber.site }}">x</a>').edition()
    with pytest.raises(UnfitValue):
        fill_text(edition.html, {"subscriber": {"site": url}})


def test_a_link_that_is_a_value_is_kept_whole(tmp_path: Path) -> None:
    edition = desk(tmp_path, '<a href="{{ subscriber.site }}">x</a>').edition()
    site = 'https://x.example/ä b"<?a=1&b=%20%zz#f'
    assert 'href="https://x.example/%C3%A4%20b%22%3C?a=1&amp;b=%20%25zz#f"' in fill_text(
        edition.html, {"subscriber": {"site": site}}
    )


def test_a_value_inside_a_link_can_not_change_its_structure(tmp_path: Path) -> None:
    edition = desk(tmp_path, '<a href="https://x.example/?a={{ subscriber.name }}&amp;b=1">x</a>').edition()
    filled = fill_text(edition.html, {"subscriber": {"name": "1&b=2#c d+é%"}})
    assert 'href="https://x.example/?a=1%26b%3D2%23c%20d%2B%C3%A9%25&amp;b=1"' in filled


def test_conditional_comments_hold_values_that_can_not_end_them(tmp_path: Path) -> None:
    layout = (
        '<!--[if mso]><v:rect href="{{ unsubscribe_url }}" title="{{ subscriber.name }}">'
        "{{ subscriber.name }}{% if subscriber.paid %}<b>a</b>{% endif %}</v:rect><![endif]-->"
    )
    edition = desk(tmp_path, layout).edition()
    names = {"subscriber": {"name": '--><b> "', "paid": True}, "unsubscribe_url": UNSUBSCRIBE}
    escaped = "&#45;&#45;&gt;&lt;b&gt; &#34;"
    assert (
        '<!--[if mso]><v:rect href="https://gazette.example/u/abc?a=1&amp;b=2"'
        f' title="{escaped}">{escaped}<b>a</b></v:rect><![endif]-->'
    ) in fill_text(edition.html, names)
    assert {hole.place for hole in edition.html if isinstance(hole, Hole)} == {Place.CONDITIONAL, Place.URL}


def test_the_subject_has_values_but_no_control_characters(tmp_path: Path) -> None:
    edition = desk(
        tmp_path, subject="{{ subscriber.name|default('Friend') }}, {{ it's }} the harbour"
    ).edition()
    assert fill_text(edition.subject, {"subscriber": {}}) == "Friend, {{ it's }} the harbour"
    assert "<title>A &lt;b&gt;, {{" in fill_text(edition.html, {"subscriber": {"name": "A <b>"}})
    with pytest.raises(UnfitValue, match=r"U\+000A"):
        fill_text(edition.subject, {"subscriber": {"name": "a\nBcc: x@y.example"}})


def test_without_a_subject_it_is_the_title(tmp_path: Path) -> None:
    assert desk(tmp_path, title="News & more").edition().subject == (Static("News & more"),)


def test_errors_in_a_body_name_the_line_of_the_issue(tmp_path: Path) -> None:
    with pytest.raises(IssueError, match=r"issues/harbour.md:9: the filter 'safe'"):
        desk(tmp_path, body="a\n\n{{ subscriber.name|safe }}").edition()
    with pytest.raises(IssueError, match=r"issues/harbour.md:8: .*class"):
        desk(tmp_path, body="a\n<p class='{{ subscriber.name }}'>x</p>").edition()


def test_a_written_body_keeps_its_lines(tmp_path: Path) -> None:
    text = "One.\n\nTwo {{ it's 5 }} and {# this.\n\n{{ subscriber.name|nl2br }}\n"
    issue = Issue("i.md", Kind.MARKDOWN, "i", "T", text, body_line=4, template="plain")
    desk(tmp_path)
    with pytest.raises(IssueError, match=r"i.md:8: .*has a filter 'nl2br', which is none"):
        render(issue, write_body(issue), SURROUNDINGS, [tmp_path])


def test_errors_in_a_partial_name_its_file(tmp_path: Path) -> None:
    at = desk(tmp_path, "{% include 'email/foot.html' %}", files={"email/foot.html": "\n\n{{ nobody }}"})
    with pytest.raises(IssueError, match=r"email/foot.html:3: 'nobody' is undefined"):
        at.edition()


def test_a_broken_layout_names_its_line(tmp_path: Path) -> None:
    with pytest.raises(IssueError, match=r"plain.html:3: "):
        desk(tmp_path, "\n{% if %}").edition()


def test_a_layout_that_is_not_there_is_named_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(IssueError, match=r"there is no layout 'plane' .*did you mean 'plain'") as refused:
        desk(tmp_path, template="plane").edition()
    assert str(tmp_path) in str(refused.value.next_step)


def test_a_layout_out_of_the_folders_is_not_found(tmp_path: Path) -> None:
    (tmp_path / "secret.html").write_text("x")
    with pytest.raises(IssueError, match="there is no layout"):
        desk(tmp_path, template="../secret").edition()


def test_a_layout_has_to_print_the_content(tmp_path: Path) -> None:
    with pytest.raises(IssueError, match=r"does not print the issue's content"):
        desk(tmp_path, "nothing", body="{{ subscriber.name }}").edition()


def test_folders_are_searched_in_order(tmp_path: Path) -> None:
    own, bundled = desk(tmp_path / "own", "own"), desk(tmp_path / "bundled", "bundled")
    edition = render(own.issue, own.body, SURROUNDINGS, [own.folder, bundled.folder])
    assert edition.text == (Static("own"),)


def test_rendering_again_gives_the_same_edition(tmp_path: Path) -> None:
    layout = (
        "{% for t in subscriber.tags %}{{ t }}{% if subscriber.paid %}{{ loop.index }}{% endif %}{% endfor %}"
    )
    at = desk(tmp_path, layout)
    assert at.edition() == at.edition()


def test_urls_that_are_not_offered_yet_are_settled_for_all(tmp_path: Path) -> None:
    layout = "{% if preferences_url %}{{ preferences_url }}{% else %}none{% endif %}"
    edition = desk(tmp_path, layout).edition()
    assert edition.text == (Static("none"),)


def test_what_all_get_alike_has_no_holes(tmp_path: Path) -> None:
    edition = desk(
        tmp_path, "{{ issue.title }} {{ sender.name }} {{ list.title }} {{ params.x }}", params={"x": 1}
    )
    assert edition.edition().text == (Static("The harbour Harbour Gazette Weekly 1"),)


ABSENT: list[tuple[str, str]] = [
    ("{{ subscriber.nick|default('x') }}", "x"),
    ("{{ subscriber.nick or 'x' }}", "x"),
    ("{{ 'a' if subscriber.nick is defined else 'x' }}", "x"),
    ("{{ 'x' if subscriber.nick is undefined }}", "x"),
    ("{{ 'x' if subscriber.nick is none }}", "x"),
    ("{% if subscriber.nick %}a{% else %}x{% endif %}", "x"),
    ("{% if not subscriber.nick %}x{% endif %}", "x"),
    ("{% if subscriber.nick != 'a' %}x{% endif %}", "x"),
    ("{{ subscriber.nick.first|default('x') }}", "x"),
]


@pytest.mark.parametrize(("layout", "text"), ABSENT)
def test_none_is_an_absent_value(tmp_path: Path, layout: str, text: str) -> None:
    assert fill_text(desk(tmp_path, layout).edition().text, {"subscriber": {"nick": None}}) == text


@pytest.mark.parametrize(
    "layout",
    [
        "{{ subscriber.nick }}",
        "{{ subscriber.nick|title }}",
        "{{ 'a' ~ subscriber.nick }}",
        "{{ 'abc'|replace('a', subscriber.nick) }}",
        "{{ subscriber.nick + 1 }}",
        "{% for n in subscriber.nick %}x{% endfor %}",
        "{% if subscriber.nick < 3 %}x{% endif %}",
    ],
)
@pytest.mark.parametrize("subscriber", [{"nick": None}, {}])
def test_an_absent_value_is_never_printed(tmp_path: Path, layout: str, subscriber: dict[str, None]) -> None:
    tree = desk(tmp_path, layout).edition().text
    with pytest.raises(MissingValue, match=r"subscriber.nick has no value"):
        fill_text(tree, {"subscriber": subscriber})


@pytest.mark.parametrize("layout", ["{% if subscriber.gone %}x{% endif %}", "{{ subscriber.gone is none }}"])
def test_a_field_that_is_not_there_decides_nothing(tmp_path: Path, layout: str) -> None:
    with pytest.raises(MissingValue, match=r"subscriber.gone"):
        fill_text(desk(tmp_path, layout).edition().text, {"subscriber": {}})


@pytest.mark.parametrize(
    ("layout", "problem"),
    [
        ("{{ subscriber.name + 1 }}", r"subscriber.name \+ 1"),
        ("{{ subscriber.tags }}", "can't be printed"),
        ("{{ subscriber.name|round }}", r"subscriber.name\|round"),
        ("{% for c in subscriber.name %}{{ c }}{% endfor %}", "str is not a list"),
        ("{% for a, b in subscriber.tags %}{{ a }}{% endfor %}", "1 values can't be unpacked into 2"),
        ("{{ 1 / (subscriber.age - subscriber.age) }}", "division by zero"),
    ],
)
def test_a_value_that_does_not_fit_is_named(tmp_path: Path, layout: str, problem: str) -> None:
    tree = desk(tmp_path, layout).edition().text
    with pytest.raises(UnfitValue, match=problem):
        fill_text(tree, {"subscriber": {"name": "ann", "tags": ["a"], "age": 1}})


def test_fields_are_data_never_attributes() -> None:
    for value in ("text", ["list"], {"a": 1}, 5):
        for key in ("upper", "__class__", "items", "append", "real"):
            with pytest.raises(MissingValue):
                reader(Field(NAME, Const(key)))({"subscriber": {"name": value}})


def test_the_fields_an_edition_uses(tmp_path: Path) -> None:
    layout = (
        "{% for t in subscriber.tags %}{{ t }}{{ subscriber.name|default(subscriber.nick) }}{% endfor %}"
        "{% if subscriber['paid'] %}{{ subscriber.place.city }}{% endif %}"
    )
    assert uses(desk(tmp_path, layout).edition().html) == {"tags", "name", "nick", "paid", "place"}


def test_a_loop_binds_what_its_iterable_evaluates_to(tmp_path: Path) -> None:
    tree: Tree = desk(tmp_path, "{% for t in subscriber.tags %}{{ t }}{% endfor %}").edition().text
    tags = Field(Name("subscriber"), Const("tags"))
    rounds = Call("op.rounds", (tags, Const(1), Const(False)))
    # The HTML part has the same loop, so this is the second.
    assert tree == (Loop(("t.2",), rounds, (Hole(Name("t.2"), Place.PLAIN),)),)
    assert reader(rounds)({"subscriber": {"tags": ["a"]}}) == ["a"]


@pytest.mark.parametrize(
    "rule",
    [
        "@import url('https://x.example/a.css');",
        "} x; @\\69mport url('https://x.example/a.css');",
        "@font-face { font-family: x }",
        "@supports (a: b) { p { c: d } }",
    ],
)
def test_rules_that_premailer_would_drop_or_fetch_are_refused(tmp_path: Path, rule: str) -> None:
    with pytest.raises(IssueError, match="can't be inlined") as refused:
        desk(tmp_path, css=rule + "p { color: red }").edition()
    assert 'data-premailer="ignore"' in str(refused.value.next_step)


def test_nothing_is_important_in_a_style_attribute(tmp_path: Path) -> None:
    css = "p { color: red !important } div p { color: blue }"
    kept = "@media (max-width: 3px) { p { color: green !important } }"
    html = fill_text(desk(tmp_path, "<div><p>x</p></div>", css=css + kept).edition().html, {})
    assert '<p style="color:red">' in html
    assert html.count("!important") == 1


@pytest.mark.parametrize("page", ["<!-- x -->", "<html><frameset></frameset></html>"])
def test_a_page_without_a_body_is_refused(tmp_path: Path, page: str) -> None:
    with pytest.raises(IssueError, match="can't be read"):
        desk(tmp_path, html=page).edition()


def test_premailer_keeps_what_clients_need(tmp_path: Path) -> None:
    page = """<!doctype HTML>
<html><head><title>t</title><style>p { color: red; mso-hide: all } img { width: 100% } a:hover { color: red }
@media (max-width: 3px) { p { color: blue !important } }</style>
<style data-premailer="ignore">@font-face { font-family: x } @supports (a: b) { p { c: d !important } }
[data-ogsc] p { e: f !important }</style><link rel="stylesheet" href="https://gone.example/x.css"></head>
<body><p>x</p><img width="30" src="https://a.example/b.png"><!--[if mso]><p>m</p><![endif]-->
<!--[if !mso]><!--><p>n</p><!--<![endif]--><a href="{{ unsubscribe_url }}">u</a></body></html>"""
    html = fill_text(desk(tmp_path, html=page).edition().html, {"unsubscribe_url": UNSUBSCRIBE})
    assert html.lower().startswith("<!doctype html>")
    assert '<p style="color:red; mso-hide:all">x</p>' in html
    assert '<img width="30"' in html
    assert "<!--[if mso]><p>m</p><![endif]-->" in html
    assert '<!--[if !mso]><!--><p style="color:red; mso-hide:all">n</p><!--<![endif]-->' in html
    for kept in ("@font-face", "@supports", "[data-ogsc]", "@media", "a:hover", "!important"):
        assert kept in html
