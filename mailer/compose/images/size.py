"""How large an image is shown: as its author says, else as it is, and never wider than the mail's column."""

from __future__ import annotations

import re

from mailer.compose.css.reading import read_style
from mailer.compose.images.tags import Attributes

_PIXELS = re.compile(r"\s*([1-9][0-9]{0,3})\s*(?:px)?\s*")


def missing_size(attributes: Attributes, width: int, height: int, room: int) -> Attributes:
    """Return the `width` and `height` attributes that an image of these pixels still needs.

    Outlook for Windows goes by these attributes alone. What the author gave, as an attribute or a style, is
    kept; the other measure follows by ratio. A picture of twice the pixels is shown at `room` pixels, sharp
    on a fine screen.
    """
    given = {name: value or "" for name, value in attributes if name in ("width", "height")}
    style = read_style(dict(attributes).get("style") or "")
    wished = {each.name: each.value for each in style if each.name in ("width", "height")} | given
    read = {name: _PIXELS.fullmatch(value) for name, value in wished.items()}
    pixels = {name: int(found[1]) for name, found in read.items() if found}
    if len(pixels) < len(wished):
        return []  # a share, or `auto`: nothing that could be reckoned with
    match pixels.get("width"), pixels.get("height"):
        case None, None:
            shown = min(width, room)
            size = shown, _ratio(shown, height, width)
        case int(wide), None:
            size = wide, _ratio(wide, height, width)
        case None, int(high):
            size = _ratio(high, width, height), high
        case int(wide), int(high):
            size = wide, high
        case _:
            return []
    return [
        (name, str(value)) for name, value in zip(("width", "height"), size, strict=True) if name not in given
    ]


def filling(attributes: Attributes, most: int) -> Attributes:
    """Return `attributes` with a style that fills what the image stands in, up to `most` pixels.

    Outlook for Windows goes by the attributes for its size all the same.
    """
    own = (dict(attributes).get("style") or "").strip()
    others = [(name, value) for name, value in attributes if name != "style"]
    return [*others, ("style", f"width: 100%; max-width: {most}px; height: auto; {own}".strip("; "))]


def _ratio(measure: int, one: int, other: int) -> int:
    return max(1, round(measure * one / other))
