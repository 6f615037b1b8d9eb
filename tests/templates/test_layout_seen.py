"""What the default layout's mail looks like in a browser, at every width and in any light."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser
from seen import ENOUGH_CONTRAST, SEEN_TEXT, opened
from written_mail import DATA, POSTAL, UNSUBSCRIBE, WIDTHS, Mail

NAMES = ["sample", "everything", "text", "he", "ar", "ja"]
SOME = ["sample", "everything", "he"]


@pytest.mark.parametrize("stripped", [False, True], ids=["styled", "stripped"])
@pytest.mark.parametrize("name", NAMES)
def test_nothing_scrolls_sideways(
    browser: Browser, mails: dict[str, Mail], name: str, stripped: bool
) -> None:
    with opened(browser, mails[name].stripped if stripped else mails[name].html) as page:
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, width
            # Scrolling also happens to the left, where a page from right to left overflows.
            page.evaluate("scrollTo(-1000, 0)")
            assert page.evaluate("scrollX") == 0, width


@pytest.mark.parametrize("stripped", [False, True], ids=["styled", "stripped"])
def test_the_sample_shows_its_table_whole_on_the_smallest_phone(
    browser: Browser, sample_mail: Mail, stripped: bool
) -> None:
    with opened(browser, sample_mail.stripped if stripped else sample_mail.html, 320) as page:
        inside = page.evaluate(
            "[...document.querySelectorAll('.content')].every(e => e.scrollWidth <= e.clientWidth)"
        )
        assert inside


@pytest.mark.parametrize("light", ["light", "dark", "stripped light", "stripped dark", "outlook dark"])
@pytest.mark.parametrize("name", SOME)
def test_every_word_stands_out(browser: Browser, mails: dict[str, Mail], name: str, light: str) -> None:
    html = mails[name].stripped if "stripped" in light else mails[name].html
    scheme = "light" if light == "outlook dark" else light.split()[-1]
    with opened(browser, html, scheme=scheme) as page:
        if light == "outlook dark":
            # Outlook.com darkens by marking an ancestor and rewriting colours; only our twins are tried here.
            page.evaluate(
                "for (const a of ['data-ogsc', 'data-ogsb']) document.documentElement.setAttribute(a, '')"
            )
        runs = page.evaluate(SEEN_TEXT)
        ground = page.evaluate("getComputedStyle(document.querySelector('.sheet')).backgroundColor")
    assert len(runs) > 10
    assert [run for run in runs if run["contrast"] < ENOUGH_CONTRAST] == []
    assert ground == ("rgb(31, 29, 26)" if light in ("dark", "outlook dark") else "rgb(255, 253, 248)")


@pytest.mark.parametrize("name", SOME)
def test_text_is_large_enough_to_read_on_a_phone(browser: Browser, mails: dict[str, Mail], name: str) -> None:
    with opened(browser, mails[name].html) as page:
        runs = page.evaluate(SEEN_TEXT)
    assert [run for run in runs if run["size"] < (16 if run["body"] else 14)] == []


@pytest.mark.parametrize("stripped", [False, True], ids=["styled", "stripped"])
@pytest.mark.parametrize("name", SOME)
def test_the_way_out_and_the_address_are_in_sight(
    browser: Browser, mails: dict[str, Mail], name: str, stripped: bool
) -> None:
    with opened(browser, mails[name].stripped if stripped else mails[name].html) as page:
        for link in page.locator(".footer a").all():
            assert link.is_visible()
            assert link.bounding_box()["height"] >= 44  # as high as a finger is wide
        assert page.locator(".footer a").first.get_attribute("href") == UNSUBSCRIBE
        assert page.get_by_text(POSTAL).is_visible()


@pytest.mark.parametrize("stripped", [False, True], ids=["styled", "stripped"])
def test_the_preheader_is_out_of_sight(browser: Browser, sample_mail: Mail, stripped: bool) -> None:
    with opened(browser, sample_mail.stripped if stripped else sample_mail.html) as page:
        assert not page.locator(".preheader").is_visible()
        assert page.locator(".preheader").count() == 1


@pytest.mark.parametrize("name", ["he", "ar"])
def test_right_to_left_mail_starts_at_the_right(browser: Browser, mails: dict[str, Mail], name: str) -> None:
    with opened(browser, mails[name].html) as page:
        styles = page.evaluate(
            """() => ['.headline', '.content p', '.content li', '.content th:nth-child(4)']
                 .map(s => getComputedStyle(document.querySelector(s)))
                 .map(s => [s.direction, s.textAlign])"""
        )
        code = page.evaluate("getComputedStyle(document.querySelector('.content pre')).direction")
        quote = page.evaluate(
            """() => { const s = getComputedStyle(document.querySelector('.content blockquote'));
                       return [s.borderRightWidth, s.borderLeftWidth, s.fontStyle] }"""
        )
    assert {direction for direction, _ in styles} == {"rtl"}
    assert {side for _, side in styles} <= {"right", "start"}
    assert code == "ltr"
    assert quote == ["3px", "0px", "normal"]


def test_a_wide_screen_gets_a_column_not_a_line_of_its_own_width(browser: Browser, sample_mail: Mail) -> None:
    for html in (sample_mail.html, sample_mail.stripped):
        with opened(browser, html, 1280) as page:
            box = page.locator(".sheet").bounding_box()
        assert box
        assert box["width"] == 640
        assert box["x"] == (1280 - 640) / 2


def test_a_picture_that_is_not_loaded_still_says_what_it_shows(
    browser: Browser, mails: dict[str, Mail]
) -> None:
    with opened(browser, mails["everything"].html, 320) as page:
        boxes = page.evaluate(
            """() => [...document.querySelectorAll('.content img')].map(e => {
                 const box = e.getBoundingClientRect(); return [e.alt, box.width, box.height] })"""
        )
    assert [alt for alt, _, _ in boxes] == [
        "A drawing of the ice house, seen from the quay at low tide",
        "Boats at anchor",
    ]
    assert all(0 < width <= 272 and height > 15 for _, width, height in boxes)


def test_every_character_of_a_text_issue_arrives(browser: Browser, mails: dict[str, Mail]) -> None:
    typed = (DATA / "gazette.txt").read_text(encoding="utf-8")
    with opened(browser, mails["text"].html, 800) as page:
        shown = " ".join(page.locator(".content").inner_text().split())
    assert shown == " ".join(typed.split())
    assert " ".join(typed.split()) in " ".join(mails["text"].text.split())
