"""Pictures of whole pages, kept small, and how far one is from another."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageChops

# One pixel of a kept picture is two points wide and high; it has so many colours.
POINTS = 2
COLOURS = 24
# How far a pixel may be off (of 255), and what share of the pixels may be farther off: the edges of letters
# come out a little differently with another version of Chromium. Every letter one point lower is 5 %, another
# colour of the links 3 %, of the small print 0.5 %.
NEAR = 24
ODD = 0.001


@dataclass(frozen=True)
class Difference:
    """What is different: in words, empty if it is close enough, and as a picture."""

    text: str
    picture: Image.Image


def shrink(png: bytes) -> Image.Image:
    """Return a screenshot at one pixel a point as it is kept."""
    picture = Image.open(BytesIO(png)).convert("RGB")
    size = (picture.width // POINTS, picture.height // POINTS)
    small = picture.resize(size, Image.Resampling.BOX)
    return small.quantize(COLOURS, dither=Image.Dither.NONE)


def compare(golden: Image.Image, found: Image.Image) -> Difference:
    """Return how `found` differs from `golden`."""
    before, after = golden.convert("RGB"), found.convert("RGB")
    if before.size != after.size:
        sizes = (f"{width * POINTS}×{height * POINTS}" for width, height in (before.size, after.size))
        return Difference(" points became ".join(sizes), _beside(before, after, after))
    red, green, blue = ImageChops.difference(before, after).split()
    most = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    odd = most.point(lambda value: 255 if value > NEAR else 0)
    share = odd.histogram()[255] / (before.width * before.height)
    text = f"{share:.2%} of it looks different" if share > ODD else ""
    return Difference(text, _beside(before, after, odd))


def _beside(*pictures: Image.Image) -> Image.Image:
    sheet = Image.new(
        "RGB",
        (sum(each.width + 8 for each in pictures) - 8, max(each.height for each in pictures)),
        "#888888",
    )
    left = 0
    for each in pictures:
        sheet.paste(each.convert("RGB"), (left, 0))
        left += each.width + 8
    return sheet
