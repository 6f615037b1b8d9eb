"""Each layout's picture against the one that was found good. `make goldens` takes new ones; look at them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from browser import missing_fonts
from comparison import compare, shrink
from PIL import Image
from playwright.sync_api import Browser, Page
from seen import VERSIONS, opened, version
from written_mail import SAMPLE_NAMES, WIDTHS, Mail

GOLDENS = Path(__file__).with_name("goldens")
WRITING = os.environ.get("GOLDENS") == "write"
pytestmark = pytest.mark.skipif(bool(missing_fonts()), reason=f"the fonts {missing_fonts()} are not here")


def widths(shown: str) -> tuple[int, ...]:
    """Return the widths that pictures are kept at: every one, or where less changes, a phone and a desk."""
    return WIDTHS if shown in ("light", "dark") else (375, 800)


def painted(page: Page) -> bytes:
    """Return a picture of the page once two in a row are the same: a busy browser leaves parts for later."""
    before, now = b"", page.screenshot(full_page=True)
    while before != now:
        before, now = now, page.screenshot(full_page=True)
    return now


@pytest.mark.parametrize("shown", VERSIONS)
@pytest.mark.parametrize("name", SAMPLE_NAMES)
def test_it_looks_as_it_did(
    browser: Browser, samples: dict[str, Mail], tmp_path: Path, name: str, shown: str
) -> None:
    different = []
    html, scheme = version(samples[name], shown)
    with opened(browser, html, scheme=scheme) as page:
        for width in widths(shown):
            page.set_viewport_size({"width": width, "height": 600})
            found = shrink(painted(page))
            golden = GOLDENS / file_name(name, width, shown)
            if WRITING:
                found.save(golden, optimize=True)
                continue
            difference = compare(Image.open(golden), found)
            if difference.text:
                picture = tmp_path / golden.name
                difference.picture.save(picture)
                different.append(f"{golden.name}: {difference.text}; before, after and where: {picture}")
    assert not different, "\n".join([*different, "If that is how it should be: make goldens"])


def file_name(name: str, width: int, shown: str) -> str:
    return f"{name}-{width}-{shown.replace(' ', '-')}.png"


def test_there_is_no_golden_too_many() -> None:
    wanted = {
        file_name(name, width, shown)
        for name in SAMPLE_NAMES
        for shown in VERSIONS
        for width in widths(shown)
    }
    assert {path.name for path in GOLDENS.glob("*")} == wanted
