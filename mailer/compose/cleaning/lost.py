"""What to tell of attributes that were taken out: what ran code, addresses, styles that moved something."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from mailer.compose.html.allowed import ADDRESSES

_PROPERTY = re.compile(r"(?:^|;)\s*([\w-]+)\s*:")


def lost_from(
    tag: str, given: Sequence[tuple[str, str | None]], kept: Sequence[tuple[str, str]]
) -> Iterator[str]:
    """Yield what is lost of the attributes `given` to a `tag` and worth a word."""
    left = dict(kept)
    for name, value in given:
        if name.startswith("on") and name not in left:
            yield f"{name}= of <{tag}> was taken out: no mail program runs it"
        elif name in ADDRESSES and value and name not in left:
            yield f"{name}={_short(value)} of <{tag}> was taken out: mails can't lead there"
        elif name == "style":
            yield from _styles(tag, value or "", left)


def _styles(tag: str, value: str, left: Mapping[str, str]) -> Iterator[str]:
    kept = {name.lower() for name in _PROPERTY.findall(left.get("style", ""))}
    gone = [name.lower() for name in _PROPERTY.findall(value) if name.lower() not in kept]
    if gone:
        yield f"{', '.join(dict.fromkeys(gone))} was taken out of the style of <{tag}>"


def _short(value: str) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:56]}…'"
