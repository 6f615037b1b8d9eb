"""Write docs/images/preview-*.png: the page of `mailer preview --serve` with a mail, and with a mistake.

Run it from a checkout with the development dependencies and a Chromium: python docs/preview_pictures.py
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from mailer.workspace.bundled import sample

IMAGES = Path(__file__).parent / "images"
SCREEN = {"width": 1280, "height": 800}
COLOURS = 200
ISSUE = "2026-11-22-harbour.md"
MISTAKES = {
    "Bring a bucket.": "Bring a bucket! TODO: say [where](http://gazette.example/herring).",
    "## In short": "#### In short",
}


@contextmanager
def preview() -> Iterator[tuple[str, Path]]:
    """Serve a preview of the sample issue with some mistakes; yield its address and the issue's file."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        mailer = [sys.executable, "-m", "mailer", "-C", str(root)]
        for words in ("init", "lists create weekly --title=Gazette"):
            subprocess.run([*mailer, *words.split()], check=True, capture_output=True)
        people = [*mailer, "subscribers", "import", str(sample("example.csv")), "--list", "weekly"]
        subprocess.run(people, check=True, capture_output=True)
        file = root / "issues" / ISSUE
        text = file.read_text(encoding="utf-8")
        for right, wrong in MISTAKES.items():
            text = text.replace(right, wrong, 1)
        file.write_text(text, encoding="utf-8")
        command = [*mailer, "preview", "harbour", "--serve", "--port", "0"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
            assert running.stderr is not None
            yield running.stderr.readline().split()[2].rstrip("."), file
            running.terminate()


def photograph(browser: Browser, url: str, name: str, scheme: Literal["light", "dark"]) -> None:
    """Write what a screen shows."""
    context = browser.new_context(viewport=SCREEN, color_scheme=scheme)
    page = context.new_page()
    page.goto(url)
    picture = Image.open(BytesIO(page.screenshot()))
    picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(IMAGES / name, optimize=True)
    context.close()


def main() -> None:
    """Write the pictures."""
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright, preview() as (url, file):
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        photograph(chromium, url, "preview-light.png", "light")
        photograph(chromium, f"{url}?width=phone&scheme=dark", "preview-dark.png", "dark")
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("{{ subscriber.", "{{ subscirber."), encoding="utf-8")
        photograph(chromium, url, "preview-mistake.png", "light")
        chromium.close()


main()
