"""Header fields as a person reads them. Any octets have an answer: bad mail must be shown too."""

from __future__ import annotations

import re
from contextlib import suppress
from email.errors import HeaderParseError
from email.header import decode_header
from email.utils import parseaddr

# The header section ends at the first empty line (RFC 5322 2.1).
EMPTY_LINE = re.compile(rb"(?:\A|\r?\n)\r?\n")
FIELD = re.compile(rb"^([!-9;-~]+)[ \t]*:(.*(?:\n[ \t].*)*)", re.MULTILINE)


def header_section(content: bytes) -> bytes:
    """Return the octets of a message before its body."""
    end = EMPTY_LINE.search(content)
    return content[: end.start()] if end else content


def header_fields(content: bytes) -> list[tuple[str, str]]:
    """Return the names and decoded, unfolded values of a message's header fields, in their order."""
    return [(name.decode("ascii"), readable(value)) for name, value in FIELD.findall(header_section(content))]


def field_values(content: bytes, *names: str) -> list[str]:
    """Return the decoded value of the first field of each of `names`, "" where there is none."""
    found: dict[str, bytes] = {}
    for name, value in FIELD.findall(header_section(content)):
        found.setdefault(name.decode("ascii").lower(), value)
    return [readable(found.get(name.lower(), b"")) for name in names]


def name_of(mailbox: str) -> str:
    """Return the name in a decoded mailbox, or its address if it has none."""
    name, address = parseaddr(mailbox)
    return name or address or mailbox


def readable(value: bytes) -> str:
    """Return a value unfolded (RFC 5322 2.2.3), encoded-words (RFC 2047) decoded where they can be."""
    text = re.sub(r"\r?\n(?=[ \t])", "", value.decode("utf-8", "replace")).strip()
    # What can't be decoded is shown as it came.
    with suppress(HeaderParseError, LookupError, ValueError):
        text = "".join(_decoded(part, charset) for part, charset in decode_header(text))
    # An encoded-word may hold half a surrogate pair, which no database or page can take.
    return text.encode("utf-8", "replace").decode("utf-8")


def _decoded(part: bytes | str, charset: str | None) -> str:
    if isinstance(part, str):
        return part
    # Beside an encoded-word, decode_header hands out plain text in this codec.
    return part.decode(charset or "raw-unicode-escape", "replace")
