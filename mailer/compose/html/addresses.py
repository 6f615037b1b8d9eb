"""Attributes carried as they were typed through a parser that reads and writes them in its own way.

Of libxml2 some versions take `&copy=` in an address for ©, and all write what isn't ASCII with percent signs,
even in the name of a host.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import sha256
from html import escape

from mailer.compose.html.allowed import ADDRESSES
from mailer.compose.html.tokens import Attribute, HTMLToken, TokenKind, read_html

# What the URL Standard (4.4) takes off an address before it reads it.
_MARGIN = "".join(map(chr, range(0x21)))
_BREAKS = re.compile(r"[\t\n\r]")
_FOREIGN = re.compile(r"[^\x00-\x7f]")


def tidy(address: str) -> str:
    """Return an address without the white space that a browser doesn't read."""
    return _BREAKS.sub("", address.strip(_MARGIN))


def keeping_addresses(html: str, change: Callable[[str], str]) -> str:
    """Return what `change` makes of `html`, with its addresses as they were."""
    word = f"q{sha256(html.encode()).hexdigest()[:16]}x"
    changed = change("".join(_spelled(token, word) for token in read_html(html)))
    return re.sub(f"{word}([0-9a-f]+)z", lambda found: chr(int(found.group(1), 16)), changed)


def _spelled(token: HTMLToken, word: str) -> str:
    """Return a token's source; of a tag with all in its attributes that could be misread spelled out."""
    if token.kind is not TokenKind.START:
        return token.source
    source = token.source
    for each in reversed(token.attributes):
        if "&" in source[each.start : each.end] or (each.name in ADDRESSES and not source.isascii()):
            source = f'{source[: each.start]}{each.name}="{_value(each, word)}"{source[each.end :]}'
    return source


def _value(attribute: Attribute, word: str) -> str:
    value = escape(attribute.value or "")
    if attribute.name not in ADDRESSES:
        return value
    return _FOREIGN.sub(lambda found: f"{word}{ord(found.group()):x}z", value)
