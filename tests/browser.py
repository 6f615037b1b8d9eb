"""A real Chromium for tests that look at pages. Import `browser` in a conftest.py to have the fixture."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

expect.set_options(timeout=120_000)  # milliseconds: on a machine that is busy a page takes its time

FONTS = Path(__file__).with_name("fonts.conf")

_FOLDERS = re.findall(r"<dir>(.*?)</dir>", FONTS.read_text(encoding="utf-8"))
# How wide the widest thing on a page is, in points: what a screen that is narrower scrolls sideways for.
WIDEST = "Math.max(...[...document.querySelectorAll('*')].map(e => e.scrollWidth))"


def missing_fonts() -> str:
    """Return the folders of fonts.conf that are not on this machine."""
    return ", ".join(folder for folder in _FOLDERS if not Path(folder).is_dir())


def launch(playwright: Playwright, chromium: str) -> Browser:
    """Start a headless Chromium that knows the fonts of fonts.conf and no others."""
    return playwright.chromium.launch(
        executable_path=chromium,
        args=["--no-sandbox", "--font-render-hinting=none"],
        env={**os.environ, "FONTCONFIG_FILE": str(FONTS)},
    )


# By module, not by session: while it is open, no other test of the same thread can call asyncio.run.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium, headless; the test is skipped where there is none."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no Chromium here (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        launched = launch(playwright, chromium)
        yield launched
        launched.close()
