"""Records that are lists of tags: DKIM's and DMARC's (RFC 6376 3.2)."""

from __future__ import annotations


def parse_tags(text: str) -> dict[str, str]:
    """Return the values by name, white space around both taken off; ValueError for what is no such list.

    A name that stands twice is refused, as receivers do.
    """
    tags: dict[str, str] = {}
    for part in text.strip().rstrip(";").split(";"):
        name, equals, value = part.partition("=")
        name = name.strip()
        if not equals or not name:
            raise ValueError(f"{part.strip()!r} is no name=value")
        if name in tags:
            raise ValueError(f"{name}= stands there twice")
        tags[name] = value.strip()
    return tags
