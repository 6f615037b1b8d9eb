"""Colours as CSS writes them, and how far apart two are (WCAG 2.2: relative luminance, contrast ratio)."""

from __future__ import annotations

import colorsys
import re
from typing import NamedTuple

from cssutils.css.colors import COLORS  # type: ignore[import-untyped]

from mailer.compose.theme.colour import contrast_ratio, relative_luminance

_FUNCTION = re.compile(r"(rgb|hsl)a?\(([^()]*)\)")
_NUMBER = re.compile(r"(-?(?:\d+\.?\d*|\.\d+))(%|deg)?")


class Colour(NamedTuple):
    """Red, green and blue from 0 to 255, and how opaque it is from 0 to 1."""

    red: float
    green: float
    blue: float
    alpha: float = 1.0

    def over(self, behind: Colour) -> Colour:
        """Return what is seen of this colour on an opaque one."""
        mixed = [a * self.alpha + b * (1 - self.alpha) for a, b in zip(self[:3], behind[:3], strict=True)]
        return Colour(*mixed)

    @property
    def luminance(self) -> float:
        """The relative luminance, from 0 (black) to 1 (white)."""
        return relative_luminance(self[:3])

    def __str__(self) -> str:
        return "#" + "".join(f"{round(channel):02x}" for channel in self[:3])


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast ratio of two opaque colours, from 1 to 21."""
    return contrast_ratio(one.luminance, other.luminance)


def read_colour(text: str) -> Colour | None:
    """Return the colour that `text` writes; None if it is none that can be computed (a variable, inherit)."""
    text = text.strip().lower()
    if re.fullmatch(r"#([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})", text):
        return _hexadecimal(text[1:])
    if found := _FUNCTION.fullmatch(text):
        return _function(found[1], found[2])
    named = COLORS.get(text)
    return Colour(*named) if named else None


def _hexadecimal(digits: str) -> Colour:
    if len(digits) < 6:
        digits = "".join(digit * 2 for digit in digits)
    red, green, blue, alpha = bytes.fromhex(digits.ljust(8, "f"))
    return Colour(red, green, blue, alpha / 255)


def _function(name: str, arguments: str) -> Colour | None:
    numbers = [(float(number), unit) for number, unit in _NUMBER.findall(arguments)]
    if len(numbers) not in (3, 4):
        return None
    number, unit = numbers[3] if len(numbers) == 4 else (1.0, "")
    alpha = number / 100 if unit == "%" else number
    if name == "rgb":
        red, green, blue = (number * 2.55 if unit == "%" else number for number, unit in numbers[:3])
        return Colour(red, green, blue, alpha)
    hue, saturation, lightness = (number for number, _ in numbers[:3])
    red, green, blue = colorsys.hls_to_rgb(hue % 360 / 360, lightness / 100, saturation / 100)
    return Colour(red * 255, green * 255, blue * 255, alpha)
