"""What the default layout's mail says to a parser: order, sizes, escapes, what may be absent."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import lxml.html
import pytest
from written_mail import POSTAL, UNSUBSCRIBE, Mail, write_mail

from mailer.compose.text.wrapping import display_width
from mailer.workspace.bundled import sample, templates_folder

GMAIL_CLIPS_AT = 102_400
STYLE_LIMIT = 16_384
COLUMNS = 78
NAMES = ["sample", "everything", "text", "he", "ar", "ja"]

SPARE = """---
title: {title}
{more}---

Only this.
"""


def written(folder: Path, title: str, more: str = "") -> Mail:
    path = folder / "spare.md"
    path.write_text(SPARE.format(title=title, more=more), encoding="utf-8")
    return write_mail(path)


def document(mail: Mail) -> lxml.html.HtmlElement:
    return lxml.html.document_fromstring(mail.html)


@pytest.mark.parametrize("name", NAMES)
def test_gmail_neither_clips_the_mail_nor_drops_its_style(mails: dict[str, Mail], name: str) -> None:
    assert len(mails[name].html.encode()) <= GMAIL_CLIPS_AT
    assert 0 < len(mails[name].kept_style.encode()) <= STYLE_LIMIT


@pytest.mark.parametrize("name", NAMES)
def test_the_frame_of_the_document(mails: dict[str, Mail], name: str) -> None:
    mail, page = mails[name], document(mails[name])
    assert mail.html.lower().startswith("<!doctype html>")
    assert mail.html.lower().count("<!doctype") == 1
    language, direction = (name, "rtl") if name in ("he", "ar") else (name if name == "ja" else "en", "ltr")
    (wrapper,) = page.cssselect("[role=article]")
    for element in (page, wrapper):
        assert (element.get("lang"), element.get("dir")) == (language, direction)
    metas = {meta.get("name"): meta.get("content") for meta in page.cssselect("meta[name]")}
    assert metas["viewport"] == "width=device-width, initial-scale=1"
    assert metas["color-scheme"] == metas["supported-color-schemes"] == "light dark"
    assert "x-apple-disable-message-reformatting" in metas
    assert page.cssselect("meta[charset=utf-8]")
    assert ":root { color-scheme: light dark" in mail.kept_style


def test_the_title_is_the_subject(sample_mail: Mail) -> None:
    assert document(sample_mail).findtext("head/title") == "The harbour clock is going again"


@pytest.mark.parametrize("name", ["sample", "everything", "he", "ja"])
def test_one_headline_and_headings_in_order(mails: dict[str, Mail], name: str) -> None:
    ranks = [int(heading.tag[1]) for heading in document(mails[name]).cssselect("h1, h2, h3, h4, h5, h6")]
    assert ranks.count(1) == 1
    assert ranks[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(ranks))


@pytest.mark.parametrize("name", NAMES)
def test_no_important_and_no_class_needed_inline(mails: dict[str, Mail], name: str) -> None:
    for element in document(mails[name]).cssselect("[style]"):
        assert "!important" not in element.get("style", "")


@pytest.mark.parametrize("name", NAMES)
def test_layout_tables_say_so_and_data_tables_do_not(mails: dict[str, Mail], name: str) -> None:
    for table in document(mails[name]).cssselect("table"):
        if table.get("role") is None:
            assert table.xpath("ancestor::*[@class='content']")
            assert table.cssselect("th")
        else:
            assert table.get("role") == "presentation"
            assert (table.get("cellpadding"), table.get("cellspacing"), table.get("border")) == (
                "0",
                "0",
                "0",
            )


def test_outlook_gets_a_column_of_its_own(sample_mail: Mail) -> None:
    opening, closing = re.findall(r"<!--\[if mso\]>(<table.*?|</td.*?)<!\[endif\]-->", sample_mail.html)
    assert 'width="640"' in opening
    assert closing == "</td></tr></table>"


def test_the_inlined_style_is_simple_enough_to_inline_alike_for_everyone() -> None:
    source = (templates_folder() / "email" / "partials" / "inlined.css").read_text(encoding="utf-8")
    source = re.sub(r"\{[#%].*?[#%]\}|\{\{.*?\}\}", "", source, flags=re.DOTALL)
    selectors = [each.strip() for head in re.findall(r"([^{}]+)\{", source) for each in head.split(",")]
    assert len(selectors) > 30
    for selector in selectors:
        assert re.fullmatch(r"\.[a-z]+( \.?[a-z-]+[0-9]?)*", selector), selector
    assert "!important" not in source
    assert "@" not in source


def test_the_preheader_comes_first_hidden_and_padded(sample_mail: Mail) -> None:
    page = document(sample_mail)
    first = page.body[0]
    text = first.text_content()
    assert text.startswith("Ten months after the gale, a ferry engineer and six volunteers set it right.")
    assert "display:none" in first.get("style", "").replace(" ", "")
    assert len(text) >= 200
    assert 40 <= len(re.sub(r"[\u034f\u200c\u00a0 ]+$", "", text)) <= 130
    assert "Ten months after the gale, a ferry" not in sample_mail.text


def test_without_a_description_the_standfirst_is_the_preheader(tmp_path: Path) -> None:
    mail = written(tmp_path, "Spare", "standfirst: What it says first\n")
    assert document(mail).body[0].text_content().startswith("What it says first")


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("en-GB", "Sunday, 22 November 2026"),
        ("en-US", "Sunday, November 22, 2026"),
        ("de", "Sonntag, 22. November 2026"),
        ("he", "יום ראשון, 22 בנובמבר 2026"),
        ("tlh", "2026-11-22"),
    ],
)
def test_the_date_as_a_newspaper_sets_it(tmp_path: Path, language: str, shown: str) -> None:
    mail = written(tmp_path, "x", f"lang: {language}\ndate: 2026-11-22\n")
    assert document(mail).cssselect(".folio")[0].text_content() == shown
    assert f"\n{shown}\n" in mail.text


def test_an_issue_with_a_title_and_no_more(tmp_path: Path) -> None:
    mail = written(tmp_path, "Spare")
    page = document(mail)
    classes = {name for element in page.cssselect("[class]") for name in element.get("class", "").split()}
    optional = {"preheader", "folio", "epigraph", "source", "kicker", "standfirst", "byline"}
    assert not classes & optional
    empty = [element for element in page.cssselect("p, h1, div") if not element.text_content().strip()]
    assert not empty
    assert "None" not in mail.text
    assert "\n\n\n" not in mail.text
    assert [line for line in mail.text.splitlines() if line.strip("=- ")][:3] == [
        "Harbour Gazette",
        "Spare",
        "Only this.",
    ]


def test_what_an_editor_types_is_text_not_markup(tmp_path: Path) -> None:
    typed = """<b>Fish & "chips"</b> – it's 5…. {% raw %} '' &amp; {# no #}"""
    fields = "".join(
        f"{name}: |-\n  {typed}\n" for name in ("kicker", "standfirst", "byline", "description", "subject")
    )
    mail = written(
        tmp_path, f"|-\n  {typed}", f"{fields}epigraph:\n  text: |-\n    {typed}\n  source: |-\n    {typed}\n"
    )
    page = document(mail)
    shown = [
        page.cssselect(f".{name}")[0] for name in ("headline", "kicker", "standfirst", "byline", "source")
    ]
    assert [element.text_content().removeprefix("— ") for element in shown] == [typed] * 5
    assert page.findtext("head/title") == typed
    assert mail.text.count(typed) == 6
    assert "<b>" not in mail.html.lower().replace("<b>weekly</b>", "")


def test_the_title_stays_where_a_text_issue_has_it(mails: dict[str, Mail]) -> None:
    assert document(mails["text"]).body.text_content().count("THE HARBOUR") == 1
    assert mails["text"].text.count("THE HARBOUR") == 1


@pytest.mark.parametrize("name", NAMES)
def test_both_parts_say_how_to_stop_and_where_it_comes_from(mails: dict[str, Mail], name: str) -> None:
    mail = mails[name]
    assert document(mail).cssselect(f'.footer a[href="{UNSUBSCRIBE}"]')
    for part in (mail.html, " ".join(mail.text.split())):
        assert POSTAL in part
        assert "Weekly" in part
    assert f"\n{UNSUBSCRIBE}\n" in mail.text


def test_the_footer_speaks_the_language_of_the_issue(mails: dict[str, Mail], tmp_path: Path) -> None:
    assert "הסרה" in document(mails["he"]).cssselect(".footer a")[0].text_content()
    austrian = written(tmp_path, "Ebbe", "lang: de-AT\n")
    assert "Abmelden" in austrian.html
    assert "Abmelden" in austrian.text
    assert "Unsubscribe" in written(tmp_path, "Lágvatn", "lang: fo\n").html


def test_params_set_the_masthead_and_the_dateline(tmp_path: Path) -> None:
    mail = written(
        tmp_path, "x", "date: 2026-11-22\nparams:\n  masthead: The <Quay>\n  dateline: Martinmas\n"
    )
    shown = [document(mail).cssselect(f".{name}")[0].text_content() for name in ("nameplate", "folio")]
    assert shown == ["The <Quay>", "Martinmas"]
    assert mail.text.startswith("The <Quay>\nMartinmas\n")


@pytest.mark.parametrize(
    ("language", "direction"),
    [
        ("en-GB", "ltr"),
        ("ar-EG", "rtl"),
        ("ur-Latn", "ltr"),
        ("pa-Arab", "rtl"),
        ("fa-IR", "rtl"),
        ("yi", "rtl"),
    ],
)
def test_the_direction_goes_by_language_and_script(tmp_path: Path, language: str, direction: str) -> None:
    assert document(written(tmp_path, "x", f"lang: {language}\n")).get("dir") == direction


# Not the text issue: its lines stay as they were typed.
@pytest.mark.parametrize("name", ["sample", "everything", "he", "ar", "ja"])
def test_the_text_part_fits_a_terminal(mails: dict[str, Mail], name: str) -> None:
    unbreakable = re.compile(r"://|verylongword|a line of code")
    for line in mails[name].text.splitlines():
        assert display_width(line) <= COLUMNS or unbreakable.search(line), line


@pytest.mark.parametrize("name", NAMES)
def test_the_text_part_is_clean(mails: dict[str, Mail], name: str) -> None:
    text = mails[name].text
    assert all(line == line.rstrip() for line in text.splitlines())
    assert "\n\n\n" not in text
    assert not re.search(r"&[a-z]+;|</?(p|div|table|br)\b", text)


@pytest.mark.parametrize("name", ["sample", "everything"])
def test_both_parts_have_the_same_links(mails: dict[str, Mail], name: str) -> None:
    links = {anchor.get("href") for anchor in document(mails[name]).cssselect("a[href^=http]")}
    assert links
    assert {link for link in links if link not in mails[name].text} == set()


def test_the_title_may_greet_each_reader(tmp_path: Path) -> None:
    mail = written(tmp_path, "x", "subject: Good morning, {{ subscriber.name }}\n")
    assert document(mail).findtext("head/title") == "Good morning, Ada Quint"


def test_a_workspace_replaces_one_partial_and_keeps_the_rest(tmp_path: Path) -> None:
    partials = tmp_path / "templates" / "email" / "partials"
    partials.mkdir(parents=True)
    (partials / "ending.html").write_text('<p class="ending">The end</p>\n', encoding="utf-8")
    mail = write_mail(sample("harbour.md"), tmp_path / "templates")
    page = document(mail)
    assert page.cssselect(".ending")[0].text_content() == "The end"
    assert "color" in page.cssselect(".ending")[0].get("style", "")
    assert page.cssselect(".footer a")


def test_a_workspace_adds_a_layout_on_the_bundled_frame(tmp_path: Path) -> None:
    folder = tmp_path / "templates" / "email"
    folder.mkdir(parents=True)
    layout = '{% extends "email/base.html" %}{% block article %}<h1>Notice</h1>{{ content }}{% endblock %}'
    (folder / "notice.html").write_text(layout, encoding="utf-8")
    (folder / "notice.txt").write_text("NOTICE\n{{ content }}\n{{ unsubscribe_url }}\n", encoding="utf-8")
    path = tmp_path / "notice.md"
    path.write_text(SPARE.format(title="x", more="template: notice\n"), encoding="utf-8")
    mail = write_mail(path, tmp_path / "templates")
    assert [h1.text_content() for h1 in document(mail).cssselect("h1")] == ["Notice"]
    assert document(mail).cssselect(".footer a")
    assert mail.text.startswith("NOTICE\nOnly this.")
