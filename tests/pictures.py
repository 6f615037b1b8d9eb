"""Images made for tests: small, real, and of every kind that somebody might put beside an issue."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from PIL import Image

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><circle r="4"/></svg>'
LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%b">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(24))
    + b']><svg xmlns="http://www.w3.org/2000/svg"><text>&y;</text></svg>'
)


def picture(kind: str = "PNG", width: int = 40, height: int = 30, **options: Any) -> bytes:
    """An image with a slope of colours, so that it doesn't compress to nothing."""
    image = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    written = BytesIO()
    image.save(written, kind, **options)
    return written.getvalue()


def moving(width: int = 40, height: int = 30) -> bytes:
    """An animated GIF."""
    frames = [Image.new("P", (width, height), colour) for colour in (1, 2, 3)]
    written = BytesIO()
    frames[0].save(written, "GIF", save_all=True, append_images=frames[1:], duration=80, loop=0)
    return written.getvalue()


def blank(width: int, height: int) -> bytes:
    """A PNG of many pixels and few octets."""
    written = BytesIO()
    Image.new("1", (width, height)).save(written, "PNG", compress_level=1)
    return written.getvalue()
