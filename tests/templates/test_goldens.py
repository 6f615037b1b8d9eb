"""Each layout's picture against the one that was found good. `make goldens` takes new ones; look at them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from browser import missing_fonts
from comparison import compare, shrink
from PIL import Image
from playwright.sync_api import Browser
from seen import opened
from written_mail import SAMPLE_NAMES, WIDTHS, Mail

GOLDENS = Path(__file__).with_name("goldens")
WRITING = os.environ.get("GOLDENS") == "write"
SCHEMES = ("light", "dark")

pytestmark = pytest.mark.skipif(bool(missing_fonts()), reason=f"the fonts {missing_fonts()} are not here")


def widths(name: str) -> tuple[int, ...]:
    """Return the widths that a sample is kept at: of those from right to left, a phone and a desk."""
    return (375, 800) if "." in name else WIDTHS


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", SAMPLE_NAMES)
def test_it_looks_as_it_did(
    browser: Browser, samples: dict[str, Mail], tmp_path: Path, name: str, scheme: Any
) -> None:
    different = []
    with opened(browser, samples[name].html, scheme=scheme) as page:
        for width in widths(name):
            page.set_viewport_size({"width": width, "height": 600})
            found = shrink(page.screenshot(full_page=True))
            golden = GOLDENS / f"{name}-{width}-{scheme}.png"
            if WRITING:
                found.save(golden, optimize=True)
                continue
            difference = compare(Image.open(golden), found)
            if difference.text:
                picture = tmp_path / golden.name
                difference.picture.save(picture)
                different.append(f"{golden.name}: {difference.text}; before, after and where: {picture}")
    assert not different, "\n".join([*different, "If that is how it should be: make goldens"])


def test_there_is_no_golden_too_many() -> None:
    wanted = {
        f"{name}-{width}-{scheme}.png"
        for name in SAMPLE_NAMES
        for width in widths(name)
        for scheme in SCHEMES
    }
    assert {path.name for path in GOLDENS.glob("*")} == wanted


def test_a_changed_picture_is_noticed() -> None:
    before = Image.open(GOLDENS / "letter-375-light.png").convert("RGB")
    assert compare(before, before).text == ""
    after = before.copy()
    after.paste("#ff0000", (20, 20, 60, 40))
    assert "looks different" in compare(before, after).text
    assert "became" in compare(before, before.crop((0, 0, 100, 100))).text
