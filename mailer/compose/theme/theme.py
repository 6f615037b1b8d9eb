"""What mails look like: an accent colour, a font, a width, a logo, and all that follows from these.

Whatever accent is chosen, links, buttons and kickers in it can be read, in light and in dark.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from mailer.compose.css.colour import Colour
from mailer.compose.theme.logo import Logo
from mailer.domain.issue import Issue
from mailer.errors import IssueError

KEYS = ("accent", "font", "logo", "width")
ACCENT = "#9a3412"
FONT = "serif"
WIDTH = 640
WIDTHS = range(480, 801)
# At both sides of the text on a wide screen, and between two columns.
MARGIN = 56
GUTTER = 24
LEAST_SHARE = Fraction(1, 6)

# WCAG 2.2, 1.4.3 asks for 4.5; rounding to whole channels costs a little, and light on dark wants more.
ENOUGH = 4.6
ENOUGH_IN_DARK = 6.5
# The edges of callouts: not for text, and seen on light paper and on dark.
SIGNALS = {
    "note": Colour.parse("#8a8171"),
    "tip": Colour.parse("#4a8f63"),
    "warning": Colour.parse("#b0802a"),
    "important": Colour.parse("#c4534b"),
}

# In each list the first font that a system has is used: Outlook for Windows looks at the first one only, so
# those of Windows come first where no other system has them.
SANS = "Segoe UI, -apple-system, BlinkMacSystemFont, Roboto, Helvetica Neue, Arial, sans-serif"
MONO = "Consolas, Menlo, DejaVu Sans Mono, Courier New, monospace"
STACKS = {
    "serif": "Georgia, Times New Roman, Times, serif",
    "oldstyle": "Palatino Linotype, Iowan Old Style, Palatino, Book Antiqua, Georgia, serif",
    "sans": SANS,
    "humanist": "Calibri, Seravek, Gill Sans Nova, Ubuntu, Noto Sans, sans-serif",
    "mono": MONO,
}

_FAMILY = re.compile(r"-?[A-Za-z][\w-]*(?: [A-Za-z][\w-]*)*")


class ThemeError(ValueError):
    """A wish for a theme can't be met; `key` is one of KEYS, the message says what is wrong and expected."""

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(problem)
        self.key = key


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours in one kind of light. All text has a contrast of at least 4.5 on `paper` and on `tint`.

    `ground` is around the sheet, `paper` the sheet, `tint` a panel on it, `ink` text, `quiet` secondary text,
    `rule` a hairline on either paper, `accent` the accent as text; `button` and `label` are a button and the
    text on it.
    """

    ground: Colour
    paper: Colour
    tint: Colour
    ink: Colour
    quiet: Colour
    rule: Colour
    accent: Colour
    button: Colour
    label: Colour


@dataclass(frozen=True, slots=True)
class Theme:
    """How a mail looks; templates know it as `look`. Font lists are CSS; `width` and sizes are pixels."""

    width: int
    logo: Logo | None
    text: str
    small: str
    mono: str
    light: Palette
    dark: Palette
    signals: Mapping[str, Colour] = field(default_factory=lambda: SIGNALS)

    @property
    def measure(self) -> int:
        """How wide the text is on a wide screen."""
        return self.width - 2 * MARGIN

    def room(self, share: str = "") -> int:
        """Return how wide a picture may be in a column of this share, "" for the text's own width."""
        return self.column(share) if share else self.measure

    def column(self, share: Any = None) -> int:
        """Return the width of a column that has this `share` (0.5, "1/3", "33%") of the text's width.

        Columns whose shares make a whole fill a line, with a gutter between each two. None is half of it, and
        the least is a sixth. Raises ThemeError.
        """
        part = max(_fraction(share), LEAST_SHARE)
        return int((self.measure + GUTTER) * part) - GUTTER


def read_theme(*wishes: Mapping[str, Any]) -> Theme:
    """Return the theme that `wishes` ask for: each may have any of KEYS, and the later ones win.

    Values that are empty text are no wishes. Raises ThemeError.
    """
    wished = {key: each[key] for each in wishes for key in KEYS if key in each and each[key] != ""}
    font = _font(wished.get("font", FONT))
    accent = _accent(wished.get("accent", ACCENT))
    return Theme(
        width=_width(wished.get("width", WIDTH)),
        logo=_logo(wished.get("logo")),
        text=font,
        small=SANS if font.split(", ")[-1] == "serif" else font,
        mono=MONO,
        light=_light(accent),
        dark=_dark(accent),
    )


def issue_theme(issue: Issue, wishes: Mapping[str, Any]) -> Theme:
    """Return the theme of an issue: its params win over `wishes`. Raises IssueError for what it asks for."""
    try:
        return read_theme(wishes, issue.params)
    except ThemeError as error:
        line = issue.field_lines.get("params")
        raise IssueError(issue.path, line, f"params.{error.key} {error}") from None


def _light(accent: Colour) -> Palette:
    paper, tint, ink = map(Colour.parse, ("#fffdf8", "#f5f1e8", "#22201c"))
    label = max((paper, ink), key=accent.contrast)
    return Palette(
        ground=Colour.parse("#f1ede4"),
        paper=paper,
        tint=tint,
        ink=ink,
        quiet=Colour.parse("#5c564c"),
        rule=Colour.parse("#cfc8ba"),
        accent=accent.readable((paper, tint), ENOUGH),
        button=accent.readable((label,), ENOUGH),
        label=label,
    )


def _dark(accent: Colour) -> Palette:
    paper, tint = Colour.parse("#1f1d1a"), Colour.parse("#2a2823")
    lighter = accent.muted(0.75).readable((paper, tint), ENOUGH_IN_DARK)
    return Palette(
        ground=Colour.parse("#161512"),
        paper=paper,
        tint=tint,
        ink=Colour.parse("#ece7dc"),
        quiet=Colour.parse("#b8b1a3"),
        rule=Colour.parse("#4a463e"),
        accent=lighter,
        button=lighter,
        label=paper,
    )


def _accent(value: Any) -> Colour:
    if value is None:
        raise ThemeError("accent", "is empty; in YAML a # begins a comment, so put the colour in quotes")
    try:
        return Colour.parse(str(value))
    except ValueError as error:
        raise ThemeError("accent", str(error)) from None


def _font(value: Any) -> str:
    text = str(value).strip()
    if text in STACKS:
        return STACKS[text]
    families = [family.strip(" \"'") for family in text.split(",")]
    if not all(_FAMILY.fullmatch(family) for family in families):
        names = ", ".join(STACKS)
        raise ThemeError(
            "font", f"is neither one of {names} nor a list of fonts like Lato, Arial, sans-serif"
        )
    if len(families) == 1:
        raise ThemeError(
            "font", f"is one font, which many lack; name others after it: {families[0]}, Georgia, serif"
        )
    return ", ".join(families)


def _width(value: Any) -> int:
    try:
        width = int(str(value).removesuffix("px"))
    except ValueError:
        width = 0
    if width not in WIDTHS:
        raise ThemeError("width", f"is not a width in pixels from {WIDTHS.start} to {WIDTHS.stop - 1}")
    return width


def _logo(value: Any) -> Logo | None:
    try:
        return None if value is None else Logo.read(value)
    except ValueError as error:
        raise ThemeError("logo", str(error)) from None


def _fraction(share: Any) -> Fraction:
    if share is None:
        return Fraction(1, 2)
    text = str(share).strip()
    try:
        part = Fraction(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except (ValueError, ZeroDivisionError):
        part = Fraction(0)
    if not 0 < part <= 1:
        raise ThemeError("share", f"a column's share is {text!r}; write it like 1/3 or 33%")
    return part
