"""An image as Pillow reads it: is it whole, and how large is it?"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, UnidentifiedImageError
from PIL.ExifTags import Base

from mailer.compose.images.kind import SHOWN, require_kind
from mailer.message.mime.enclosure import UnfitFile

MOST_PIXELS = 40_000_000
_SMALLER = "Save it at no more than 2,000 pixels a side: mail shows it some 600 wide"


@dataclass(frozen=True, slots=True)
class Picture:
    """An image's Internet media type, its usual ending, and its size in pixels as it is shown."""

    content_type: str
    ending: str
    width: int
    height: int


def read_picture(content: bytes) -> Picture:
    """Return what the image in `content` is; raises Unfit for what mail programs don't show, or only half."""
    kind = require_kind(content)
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
