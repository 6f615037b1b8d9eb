"""What an issue's text is made of beside paragraphs, as the writer of a body calls it."""

from __future__ import annotations

import re
from dataclasses import replace

import lxml.html
import pytest
from written_mail import POSTAL

from mailer.compose.body import Body
from mailer.compose.render import Surroundings, render
from mailer.domain.issue import Issue, Kind
from mailer.errors import IssueError
from mailer.message.filling.evaluate import Names
from mailer.message.filling.program import TEXT, Program
from mailer.workspace.bundled import templates_folder

SURROUNDINGS = Surroundings("Harbour Gazette", "editor@gazette.example", POSTAL, "Weekly")
PARTIALS = {"columns": "columns, column"} | {
    name: name for name in ("button", "figure", "quote", "callout", "divider")
}
IMPORTS = "".join(
    f'{{% from "email/partials/{file}.html" import {macros} with context %}}'
    for file, macros in PARTIALS.items()
)
LINK = '<a href="https://gazette.example/a">Go</a>'


def written(source: str, lang: str = "en", **fields: object) -> str:
    """Return the HTML of a mail whose body has this template source, for one recipient."""
    issue = Issue("x.md", Kind.MARKDOWN, "x", "Title", "x", lang=lang)
    edition = render(issue, Body(IMPORTS + source, "x", (1,), (1,)), SURROUNDINGS, [templates_folder()])
    names: Names = {"subscriber": fields, "unsubscribe_url": "https://gazette.example/u/x"}
    return Program(TEXT, edition.html).fill(names)


def content(html: str) -> lxml.html.HtmlElement:
    return lxml.html.document_fromstring(html).cssselect(".content")[0]


def style(element: lxml.html.HtmlElement) -> dict[str, str]:
    pairs = (each.partition(":") for each in element.get("style", "").split(";") if each)
    return {name.strip(): value.strip() for name, _, value in pairs}


def test_a_button_is_a_cell_with_a_padded_link() -> None:
    (cell,) = content(written(f"{{% call button() %}}{LINK}{{% endcall %}}")).cssselect(".button")
    assert cell.tag == "td"
    assert cell.get("bgcolor") == style(cell)["background-color"] == "#9a3412"
    assert style(cell)["mso-padding-alt"] == "13px 26px"
    (link,) = cell.cssselect("a")
    assert style(link)["padding"] == "13px 26px"
    assert style(link)["color"] == "#fffdf8"
    assert 2 * 13 + int(style(link)["line-height"].removesuffix("px")) >= 44


def test_columns_need_no_style_sheet_and_are_cells_in_outlook() -> None:
    source = (
        '{% call columns() %}{% call column("2/3") %}<p>A</p>{% endcall %}'
        '{% call column("1/3") %}<p>B</p>{% endcall %}{% endcall %}'
    )
    html = written(source)
    columns = content(html).cssselect(".column")
    assert [style(column)["max-width"] for column in columns] == ["344px", "160px"]
    assert {style(column)["width"] for column in columns} == {"100%"}
    assert {style(column)["display"] for column in columns} == {"inline-block"}
    assert re.findall(r'<!--\[if mso\]>(?:</td>)?<td width="(\d+)" valign="top">', html) == ["344", "160"]
    outlook = "".join(re.findall(r"<!--\[if mso\]>(.*?)<!\[endif\]-->", html))
    for name in ("table", "tr", "td"):
        assert len(re.findall(f"<{name}[ >]", outlook)) == outlook.count(f"</{name}>"), name


@pytest.mark.parametrize(
    ("call", "colour"),
    [("callout()", "#8a8171"), ('callout("tip")', "#4a8f63"), ('callout("of another kind")', "#8a8171")],
)
def test_a_callout_has_an_edge_in_the_colour_of_its_kind(call: str, colour: str) -> None:
    body = content(written(f"{{% call {call} %}}<p>A</p>{{% endcall %}}"))
    (edge,) = body.cssselect(".edge")
    assert edge.get("bgcolor") == style(edge)["background-color"] == colour
    assert body.cssselect(".callout p")[0].text == "A"


def test_figure_quote_and_divider() -> None:
    source = (
        '{% call figure() %}<img src="https://gazette.example/a.png" alt="A" width="9" height="9">'
        "<figcaption>C</figcaption>{% endcall %}"
        '{% call quote() %}<p>Q</p><p class="attribution">— S</p>{% endcall %}{{ divider() }}'
    )
    body = content(written(source))
    assert [element.tag for element in body.cssselect("figure > *")] == ["img", "figcaption"]
    assert [element.text for element in body.cssselect(".quote p")] == ["Q", "— S"]
    assert body.cssselect("hr")[0].get("width") == "96"


def test_layout_tables_are_presentation() -> None:
    source = f"{{% call button() %}}{LINK}{{% endcall %}}{{% call quote() %}}<p>Q</p>{{% endcall %}}"
    tables = content(written(source + "{% call callout() %}<p>A</p>{% endcall %}")).cssselect("table")
    assert len(tables) == 3
    assert {table.get("role") for table in tables} == {"presentation"}


def test_they_may_hold_recipients_values_and_stand_in_their_conditions() -> None:
    source = (
        "{% call columns() %}{% call column() %}<p>Dear {{ subscriber.name }}</p>"
        "{% if subscriber.paid %}{% call button() %}"
        '<a href="https://gazette.example/{{ subscriber.name }}">Go</a>{% endcall %}{% endif %}'
        "{% endcall %}{% endcall %}"
        "{% if subscriber.paid %}{% call callout() %}<p>Thanks</p>{% endcall %}{% endif %}"
    )
    paid = content(written(source, name="<Ada>", paid=True))
    assert paid.cssselect(".column p")[0].text == "Dear <Ada>"
    assert paid.cssselect(".button a")[0].get("href") == "https://gazette.example/%3CAda%3E"
    assert paid.cssselect(".callout")
    unpaid = content(written(source, name="Ada", paid=False))
    assert not unpaid.cssselect(".button, .callout")


def test_sides_follow_the_language() -> None:
    source = "{% call quote() %}<p>Q</p>{% endcall %}<blockquote>B</blockquote><ul><li>L</li></ul>"
    for lang, start, end in (("en", "left", "right"), ("he", "right", "left")):
        body = content(written(source, lang))
        (quote,) = body.cssselect("blockquote")
        assert f"border-{start}" in style(quote)
        assert f"border-{end}" not in style(quote)
        assert style(body.cssselect("ul")[0])[f"padding-{start}"] == "26px"


def test_a_share_that_is_none_is_named() -> None:
    with pytest.raises(IssueError, match="a column's share is 'wide'; write it like 1/3 or 33%"):
        written('{% call columns() %}{% call column("wide") %}<p>A</p>{% endcall %}{% endcall %}')


@pytest.mark.parametrize("lang", ["en", "de", "es", "fr", "it", "nb", "nn", "no", "nl", "pt", "ar", "he"])
def test_an_erratum_says_so_in_the_language_of_the_issue(lang: str) -> None:
    issue = Issue("x.md", Kind.MARKDOWN, "x", "Title", "x", lang=lang)
    body = Body("<p>x</p>", "x", (1,), (1,))
    edition = render(issue, body, replace(SURROUNDINGS, erratum=True), [templates_folder()])
    names: Names = {"subscriber": {}, "unsubscribe_url": "https://gazette.example/u/x"}
    subject, html, text = (
        Program(TEXT, tree).fill(names) for tree in (edition.subject, edition.html, edition.text)
    )
    assert re.fullmatch(r"\w+\s?: Title", subject)
    (line,) = lxml.html.document_fromstring(html).cssselect(".erratum")
    sentence = line.text_content().strip()
    assert sentence and text.startswith(sentence[:20])
    assert (lang == "en") == (subject == "Correction: Title") == sentence.startswith("This mail corrects")
