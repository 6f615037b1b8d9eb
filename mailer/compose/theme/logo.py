"""A logo in place of the name at the top of a mail."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_SIZE = re.compile(r"(\d{1,4})[x×](\d{1,4})")
_KEYS = frozenset({"src", "alt", "width", "height"})
_EXAMPLE = "https://gazette.example/logo.png 240x60 Harbour Gazette"


@dataclass(frozen=True, slots=True)
class Logo:
    """`src` is an https address or a file of the workspace; sizes are pixels, None where the file says it.

    Without an `alt` the name that it replaces is the text for those who don't see it.
    """

    src: str
    alt: str = ""
    width: int | None = None
    height: int | None = None

    @property
    def on_the_web(self) -> bool:
        """Whether it is an address and no file."""
        return self.src.startswith("https:")

    @classmethod
    def read(cls, value: Any) -> Logo:
        """Read `images/logo.png 240x60 Harbour Gazette` or a mapping of src, alt, width, height.

        Raises ValueError: what is wrong, and what is expected.
        """
        if isinstance(value, Mapping):
            return cls._from_mapping(value)
        src, _, rest = str(value).strip().partition(" ")
        size = _SIZE.match(rest.strip())
        alt = rest.strip()[size.end() :] if size else rest
        width, height = (int(size.group(1)), int(size.group(2))) if size else (None, None)
        return cls(src, alt.strip(), width, height)._checked()

    @classmethod
    def _from_mapping(cls, value: Mapping[str, Any]) -> Logo:
        if unknown := value.keys() - _KEYS:
            raise ValueError(f"has {min(unknown)!r}; it may have src, alt, width and height")
        sizes = [_pixels(value.get(name)) for name in ("width", "height")]
        return cls(str(value.get("src") or ""), str(value.get("alt") or ""), *sizes)._checked()

    def _checked(self) -> Logo:
        if not self.src:
            raise ValueError(f"has no src; write it like {_EXAMPLE}")
        if self.src.startswith(("http:", "data:", "//", "cid:")):
            raise ValueError("must be an https address or a file of the workspace")
        if self.on_the_web and not (self.width and self.height):
            raise ValueError(f"needs a size in pixels, for it is not looked at: {_EXAMPLE}")
        return self


def _pixels(value: Any) -> int | None:
    if value is None:
        return None
    if not str(value).isdigit() or not 0 < int(value) < 2000:
        raise ValueError(f"has the size {value!r}, which is no number of pixels")
    return int(value)
