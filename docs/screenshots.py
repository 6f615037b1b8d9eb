"""Write docs/images: the sample issue as a phone shows it, and the gallery of layouts.

Before that, the pictures in the samples are made from the drawings beside them.

Run it from a checkout with the development dependencies and a Chromium: python docs/screenshots.py
"""

from __future__ import annotations

import re
import shutil
import sys
from io import BytesIO
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from mailer.workspace.bundled import sample

TESTS = Path(__file__).parents[1] / "tests"
sys.path[:0] = [str(TESTS), str(TESTS / "templates")]

from browser import launch  # noqa: E402 - the tests know how mails and browsers are made
from written_mail import write_mail, write_sample  # noqa: E402

IMAGES = Path(__file__).parent / "images"
DRAWINGS = Path(__file__).parent / "samples" / "pictures"
PHONE = (375, 812)
DESK = (800, 812)
LAYOUTS = ("newsletter", "gazette", "digest", "letter")
FROM_RIGHT_TO_LEFT = ("newsletter.ar", "gazette.he", "digest.he", "letter.ar")
COLOURS = 64
DRAWN_COLOURS = 32
GAP = 24
GROUND = (255, 0, 255)
Scheme = Literal["light", "dark"]


def photograph(
    browser: Browser, html: str, size: tuple[int, int], scheme: Scheme, points: float
) -> Image.Image:
    """Return what a screen of that size shows before anyone scrolls, with so many pixels a point."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, device_scale_factor=points, color_scheme=scheme
    )
    page = context.new_page()
    page.set_content(html)
    picture = Image.open(BytesIO(page.screenshot()))
    context.close()
    return picture.convert("RGB")


def beside(*pictures: Image.Image) -> Image.Image:
    """Return pictures of one height in a row, with GROUND between them."""
    width = sum(each.width + GAP for each in pictures) - GAP
    row = Image.new("RGB", (width, pictures[0].height), GROUND)
    left = 0
    for each in pictures:
        row.paste(each, (left, 0))
        left += each.width + GAP
    return row


def write(picture: Image.Image, name: str) -> None:
    """Keep a picture, in few colours; what is GROUND lets the page shine through."""
    few = picture.quantize(COLOURS, dither=Image.Dither.NONE)
    palette = few.getpalette() or []
    between = [
        index for index in range(len(palette) // 3) if palette[3 * index : 3 * index + 3] == list(GROUND)
    ]
    few.save(IMAGES / f"{name}.png", optimize=True, **({"transparency": between[0]} if between else {}))


def draw(browser: Browser, drawing: Path) -> None:
    """Write an SVG drawing as a PNG beside it: mail programs show no SVG."""
    svg = drawing.read_text(encoding="utf-8")
    width, height = map(int, re.findall(r'viewBox="0 0 (\d+) (\d+)"', svg)[0])
    html = f'<!DOCTYPE html><body style="margin: 0; line-height: 0">{svg}</body>'
    picture = photograph(browser, html, (width, height), "light", 2)
    few = picture.quantize(DRAWN_COLOURS, dither=Image.Dither.NONE)
    few.save(drawing.with_suffix(".png"), optimize=True)


def main() -> None:
    """Write all of them."""
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = launch(playwright, shutil.which("chromium") or "chromium")
        for drawing in sorted(DRAWINGS.glob("*.svg")):
            draw(browser, drawing)
        schemes: tuple[Scheme, ...] = ("light", "dark")
        harbour = write_mail(sample("harbour.md")).html
        for scheme in schemes:
            write(photograph(browser, harbour, PHONE, scheme, 2), f"phone-{scheme}")
        for layout in LAYOUTS:
            html = write_sample(layout).html
            for scheme in schemes:
                screens = (photograph(browser, html, size, scheme, 1.5) for size in (PHONE, DESK))
                write(beside(*screens), f"{layout}-{scheme}")
        screens = (
            photograph(browser, write_sample(name).html, PHONE, "light", 1.25) for name in FROM_RIGHT_TO_LEFT
        )
        write(beside(*screens), "right-to-left")
        browser.close()


if __name__ == "__main__":
    main()
