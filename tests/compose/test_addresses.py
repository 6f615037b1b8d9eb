"""Where links lead: in both parts to what was typed, as a browser reads it."""

from __future__ import annotations

import re
from html.entities import html5
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from reference_filling import fill_text
from slow_way import SMALL_LAYOUT, SURROUNDINGS

from mailer.compose.body import write_body
from mailer.compose.html.tokens import decode
from mailer.compose.issue.source import read_issue
from mailer.compose.render import render

# Names that are references without a semicolon too, and so may be found in query strings by mistake.
NAMES = sorted({name.removesuffix(";") for name in html5 if not name.endswith(";")})
FOLLOWED = ("=1", "ion=2", "1=3", ";x", "&x", "")
TYPED = [f"https://pier.example/?a=1&{name}{after}" for name in NAMES for after in FOLLOWED] + [
    "https://pier.example/i.png?param1=a&param2=b&para=c&center=51.09&reg=eu&region=2&times=5&lang=de",
    "https://pier.example/?a=1&amp;b=2",
    "https://pier.example/?a=1&amp;amp;b=2",
    "https://pier.example/?a&#61;1&#x26b",
    "https://pier.example/?&notit;=1&notin;&bogus;&am=p&;",
    "https://pier.example/#!/tide?x=1&y=2",
    "https://日本.example/潮?x=ü",
    "https://pier.example/wiki/Tide_(sea)",
    "https://pier.example/Foo_(bar_(baz))",
    " https://pier.example/before",
    "https://pier.example/after \n",
    "\thttps://pier.example/a b",
    "https://pier.example/a|b^c`d{e}$1!*()~;,'",
    "https://user:pw@pier.example:8443/x;v=1?y=[1]",
    "https://[2001:db8::1]/x",
    "https://pier.example/100%?u=%E6%97%A5&pct=50%25",
    "HTTPS://Pier.example/UP",
    "tel:12345",
    "tel:+4955512345",
    "sms:12345?body=hi",
    "mailto:ed@gazette.example?subject=Hi%20there&body=please%20call",
]
PAGE = "".join(f'<p><a href="{address}">L{number}</a></p>' for number, address in enumerate(TYPED))
BODIES = {
    "fragment.html": PAGE,
    "one.md": PAGE,
    "inline.md": "".join(f'L <a href="{address.strip()}">L{n}</a>\n\n' for n, address in enumerate(TYPED)),
    "whole.html": f"<!doctype html><html><head><title>T</title></head><body>{PAGE}</body></html>",
}
READ = """() => [...document.querySelectorAll('a')].filter(each => /^L\\d/.test(each.textContent)).map(
    each => [each.getAttribute('href'), each.href])"""


def mail(body: str, ending: str, **subscriber: Any) -> tuple[str, str]:
    """Return the HTML and the text that somebody gets."""
    issue, _ = read_issue(f"issues/tide.{ending}", f"---\ntitle: T\n---\n{body}".encode())
    edition = render(issue, write_body(issue), SURROUNDINGS, SMALL_LAYOUT)
    names = {"subscriber": subscriber, "unsubscribe_url": "https://gazette.example/u/1"}
    return fill_text(edition.html, names), fill_text(edition.text, names)


@pytest.fixture(scope="module")
def page(browser: Browser) -> Page:
    return browser.new_context().new_page()


def links(page: Page, html: str) -> tuple[list[str], list[str]]:
    """Return what a browser finds in `href`, and where it would go."""
    page.set_content(html)
    found = page.evaluate(READ)
    return [typed.strip().replace(" ", "%20") for typed, _ in found], [goes for _, goes in found]


@pytest.mark.parametrize("way", BODIES)
def test_links_lead_where_a_browser_would_go_from_what_was_typed(way: str, page: Page):
    typed, goes = links(page, PAGE)
    assert len(typed) == len(TYPED)
    html, text = mail(BODIES[way], way.rpartition(".")[2])
    assert links(page, html) == (typed, goes)
    shown = dict(re.findall(r"^(?:L )?L(\d+)\s<(\S+)>$", text, re.MULTILINE))
    addresses = [shown[str(number)] for number in range(len(TYPED))]
    assert page.evaluate("each => each.map(address => new URL(address).href)", addresses) == goes


def test_references_are_decoded_as_a_browser_decodes_them(page: Page):
    values = [f"&{name}{after}" for name in sorted(html5) for after in ("", "=", "x", ";", " ")]
    values += ["&#38;", "&#38", "&#x41g", "&#0;", "&#x80;", "&#1114112;", "&#xd800;", "&", "&;", "&#;", "&#x"]
    page.set_content("".join(f'<i title="{value}"></i>' for value in values))
    seen = page.evaluate("() => [...document.querySelectorAll('i')].map(each => each.title)")
    assert [decode(value) for value in values] == seen


@pytest.mark.parametrize(
    "address",
    [
        "https://pier.example/Foo_(bar_(baz))",
        "https://pier.example/Foo_(bar_(baz))_x/y?z=(1)",
        "https://pier.example/a_((b))",
        "www.pier.example/a_(b_(c))",
    ],
)
def test_a_bare_address_keeps_its_brackets(address: str):
    whole = address if "://" in address else f"https://{address}"
    for typed in (f"See {address}.", f"(See {address})", f"See {address}, and (that)."):
        html, text = mail(typed, "md")
        assert re.search(f'href="{re.escape(whole)}"[^>]*>{re.escape(address)}</a>', html)
        assert typed in text


def test_a_layouts_own_links_stay_as_they_are_too(tmp_path):
    (tmp_path / "email").mkdir()
    layout = (
        '<html><body>{{ content }}<a href="https://pier.example/ü?a=1&copy=2&section=3">x</a></body></html>'
    )
    (tmp_path / "email" / "own.html").write_text(layout, encoding="utf-8")
    (tmp_path / "email" / "own.txt").write_text("{{ content }}", encoding="utf-8")
    issue, _ = read_issue("issues/tide.md", b"---\ntitle: T\ntemplate: own\n---\nText")
    edition = render(issue, write_body(issue), SURROUNDINGS, [tmp_path])
    assert 'href="https://pier.example/ü?a=1&amp;copy=2&amp;section=3"' in fill_text(edition.html, {})
