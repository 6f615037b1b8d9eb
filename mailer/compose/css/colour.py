"""Colours: as CSS writes them, how far apart two are, and made lighter or darker until they can be read.

Contrast is that of WCAG 2.2. Lightness is changed in OKLCH (Björn Ottosson, 2020), where it can be without
changing the hue.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from tinycss2.color4 import Color, parse_color

_BARE_HEX = re.compile(r"(?:[0-9a-fA-F]{3}){1,2}")
_STEPS = 100


@dataclass(frozen=True, slots=True)
class Colour:
    """An sRGB colour: red, green and blue from 0 to 255, and how opaque it is from 0 to 1.

    Printed as `#rrggbb`.
    """

    red: float
    green: float
    blue: float
    alpha: float = 1.0

    @classmethod
    def parse(cls, text: str) -> Colour:
        """Read `9a3412`, or a colour as CSS writes it, as an opaque one; raise ValueError."""
        text = text.strip()
        colour = read_colour(f"#{text}" if _BARE_HEX.fullmatch(text) else text)
        if colour is None or not colour.alpha:
            raise ValueError("is not a colour; write it like #9a3412 or darkgreen")
        return replace(colour, alpha=1.0)

    def __str__(self) -> str:
        return "#" + "".join(f"{round(channel):02x}" for channel in self._channels)

    def __html__(self) -> str:
        # Templates print it as it is.
        return str(self)

    @property
    def luminance(self) -> float:
        """Relative luminance, from 0 (black) to 1 (white)."""
        red, green, blue = (_linear(channel / 255) for channel in self._channels)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    def contrast(self, other: Colour) -> float:
        """The contrast ratio to `other`, from 1 to 21; both are opaque."""
        darker, lighter = sorted((self.luminance, other.luminance))
        return (lighter + 0.05) / (darker + 0.05)

    def over(self, behind: Colour) -> Colour:
        """Return what is seen of this colour on an opaque one."""
        pairs = zip(self._channels, behind._channels, strict=True)
        return Colour(*(mine * self.alpha + its * (1 - self.alpha) for mine, its in pairs))

    def readable(self, grounds: Iterable[Colour], ratio: float) -> Colour:
        """Return this colour, or the nearest in lightness that stands out from every ground by `ratio`.

        It gets darker on light grounds and lighter on dark ones; black or white where nothing else will do.
        """
        grounds = list(grounds)
        if all(self.contrast(ground) >= ratio for ground in grounds):
            return self
        goal = 1.0 if max(ground.luminance for ground in grounds) < 0.18 else 0.0
        lightness, chroma, hue = self._oklch()
        for step in range(1, _STEPS):
            tried = _from_oklch(lightness + (goal - lightness) * step / _STEPS, chroma, hue)
            if all(tried.contrast(ground) >= ratio for ground in grounds):
                return tried
        return WHITE if goal else BLACK

    def muted(self, share: float) -> Colour:
        """Return this colour with `share` (0 to 1) of its chroma: vivid colours glare on a dark ground."""
        lightness, chroma, hue = self._oklch()
        return _from_oklch(lightness, chroma * share, hue)

    @property
    def _channels(self) -> tuple[float, float, float]:
        return self.red, self.green, self.blue

    def _oklch(self) -> tuple[float, float, float]:
        r, g, b = (_linear(channel / 255) for channel in self._channels)
        long = math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
        medium = math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
        short = math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
        lightness = 0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short
        a = 1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short
        c = 0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short
        return lightness, math.hypot(a, c), math.atan2(c, a)


BLACK = Colour(0, 0, 0)
WHITE = Colour(255, 255, 255)


def read_colour(text: str) -> Colour | None:
    """Return the colour that a CSS value writes; None if it is none that can be computed (`inherit`, lab()).

    Of those of CSS Color 4 that is any that sRGB has by definition: names, hexadecimal, rgb(), hsl(), hwb().
    """
    try:
        found = parse_color(text)
    except ValueError:  # color()
        return None
    if not isinstance(found, Color) or found.space not in ("srgb", "hsl", "hwb"):
        return None
    *channels, alpha = found.to("srgb")
    red, green, blue = (round(255 * min(1.0, max(0.0, channel)), 6) for channel in channels)
    return Colour(red, green, blue, alpha)


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def _from_oklch(lightness: float, chroma: float, hue: float) -> Colour:
    """Return the colour; where a screen has no such vivid one, the most vivid of that lightness and hue."""
    for step in range(_STEPS, -1, -1):
        channels = _unbounded(lightness, chroma * step / _STEPS, hue)
        if all(-1e-4 <= channel <= 1.0001 for channel in channels):
            break
    return Colour(*(round(255 * min(1.0, max(0.0, _encoded(channel)))) for channel in channels))


def _unbounded(lightness: float, chroma: float, hue: float) -> tuple[float, float, float]:
    a, b = chroma * math.cos(hue), chroma * math.sin(hue)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def _encoded(channel: float) -> float:
    return 12.92 * channel if channel <= 0.0031308 else 1.055 * channel ** (1 / 2.4) - 0.055
