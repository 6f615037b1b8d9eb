"""What a file is: by its first octets, and, an image that mail programs show, as Pillow reads it."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from io import BytesIO

from mailer.message.mime.enclosure import UnfitFile

# Pillow's name: (Internet media type, ending)
SHOWN = {
    "PNG": ("image/png", ".png"),
    "JPEG": ("image/jpeg", ".jpg"),
    "GIF": ("image/gif", ".gif"),
}
_BEGINNINGS = {b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPEG", b"GIF87a": "GIF", b"GIF89a": "GIF"}

_AS_PNG = "Save it as PNG or JPEG"
_SVG = re.compile(rb"\s*(?:<\?xml|<!--|<!doctype|<!entity|<svg)", re.IGNORECASE)
_NOT_SHOWN = {
    "WebP": "Outlook for Windows and older Apple Mail don't show",
    "AVIF": "Outlook for Windows and most others don't show",
    "HEIC": "nearly no mail program but Apple's shows",
    "TIFF": "most mail programs don't show",
    "BMP": "some mail programs don't show, and which is large",
}

MOST_PIXELS = 40_000_000
_SMALLER = "Save it at no more than 2,000 pixels a side: mail shows it some 600 wide"


def kind_of(content: bytes) -> str | None:
    """Return the key of SHOWN for an image that every mail program shows, by its first octets."""
    return next((kind for octets, kind in _BEGINNINGS.items() if content.startswith(octets)), None)


@dataclass(frozen=True, slots=True)
class Picture:
    """An image's Internet media type, its usual ending, and its size in pixels as it is shown."""

    content_type: str
    ending: str
    width: int
    height: int


def read_picture(content: bytes) -> Picture:
    """Return what the image in `content` is; raises Unfit for what mail programs don't show, or only half."""
    # Most issues have no images, and Pillow takes its time.
    from PIL import Image, UnidentifiedImageError
    from PIL.ExifTags import Base

    kind = _require_kind(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Pillow finds odd, mail programs take
            # No other decoder than this one gets to see the file.
            with Image.open(BytesIO(content), formats=[kind]) as image:
                width, height = image.size
                if width * height <= MOST_PIXELS:
                    image.draft("RGB", (1, 1))  # a JPEG is read to its end all the same, in less time
                    image.load()
                    if image.getexif().get(Base.Orientation, 1) > 4:  # lies on its side
                        width, height = height, width
    except Image.DecompressionBombError:
        raise UnfitFile("has more pixels than can be read", _SMALLER) from None
    except Exception as error:  # what decoders raise on broken octets is no closed list
        reason = "" if isinstance(error, UnidentifiedImageError) else f" ({error})"
        raise UnfitFile(f"is damaged or not complete{reason}", "Save or copy it again") from None
    if width * height > MOST_PIXELS:
        raise UnfitFile(f"has {width:,} × {height:,} pixels", _SMALLER)
    return Picture(*SHOWN[kind], width, height)


def _require_kind(content: bytes) -> str:
    """Return the key of SHOWN, or raise Unfit that says what it is instead. Nothing is parsed."""
    if kind := kind_of(content):
        return kind
    if _SVG.match(content.removeprefix(b"\xef\xbb\xbf")) and b"<svg" in content[:100_000].lower():
        raise UnfitFile(
            "is an SVG drawing, which Gmail, Outlook and Yahoo don't show",
            "Export it as PNG, twice as wide as it is to be shown",
        )
    if other := _other_kind(content):
        raise UnfitFile(f"is {other}, which {_NOT_SHOWN[other]}", _AS_PNG)
    raise UnfitFile("is no image", "Images are PNG, JPEG or GIF files, whatever their names say")


def _other_kind(content: bytes) -> str | None:
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "WebP"
    if content[4:8] == b"ftyp":
        brands = content[8:64]
        return (
            "AVIF"
            if b"avif" in brands or b"avis" in brands
            else "HEIC"
            if b"hei" in brands or b"mif1" in brands
            else None
        )
    if content[:4] in (b"II*\x00", b"MM\x00*"):
        return "TIFF"
    return "BMP" if content[:2] == b"BM" and content[6:10] == b"\0\0\0\0" else None
