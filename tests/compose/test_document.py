"""Whole HTML documents are their own layout: as they are, with what mail must have added."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from reference_filling import fill_text
from slow_way import desk
from whole_mail import DOCUMENT, POSTAL, UNSUBSCRIBE, whole_mail

from mailer.compose.body import write_body
from mailer.compose.document.completing import is_document
from mailer.compose.issue.inherited import in_language
from mailer.compose.issue.source import read_issue
from mailer.errors import IssueError

LEAVE = '<a href="{{ unsubscribe_url }}">Leave</a>'


def page(inside: str, head: str = "<title>T</title>") -> str:
    return f"<!doctype html><html lang=en><head>{head}</head><body>{inside}</body></html>"


def test_all_that_is_not_style_stays_byte_for_byte():
    html = whole_mail().html
    plain = re.sub(r'<style.*?</style>| style="[^"]*"', "", html, flags=re.DOTALL)
    for line in DOCUMENT[DOCUMENT.index("<body") :].split("\n"):
        if "subscriber" not in line and "unsubscribe" not in line and "</body" not in line:
            assert re.sub(r' style="[^"]*"', "", line) in plain
    assert html.startswith(DOCUMENT[: DOCUMENT.index(" xmlns")])
    assert "<!--[if mso]><noscript><xml><o:OfficeDocumentSettings>" in html
    assert "Dear Ada &lt;Quint&gt;, {{ it&#x27;s }} low water &amp; late." in html
    assert "<!-- not for {{ subscriber.name }} to see, nor {{ subscirber }} -->" in html
    assert '<v:roundrect href="https://gazette.example/u/abc?a=1&amp;b=2"><center>' in html
    assert html.rstrip().endswith("</body>\n</html>")


def test_rules_go_into_attributes_and_what_the_document_typed_there_wins():
    html = whole_mail().html
    sizes = "font-family:'Lato', Arial, sans-serif; margin:0; width:50%; padding:4px 8px"
    assert f'<td class="column card" style="{sizes}; padding-top:20px; color:#333333">' in html
    assert f'<td style="{sizes.replace("50%", "90%")}" class="column wide">' in html
    assert '<a style="color:#05a" href="https://gazette.example/?a=1&amp;copy=2">' in html


def test_what_only_a_sheet_can_say_is_kept_in_one_and_still_wins():
    html = whole_mail().html
    sheets = " ".join(" ".join(re.findall(r"<style[^>]*>(.*?)</style>", html, re.DOTALL)).split())
    assert "data-premailer" not in html
    for kept in (
        "@import url(https://fonts.example/css?family=Lato:400,700);",
        '@font-face { font-family: "Lato"; src: url("https://fonts.example/lato.woff2") }',
        "#outlook a { padding: 0 !important }",
        "a:hover { color: #003366",
        "[data-ogsc] .card { color: #eeeeee !important }",
        "u + #body a { color: inherit",
        ".preheader { display: none !important }",
        ".column { width: 100% !important; display: block !important }",
        "@media (prefers-color-scheme: dark) { .card { background: #222222 } }",
    ):
        assert kept in sheets
    assert ".column { width: 50%" not in sheets
    assert "everything at once" not in sheets


def test_what_a_head_lacks_is_added():
    html = whole_mail().html
    assert '<html lang="en" xmlns=' in html
    assert 'content="text/html; charset=utf-8"' in html
    assert html.count("charset") == 1
    assert "<title>The tide</title>" in html
    assert html.count('<meta name="viewport"') == 1
    has_all = page(
        "<p>x</p>", '<meta charset=utf-8><meta name=viewport content="width=600"><title>Own</title>'
    )
    own = whole_mail(has_all).html
    assert own.startswith(has_all.partition("<body>")[0])


@pytest.mark.parametrize(
    "html",
    ["<body class=x><p>x</p></body>", "<!doctype html>\n<p>x</p>", "<html><p>x</p></html>", "<body><p>x</p>"],
)
def test_a_document_of_few_parts_gets_the_rest(html: str):
    written = whole_mail(html).html
    assert re.search(
        r'<html lang="en"><head><meta charset="utf-8"><meta name="viewport"[^>]*><title>', written
    )
    assert written.index("<p") < written.index("mailer-footer") < len(written)
    assert 'class="mailer-footer"' not in written[: written.index("<p")]


def test_a_head_without_tags_ends_before_what_is_seen():
    html = "<!doctype html>\n<title>Own</title><style>p { color: red }</style>\n<p>x</p>"
    written = whole_mail(html, "title: T\ndescription: Low water").html
    head, _, body = written.partition("</head>")
    assert head.count("<title>") == 1
    assert re.match(r'<div style="display:none[^>]*>Low water', body)
    assert "Low water" not in head


def test_a_title_may_hold_a_recipients_value_and_an_empty_one_is_filled():
    named = page("x", "<title>For {{ subscriber.name }}</title>")
    assert "<title>For Ada &lt;Quint&gt;</title>" in whole_mail(named).html
    empty = whole_mail(page("x", "<title></title>"), "title: T\nsubject: For {{ subscriber.name }}").html
    assert "<title>For Ada &lt;Quint&gt;</title>" in empty


def test_a_preheader_is_added_unless_there_is_one():
    front = "title: T\ndescription: Low & late"
    added = whole_mail(page("<p>x</p>"), front)
    assert re.search(
        r'<body><div style="display:none;[^"]*">Low &amp; late(&#847;&zwnj;&nbsp;){60}</div><p', added.html
    )
    assert "Low & late" not in added.text
    assert "Low &amp; late" not in whole_mail(DOCUMENT, front).html
    assert "&#847;" not in whole_mail(page("<p>x</p>")).html


def footer(html: str, **fields: object) -> str:
    found = re.search(r'<div id="mailer-footer".*?</div>', whole_mail(html, **fields).html, re.DOTALL)
    return found.group() if found else ""


@pytest.mark.parametrize(
    ("inside", "link", "address"),
    [
        ("<p>x</p>", True, True),
        (LEAVE, False, True),
        (f"<p>Harbour Gazette<br>1 Quay Street, <b>PORT</b> Example</p>{LEAVE}", False, False),
        ("<p>{{ sender.postal_address }}</p>" + LEAVE, False, False),
        (f"<p>{POSTAL}</p>", True, False),
        ("{% if subscriber.paid %}" + LEAVE + "{% endif %}", True, True),
        (f'<div style="display: none">{LEAVE} {POSTAL}</div>', True, True),
        (f"<!--[if mso]>{LEAVE}<![endif]-->", True, True),
        ("{{ unsubscribe_url }}", True, True),
    ],
)
def test_the_footer_has_what_the_document_lacks(inside: str, link: bool, address: bool):
    mail = whole_mail(page(inside))
    added = footer(page(inside))
    assert ("Unsubscribe</a>" in added, "Weekly" in added) == (link, link)
    assert (POSTAL in added) == address
    assert mail.text.count(POSTAL) <= 1
    assert f"Unsubscribe:\n{UNSUBSCRIBE}" in mail.text if link else f"Leave <{UNSUBSCRIBE}>" in mail.text
    assert mail.html.index("</body>") > mail.html.find(added)


def test_the_footer_speaks_the_documents_language():
    added = footer(page("x").replace("lang=en", "lang=he"))
    assert 'lang="he" dir="rtl"' in added
    assert "להסרה מהרשימה" in added


def test_only_a_document_with_a_dark_side_gets_a_dark_footer():
    style = "<style>@media (prefers-color-scheme: {}) {{ p {{ color: white }} }}</style><title>T</title>"
    assert "* { color: #bbbbbb" in whole_mail(page("x", style.format("dark"))).html
    assert "#bbbbbb" not in whole_mail(page("x", style.format("light"))).html
    assert "mailer-footer" not in whole_mail(page("x")).html.partition("<body>")[0]


def test_the_text_part_is_what_a_reader_sees():
    assert (
        whole_mail().text
        == f"""\
Dear Ada <Quint>, {{{{ it's }}}} low water & late.

Read on <https://gazette.example/?a=1&copy=2>

Thank you.

------------------------------------------------------------------------

You get this mail because you are on the list Weekly.

Unsubscribe:
{UNSUBSCRIBE}

{POSTAL}"""
    )


def test_cells_that_only_keep_a_place_leave_no_gap_in_the_text():
    html = page(
        "<table><tr><td>&nbsp;</td><td>&zwnj;&#847;&shy;</td></tr></table><p>One</p><td>&nbsp;</td><p>Two</p>"
    )
    assert whole_mail(html).text.startswith("One\n\nTwo\n")


@pytest.mark.parametrize("hidden", ["style='display:none'", "class=p", "id=q", "hidden"])
def test_hidden_text_is_not_in_the_text_part(hidden: str):
    style = "<style>.p, #q { display: none }</style><title>T</title>"
    assert "secret" not in whole_mail(page(f"<div {hidden}>secret <b>secret</b></div><p>x</p>", style)).text


def test_lines_of_errors_are_those_of_the_file():
    front = "title: T\nlang: de"
    wrong = DOCUMENT.replace("Thank you.", "Thank you, {{ subscirber.name }}.")
    with pytest.raises(IssueError, match=r"subscirber") as caught:
        whole_mail(wrong, front)
    line = wrong[: wrong.index("subscirber.name }}.")].count("\n") + 5
    assert caught.value.line == line
    with pytest.raises(IssueError, match="can't stand in the attribute class") as caught:
        whole_mail(DOCUMENT.replace('class="card">Thank', 'class="{{ subscriber.name }}">Thank'), front)
    assert caught.value.line == line


def test_recipients_choices_are_held_against_the_documents_styles():
    style = "<style>p + p { color: red }</style><title>T</title>"
    with pytest.raises(IssueError, match="the styles of the mail would depend"):
        whole_mail(page("<div><p>a</p>{% if subscriber.paid %}<b>x</b>{% endif %}<p>b</p></div>", style))


@pytest.mark.parametrize(
    ("html", "whole"),
    [
        ("<!doctype html><p>x", True),
        ("<BODY>x</BODY>", True),
        ("<html\nlang=en>x", True),
        ("<p>the &lt;body&gt;</p>", False),
        ("<!-- <html> --><p>x</p>", False),
        ("<tbody><tr><td>x", False),
    ],
)
def test_what_counts_as_a_whole_document(html: str, whole: bool):
    assert is_document(html) == whole


@pytest.mark.parametrize("near", ["{{ unsubscribe }}", "{{unsubscribe_link}}"])
def test_a_placeholder_that_is_nearly_ours_is_refused(near: str):
    with pytest.raises(IssueError, match="did you mean 'unsubscribe_url'"):
        whole_mail(page(f"<a href='{near}'>x</a>"))


def test_what_only_outlook_hides_is_read_by_everybody_else():
    shop = '<a href="https://x.example/shop" style="mso-hide:all">Show me</a>'
    assert "Show me <https://x.example/shop>" in whole_mail(page(shop)).text


@pytest.mark.parametrize(
    ("inside", "text"),
    [
        ('<ul><li style="display:none">gone<li>visible</ul><p>End</p>', "- visible\n\nEnd"),
        (
            '<p style="display:none">gone<p>Hello <a href="https://a.example">a</a></p>',
            "Hello a <https://a.example>",
        ),
        (
            '<div><span style="display:none">gone</div><p>Rest <a href="https://b.example">b</a></p>',
            "Rest b <https://b.example>",
        ),
        ('<div style="display:none"><div>gone</div>gone</div></p>Rest', "Rest"),
        ('<table><tr><td style="display:none">gone<td>Rest</table>', "Rest"),
    ],
)
def test_a_hidden_element_ends_where_a_browser_ends_it(inside: str, text: str):
    mail = whole_mail(page(inside))
    assert "gone" not in mail.text
    assert text in mail.text


@pytest.mark.parametrize("ending", ["html", "md"])
@pytest.mark.parametrize(
    "typed",
    [
        "<p>One <!-- <p>Two",
        '<p>One <a href="https://pier.example/x>there</a>\n\n<b>Two</b></p>',
        '<p>One <a href="https://pier.example/x>there</a>\n\n<a href="https://pier.example/y">Two</a></p>',
        "<p>One <![CDATA[ x > y ]]> Two",
        "<p>One </ p> Two",
    ],
)
def test_what_never_ends_swallows_nothing(typed: str, ending: str):
    for body in (typed, f"<html><body>{typed}</body></html>"):
        issue, _ = read_issue(f"issues/tide.{ending}", f"---\ntitle: T\n---\n{body}".encode())
        written = write_body(issue)
        for part in (written.html, written.text):
            assert "One" in part
            assert "Two" in part
            assert "x>there" not in part


@pytest.mark.parametrize(
    ("root", "wanted"),
    [
        ("<html><body>", ' lang="he" dir="rtl"><body dir="rtl">'),
        ('<html lang="he"><body class="x">', ' dir="rtl" lang="he"><body dir="rtl" class="x">'),
        ("<body>", ' lang="he" dir="rtl"><body dir="rtl">'),
        # It says itself which way its text runs, if only somewhere.
        ('<html dir="rtl"><body>', ' lang="he" dir="rtl"><body>'),
        ('<html><body style="direction: rtl">', ' lang="he"><body style="direction: rtl">'),
        ("<html><style>td { direction:rtl }</style><body>", ' lang="he"><body>'),
    ],
)
def test_a_document_in_hebrew_runs_from_right_to_left(root: str, wanted: str) -> None:
    html = f"<!doctype html>{root}<p>המעבורת</p></body></html>"
    source = write_body(in_language(read_issue("x.html", html.encode())[0], "en")).html
    shown = re.sub(r"(?s)<head>.*</head>|<style>.*</style>", "", source)
    assert f"<html{wanted}" in shown
    assert "dir=" not in write_body(in_language(read_issue("x.html", b"<html><body><p>Tide")[0], "en")).html


def outlooks(html: str) -> str:
    """Return the style sheets that are for Outlook alone."""
    return " ".join(re.findall(r"<!--\[if mso\]><style>(.*?)</style><!\[endif\]-->", html, re.DOTALL))


def test_styles_that_only_a_conditional_comment_uses_are_kept_for_outlook():
    html = page(
        '<p class="all">x</p>'
        '<!--[if mso]><table id="ghost"><tr><td class="cell all">y</td></tr></table><![endif]-->',
        "<title>T</title><style>.cell { padding: 12px } td.cell { color: red } #ghost, .none { width: 9px }"
        " td { margin: 0 } .none { top: 0 } .all:hover { color: blue } p.all { color: green }"
        " .wrap > td { left: 0 } th { right: 0 } .all { color: #222 }</style>",
    )
    mail = whole_mail(html).html
    assert outlooks(mail) == (
        ".cell { padding: 12px } td.cell { color: red } #ghost { width: 9px } td { margin: 0 }"
        " .wrap > td { left: 0 } .all { color: #222 }"
    )
    assert mail.index("[if mso]><style>") < mail.index("</head>")
    assert outlooks(whole_mail(page("<p>x</p>", "<style>td { margin: 0 }</style>")).html) == ""


def test_a_layouts_are_too_by_class(tmp_path: Path):
    comment = '<!--[if mso]><p class="ghost">x</p><![endif]-->'
    mail = desk(tmp_path, f"{{{{ content }}}}{comment}", css=".ghost { color: red } p { margin: 0 }")
    assert outlooks(fill_text(mail.edition().html, {})) == ".ghost { color: red }"
