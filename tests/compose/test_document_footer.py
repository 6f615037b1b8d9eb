"""The footer that a whole document gets can be seen, whatever the document's own styles say of everything."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from whole_mail import POSTAL, UNSUBSCRIBE, whole_mail

from mailer.compose.css.colour import read_colour

HOSTILE = [
    "{hide}{display:none}",
    "{hide}{display:none !important}",
    "{hide}{visibility:hidden !important}",
    "{hide}{opacity:0 !important}",
    "{hide}{font-size:0 !important;line-height:0}",
    "{hide}{color:#fff !important}",
    "{hide}{color:#f6f6f6}",
    "{hide}{position:absolute !important;left:-9999px !important}",
    "{hide}{text-indent:-9999px !important}",
    "{hide}{height:0 !important;max-height:0 !important;overflow:hidden !important}",
    "{hide}{width:0 !important;max-width:0 !important;overflow:hidden !important}",
    "{hide}{transform:scale(0) !important}",
    "{hide}{scale:0 !important}",
    "{hide}{mask:linear-gradient(transparent,transparent) !important}",
    "{hide}{font:0/0 a !important}",
    "{hide}{clip-path:inset(50%) !important}",
    "{hide}{filter:opacity(0) !important}",
    "{hide}{background:#555 !important}",
    "{hide}{-webkit-text-fill-color:transparent !important}",
    "{hide}{margin-left:-9999px !important}",
    "{hide}{zoom:0.01 !important}",
    "{hide}{letter-spacing:-20px !important}",
    "{hide}{content-visibility:hidden !important}",
    "{hide}{mix-blend-mode:lighten !important}",
    "{hide}{transition:none;animation:gone 1s forwards !important} @keyframes gone{to{opacity:0}}",
    "@media (min-width:1px){ {hide}{display:none !important} }",
    "@media screen{ {hide}{color:#f6f6f6 !important} }",
    "body {hide}{display:none !important}",
]
LINKS = ["Unsubscribe", "Your preferences", "View in browser"]
ELEMENTS = ["a", "p", "td", "tr", "table", "div", "body *", "a:link", "a[href]", "html a", ".x, a"]
# What does this to all elements does it to the body, and so to whatever is in it.
HIDES_ALL = re.compile("display|opacity|left|overflow|scale|clip|mask|zoom|visibility")
SEEN = """() => {
    const found = [];
    for (const each of document.querySelectorAll('#mailer-footer a, #mailer-footer p:last-child')) {
        const box = each.getBoundingClientRect(), style = getComputedStyle(each);
        const ground = getComputedStyle(document.getElementById('mailer-footer')).backgroundColor;
        const range = document.createRange();
        range.selectNodeContents(each);
        const text = range.getBoundingClientRect();
        const at = document.elementFromPoint(text.x + text.width / 2, text.y + text.height / 2);
        found.push({
            words: each.innerText.trim(), width: text.width, height: text.height, left: text.x,
            size: style.fontSize, filled: style.webkitTextFillColor, ground,
            shown: each.checkVisibility({opacityProperty: true, visibilityProperty: true,
                contentVisibilityAuto: true}) && !!at
                && (each === at || each.contains(at) || at.contains(each)),
        });
    }
    return found; }"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Page:
    return browser.new_context(viewport={"width": 600, "height": 800}).new_page()


def seen(page: Page, css: str) -> list[dict[str, Any]]:
    """Return how the links and the address look below a document with this style sheet."""
    html = f"<!doctype html><html><head><style>{css}</style></head><body><i>x</i></body></html>"
    page.set_content(whole_mail(html).html)
    found: list[dict[str, Any]] = page.evaluate(SEEN)
    return found


@pytest.mark.parametrize("rule", HOSTILE)
def test_no_style_of_the_document_hides_it(rule: str, page: Page):
    hidden = {}
    for element in [*ELEMENTS, *([] if HIDES_ALL.search(rule) else ["*"])]:
        css = rule.replace("{hide}", element)
        shown = seen(page, css)
        assert [each["words"] for each in shown] == [*LINKS, POSTAL]
        for each in shown:
            ink, ground = read_colour(each["filled"]), read_colour(each["ground"])
            assert ink
            assert ground
            large = each["width"] > 40 and each["height"] > 8 and each["size"] == "14px" and each["left"] >= 0
            if not (each["shown"] and large and ink.contrast(ground) >= 4.5):
                hidden[css] = each
    assert hidden == {}


def test_it_stays_as_it_is_where_nothing_is_against_it(page: Page):
    plain = seen(page, "i{color:red}")
    assert plain == seen(page, "@media print{i{color:red}}")
    assert [each["size"] for each in plain] == ["14px"] * (len(LINKS) + 1)


def test_a_document_with_a_link_of_its_own_gets_no_second():
    for link in (
        '<a href="{{ unsubscribe_url }}">Leave</a>',
        '<a href="%7B%7Bunsubscribe_url%7D%7D">Leave</a>',
        '<map><area href="{{ unsubscribe_url }}" alt="Leave"></map>',
        '<a href=" {{ unsubscribe_url }} "><img src="https://pier.example/x.png" alt="Leave"></a>',
    ):
        mail = whole_mail(f"<html><body>{link}</body></html>")
        assert mail.html.count(UNSUBSCRIBE.replace("&", "&amp;")) == 1
        assert mail.text.count(UNSUBSCRIBE) == 1
