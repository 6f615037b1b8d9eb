"""The page of `mailer preview --serve` in a real browser."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from harbour_issue import HARBOUR, PEOPLE, add_people, previewing
from playwright.sync_api import Browser, Locator, Page, expect

from mailer.bootstrap import App

ISSUE = "2026-11-22-harbour.md"
LONG = "2026-11-20-long.md"
HEBREW = "2026-11-15-hebrew.md"
BROKEN = "2026-11-08-broken.md"
ISSUES = {
    ISSUE: HARBOUR + "\nLow water at six, high water at noon. [Tides](https://gazette.example/tides)\n" * 40,
    LONG: HARBOUR.replace("The clock", "A long issue: the clock") + "\nLow water at six. " * 9_000,
    HEBREW: HARBOUR.replace("The clock is going again", "שעון הנמל שוב מתקתק")
    .replace("list:", "lang: he\nlist:")
    .replace("The clock on the ice house is going again.", "ביום רביעי בצהריים עמדו כמאתיים איש על הרציף."),
    BROKEN: HARBOUR.replace("subscriber.name", "subscirber.name"),
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("workspace")
    (root / "issues").mkdir()
    (root / ".env").write_text("POSTAL_ADDRESS=1 Quay Street, Port Example\nSECRET_KEY=not-so-secret\n")
    app = App(root, {})
    add_people(app, PEOPLE)
    app.database.dispose()
    return root


@pytest.fixture(scope="module")
def url(root: Path) -> Iterator[str]:
    rewrite(root)
    with previewing(root, "harbour") as (url, _):
        yield url


@pytest.fixture
def page(browser: Browser, root: Path, url: str) -> Iterator[Page]:
    rewrite(root)
    with browser.new_context(base_url=url, viewport={"width": 1440, "height": 900}) as context:
        opened = context.new_page()
        errors: list[str] = []
        opened.on("pageerror", lambda error: errors.append(str(error)))
        yield opened
        assert errors == []


def rewrite(root: Path, **texts: str) -> None:
    for name, text in {**ISSUES, **texts}.items():
        file = root / "issues" / name
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")


def ready(page: Page, path: str = "/") -> None:
    page.goto(path)
    if not page.locator("#live").count():
        return
    page.wait_for_function("document.body.classList.contains('scripted')")
    if page.locator("iframe").count():
        expect(mail(page).locator("body")).to_be_visible()


def mail(page: Page) -> Locator:
    return page.frame_locator("#live:not(.entering) iframe").locator("html")


def current(page: Page) -> Locator:
    return page.locator("#live:not(.entering) .tabs [aria-current]")


def scrolled(page: Page) -> float:
    place: float = page.evaluate("document.querySelector('#live iframe').contentWindow.scrollY")
    return place


def test_what_is_saved_is_shown_and_the_place_is_kept(page: Page, root: Path) -> None:
    ready(page)
    page.evaluate("document.querySelector('iframe').contentWindow.scrollTo(0, 700)")
    rewrite(root, **{ISSUE: ISSUES[ISSUE].replace("Good morning", "Good evening")})
    expect(mail(page)).to_contain_text("Good evening, Ada Quint")
    expect(page.locator("iframe")).to_have_count(1)
    expect(page.locator("#status")).to_contain_text("Renewed")
    assert scrolled(page) == 700


def test_a_template_and_a_setting_are_followed_too(page: Page, root: Path) -> None:
    ready(page, "/?view=text")
    (root / "templates" / "email").mkdir(parents=True)
    template = root / "templates" / "email" / "newsletter.txt"
    template.write_text("MINE\n\n{{ content }}{{ sender.postal_address }}\n{{ unsubscribe_url }}\n")
    expect(page.locator("pre")).to_contain_text("MINE")
    settings = root / ".env"
    was = settings.read_text()
    settings.write_text(was.replace("1 Quay Street", "2 Mole Street"))
    expect(page.locator("pre")).to_contain_text("2 Mole Street")
    settings.write_text(was)
    template.unlink()
    expect(page.locator("pre")).not_to_contain_text("MINE")


def test_a_broken_issue_says_where_and_recovers_by_itself(page: Page, root: Path) -> None:
    ready(page)
    rewrite(root, **{ISSUE: ISSUES[ISSUE].replace("subscriber.name", "subscirber.name")})
    expect(page.get_by_role("heading", level=1, name="It can’t be rendered")).to_be_visible()
    expect(page.locator(".where")).to_have_text(f"issues/{ISSUE}, line 7")
    expect(page.locator(".file .at")).to_contain_text("{{ subscirber.name")
    expect(page.locator("#status")).to_have_text("It can’t be rendered")
    rewrite(root)
    expect(mail(page)).to_contain_text("Good morning, Ada Quint")
    expect(page.locator("#status")).to_contain_text("Renewed")


def test_keys_choose_the_view_and_the_look(page: Page) -> None:
    ready(page)
    for key, name in enumerate(("Mail", "Text", "HTML", "Source", "Headers", "Issue"), start=1):
        page.keyboard.press(str(key))
        expect(current(page)).to_have_text(name)
    page.keyboard.press("1")
    expect(page.locator("iframe")).to_have_count(1)
    page.keyboard.press("w")
    expect(page.locator(".stage.phone")).to_be_visible()
    expect(page.locator(".entering")).to_have_count(0)
    expect(page.locator("iframe")).to_have_css("width", "375px")
    page.keyboard.press("c")
    expect(page.locator(".stage.phone.dark")).to_be_visible()
    expect(page.locator(".entering")).to_have_count(0)
    page.keyboard.press("s")
    expect(page.get_by_role("link", name="Stripped")).to_have_attribute("aria-current", "true")
    expect(mail(page).locator("style")).to_have_count(0)
    page.keyboard.press("i")
    expect(page.get_by_role("link", name="All")).to_have_attribute("aria-current", "true")
    page.keyboard.press("i")
    expect(page.get_by_role("link", name="Off")).to_have_attribute("aria-current", "true")
    page.go_back()
    expect(page.get_by_role("link", name="All")).to_have_attribute("aria-current", "true")


def test_keys_that_follow_each_other_at_once_all_count(page: Page) -> None:
    ready(page)
    for key in "wcs":
        page.keyboard.press(key)
    expect(page.locator(".stage.phone.dark")).to_be_visible()
    expect(page.get_by_role("link", name="Stripped")).to_have_attribute("aria-current", "true")


def test_keys_go_on_working_inside_of_the_mail(page: Page) -> None:
    ready(page)
    mail(page).locator("h1").first.click()
    page.keyboard.press("2")
    expect(current(page)).to_have_text("Text")


def test_each_group_is_one_stop_and_arrows_move_in_it(page: Page) -> None:
    ready(page)
    current(page).focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(":focus")).to_have_text("Text")
    expect(page.locator(":focus")).to_have_css("outline-width", "3px")  # the focus can be seen
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(":focus")).to_have_text("Issue")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Desktop")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator(".stage.phone")).to_be_visible()
    expect(page.locator(":focus")).to_have_text("Phone")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Light")


def test_somebody_else_is_found_by_typing(page: Page) -> None:
    ready(page)
    page.keyboard.press("/")
    field = page.get_by_role("combobox", name="As")
    expect(field).to_be_focused()
    expect(page.get_by_role("listbox").get_by_role("option")).to_have_count(5)
    page.keyboard.type("bru")
    expect(page.get_by_role("listbox").get_by_role("option")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("listbox").get_by_role("option", selected=True)).to_contain_text("Bruno Cove")
    assert field.get_attribute("aria-activedescendant") == page.get_by_role("listbox").get_by_role(
        "option"
    ).get_attribute("id")
    page.keyboard.press("Enter")
    expect(mail(page)).to_contain_text("Good morning, Bruno Cove")
    expect(page).to_have_url(re.compile(r"reader=bruno%40quay\.example"))
    page.keyboard.press("Escape")
    expect(field).not_to_be_focused()
    field.fill("new@shore.example")
    expect(page.get_by_role("listbox").get_by_role("option")).to_have_count(1)
    expect(page.get_by_role("listbox").get_by_role("option")).to_contain_text("not a subscriber")
    page.keyboard.press("Enter")
    expect(page.locator("#live:not(.entering) .head")).to_contain_text("new@shore.example")
    field.click()
    page.get_by_role("listbox").get_by_role("option", name=re.compile("Nobody")).click()
    expect(mail(page)).to_contain_text("Good morning, reader")


def test_another_issue_is_chosen_and_begins_at_its_top(page: Page) -> None:
    ready(page)
    page.evaluate("document.querySelector('iframe').contentWindow.scrollTo(0, 500)")
    page.get_by_label("Issue", exact=True).select_option(HEBREW)
    expect(page.get_by_role("heading", level=1)).to_have_text("שעון הנמל שוב מתקתק")
    expect(page.locator("iframe")).to_have_count(1)
    assert scrolled(page) == 0
    page.get_by_label("Issue", exact=True).select_option(BROKEN)
    expect(page.get_by_role("heading", level=1)).to_have_text("It can’t be rendered")


def test_a_finding_leads_to_its_line(page: Page, root: Path) -> None:
    rewrite(root, **{ISSUE: ISSUES[ISSUE] + "\n[Here](http://gazette.example/x?utm_source=) TODO\n"})
    ready(page)
    finding = page.locator(".findings a").first
    expect(finding).to_be_visible()
    line = re.search(r"line=(\d+)", finding.get_attribute("href") or "")
    assert line is not None
    page.keyboard.press("f")
    expect(finding).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".file .at")).to_have_id(f"L{line[1]}")
    expect(page.locator(".file .at")).to_be_in_viewport()


def test_images_from_elsewhere_are_not_asked_for_unless_wanted(page: Page) -> None:
    asked: list[str] = []
    page.route("https://pictures.example/**", lambda route: (asked.append(route.request.url), route.abort()))
    ready(page)
    page.wait_for_load_state()
    assert asked == []
    page.get_by_role("link", name="All").click()
    expect(page.get_by_role("link", name="All")).to_have_attribute("aria-current", "true")
    expect(page.locator(".entering")).to_have_count(0)
    assert asked == ["https://pictures.example/ice-house.png"]


VIEWS = ("", "text", "html", "source", "headers", "issue&line=3")
PAGES = (
    *(f"/?view={view}" for view in VIEWS),
    *(f"/?issue={name}" for name in (LONG, HEBREW, BROKEN)),
    "/nothing",
)


@pytest.mark.parametrize("width", [320, 375, 800, 1440])
def test_every_view_fits(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    for path in PAGES:
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def faults(page: Page) -> list[str]:
    found = Axe().run(page, options={"iframes": False}).response["violations"]
    return [each["id"] for each in found if each["impact"] in ("serious", "critical")]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1440])
def test_axe_finds_nothing_serious(page: Page, width: int, scheme: str) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    for path in PAGES:
        ready(page, path)
        assert faults(page) == [], path


def test_the_open_list_of_people_is_sound_too(page: Page) -> None:
    ready(page)
    page.keyboard.press("/")
    expect(page.get_by_role("listbox").get_by_role("option")).to_have_count(5)
    page.keyboard.press("ArrowDown")
    assert faults(page) == []


def test_it_needs_no_script(browser: Browser, root: Path, url: str) -> None:
    rewrite(root)
    with browser.new_context(base_url=url, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("/")
        page.get_by_role("link", name="Phone").click()
        page.get_by_label("As", exact=True).fill("bruno@quay.example")
        page.get_by_role("button", name="Show").click()
        expect(page.locator(".stage.phone")).to_be_visible()
        page.get_by_role("link", name="Text").click()
        expect(page.locator("pre")).to_contain_text("Good morning, Bruno Cove")


def test_the_page_says_when_the_preview_has_stopped(browser: Browser, root: Path) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        with previewing(root, "harbour") as (url, running):
            ready(page, url)
            running.send_signal(signal.SIGINT)
            assert running.wait(120) == 0
        expect(page.locator("#status")).to_have_text("mailer preview has stopped")


def test_on_a_phone_the_controls_are_folded_away_without_a_script_too(
    browser: Browser, root: Path, url: str
) -> None:
    rewrite(root)
    for script in (False, True):
        size = {"width": 375, "height": 800}
        with browser.new_context(base_url=url, viewport=size, java_script_enabled=script) as context:  # type: ignore[arg-type]
            page = context.new_page()
            page.goto("/")
            mail = page.locator("iframe").bounding_box()
            assert mail is not None
            assert mail["y"] < 450
            for control in (page.get_by_label("As", exact=True), page.get_by_role("link", name="Dark")):
                expect(control).not_to_be_visible()
            page.get_by_text("Display: desktop, light").click()
            page.get_by_role("link", name="Dark").click()
            expect(page.locator(".stage.dark")).to_be_visible()
            page.get_by_text("Another issue or reader").click()
            expect(page.get_by_label("As", exact=True)).to_be_visible()
            if script:  # what was opened stays open when the page is renewed
                expect(page.get_by_role("link", name="Light")).to_be_visible()
            page.set_viewport_size({"width": 1280, "height": 800})
            expect(page.get_by_text("Another issue or reader")).not_to_be_visible()
            expect(page.get_by_role("link", name="Light")).to_be_visible()
