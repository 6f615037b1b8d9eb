"""A full issue in each layout, at every width, in any light, with and without style and pictures."""

from __future__ import annotations

import json
from typing import Any

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import Browser, Page
from seen import ENOUGH_CONTRAST, FAULTS, SEEN_TEXT, VERSIONS, opened, version
from written_mail import SAMPLE_NAMES, WIDTHS, Mail

AXE = AXE_FILE_PATH.read_text(encoding="utf-8")
GRAVE = ("serious", "critical")


def at(page: Page, width: int) -> Page:
    page.set_viewport_size({"width": width, "height": 800})
    return page


@pytest.mark.parametrize("shown", VERSIONS)
@pytest.mark.parametrize("name", SAMPLE_NAMES)
def test_nothing_is_cut_off_or_lies_on_something_else(
    browser: Browser, samples: dict[str, Mail], name: str, shown: str
) -> None:
    html, scheme = version(samples[name], shown)
    with opened(browser, html, scheme=scheme) as page:
        faults = {width: found for width in WIDTHS if (found := at(page, width).evaluate(FAULTS))}
    assert faults == {}


@pytest.mark.parametrize("shown", VERSIONS)
@pytest.mark.parametrize("name", SAMPLE_NAMES)
def test_axe_finds_nothing_serious(browser: Browser, samples: dict[str, Mail], name: str, shown: str) -> None:
    html, scheme = version(samples[name], shown)
    with opened(browser, html, scheme=scheme) as page:
        page.evaluate(AXE)
        for width in (375, 1280):  # what axe looks at changes only where the media queries do, at 600
            found = at(page, width).evaluate("axe.run({ resultTypes: ['violations'] })")["violations"]
            grave = [each for each in found if each["impact"] in GRAVE]
            assert grave == [], json.dumps(grave, indent=1)


@pytest.mark.parametrize("light", ["light", "dark", "stripped light", "stripped dark", "outlook dark"])
@pytest.mark.parametrize("name", SAMPLE_NAMES)
def test_every_word_stands_out(browser: Browser, samples: dict[str, Mail], name: str, light: str) -> None:
    html = samples[name].stripped if "stripped" in light else samples[name].html
    scheme: Any = "light" if light == "outlook dark" else light.split()[-1]
    with opened(browser, html, scheme=scheme) as page:
        if light == "outlook dark":
            page.evaluate(
                "for (const a of ['data-ogsc', 'data-ogsb']) document.documentElement.setAttribute(a, '')"
            )
        runs = page.evaluate(SEEN_TEXT)
    assert len(runs) > 10
    assert [run for run in runs if run["contrast"] < ENOUGH_CONTRAST] == []
    assert [run for run in runs if run["size"] < (16 if run["body"] else 14)] == []


@pytest.mark.parametrize("name", ["newsletter", "digest", "digest.he"])
@pytest.mark.parametrize("shown", ["light", "stripped"])
def test_buttons_are_as_high_as_a_finger_and_columns_side_by_side_on_a_desk(
    browser: Browser, samples: dict[str, Mail], name: str, shown: str
) -> None:
    html, scheme = version(samples[name], shown)
    with opened(browser, html, 1280, scheme) as page:
        heights = page.evaluate("[...document.querySelectorAll('.button a')].map(e => e.offsetHeight)")
        tops = page.evaluate("[...document.querySelectorAll('.column')].slice(0, 2).map(e => e.offsetTop)")
        starts = page.evaluate("[...document.querySelectorAll('.column')].slice(0, 2).map(e => e.offsetLeft)")
        phone = at(page, 320).evaluate(
            "[...document.querySelectorAll('.column')].slice(0, 2).map(e => e.offsetTop)"
        )
    assert heights
    assert min(heights) >= 44
    assert tops[0] == tops[1]
    assert (starts[0] > starts[1]) == name.endswith(".he")
    assert phone[0] < phone[1]


BROKEN = {
    "out of the window": '<p style="width:900px">a long line of words that goes on and on and on and on'
    " and on and on and on and on and on and on and on and on and on and on</p>",
    "cut off": '<p style="height:20px;overflow:hidden">words of more than one line<br>two<br>three</p>',
    "lies on": '<p style="margin:0">one line</p><p style="margin:0;position:relative;top:-20px">another</p>',
    "runs into": '<div>one line</div><div style="margin-top:-15px">another</div>',
    "needs scrolling": '<div style="overflow-x:auto"><p style="width:700px">words</p></div>',
    "sideways": '<div style="width:700px;height:5px"></div>',
}


@pytest.mark.parametrize(("fault", "html"), BROKEN.items())
def test_faults_are_found(browser: Browser, fault: str, html: str) -> None:
    page_html = f'<!DOCTYPE html><html lang="en"><body><div class="page">{html}</div></body></html>'
    with opened(browser, page_html) as page:
        assert any(fault in found for found in page.evaluate(FAULTS))


# How far the text of cells at the edges is from the edge, on which sides a quote has a rule, how much room
# there is after columns.
SETTING = """() => {
  const box = e => {
    const range = document.createRange();
    range.selectNodeContents(e);
    return range.getBoundingClientRect();
  };
  const content = document.querySelector('.content').getBoundingClientRect();
  const quote = getComputedStyle(document.querySelector('.quote'));
  const columns = document.querySelector('.columns'), next = columns.nextElementSibling;
  const last = [...columns.querySelectorAll('.column > :last-child')].map(e => box(e).bottom);
  return {
    edges: [...document.querySelectorAll('.content table:not([role]) :is(td, th)')].flatMap(cell => {
      const side = getComputedStyle(cell).textAlign, row = cell.parentElement.getBoundingClientRect();
      const there = cell.getBoundingClientRect();
      return ['left', 'right'].includes(side) && Math.abs(there[side] - row[side]) < 1
        ? [Math.abs(box(cell)[side] - content[side])] : [];
    }),
    rules: ['Top', 'Right', 'Bottom', 'Left'].filter(
      side => parseFloat(quote[`border${side}Width`]) > 0),
    gap: box(next).top - Math.max(...last),
  };
}"""


@pytest.mark.parametrize("width", [375, 800])
@pytest.mark.parametrize("name", ["newsletter", "newsletter.ar"])
def test_tables_are_flush_with_the_text_quotes_have_one_rule_and_columns_no_double_gap(
    browser: Browser, samples: dict[str, Mail], name: str, width: int
) -> None:
    with opened(browser, samples[name].html, width) as page:
        seen = page.evaluate(SETTING)
    assert all(edge < 1.5 for edge in seen["edges"])
    assert seen["edges"] or name.endswith(".ar")
    assert seen["rules"] == ["Top"]
    assert seen["gap"] < 60
