"""A message taken apart for showing: parts, header fields. Bad mail must be shown too, so nothing raises."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.utils import parseaddr

# The older policy, on purpose: it takes header fields as they come, where the newer one's parsers can raise.
_PARSER = BytesParser()
# The header section ends at the first empty line (RFC 5322 2.1).
_EMPTY_LINE = re.compile(rb"(?:\A|\r?\n)\r?\n")
_FIELD = re.compile(rb"^([!-9;-~]+)[ \t]*:(.*(?:\n[ \t].*)*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class MailPart:
    """One leaf of a message: `name` of the file if it has one, `cid` without its angle brackets."""

    type: str
    name: str
    cid: str
    content: bytes


@dataclass(frozen=True, slots=True)
class MailReading:
    """What a message shows: its HTML and its text, if it has them, and every other leaf."""

    html: str | None
    text: str | None
    others: tuple[MailPart, ...]


def read(content: bytes) -> MailReading:
    """Return the parts of the message in `content`: the first HTML, the first plain text, and the others."""
    html = text = None
    others = []
    for leaf in _PARSER.parsebytes(content).walk():
        if leaf.is_multipart():
            continue
        part = _part(leaf)
        if html is None and part.type == "text/html" and not part.name:
            html = _decoded(leaf, part)
        elif text is None and part.type == "text/plain" and not part.name:
            text = _decoded(leaf, part)
        else:
            others.append(part)
    return MailReading(html, text, tuple(others))


def _part(leaf: Message) -> MailPart:
    payload = leaf.get_payload(decode=True)
    return MailPart(
        leaf.get_content_type(),
        leaf.get_filename() or "",
        str(leaf.get("Content-ID", "")).strip(" <>"),
        payload if isinstance(payload, bytes) else b"",
    )


def _decoded(leaf: Message, part: MailPart) -> str:
    try:
        return part.content.decode(leaf.get_content_charset("utf-8"), "replace")
    except (LookupError, ValueError):
        return part.content.decode("utf-8", "replace")


def header_fields(content: bytes) -> list[tuple[str, str]]:
    """Return the names and decoded, unfolded values of a message's header fields, in their order."""
    return [
        (name.decode("ascii"), readable(value)) for name, value in _FIELD.findall(_header_section(content))
    ]


def field_values(content: bytes, *names: str) -> list[str]:
    """Return the decoded value of the first field of each of `names`, "" where there is none."""
    found: dict[str, bytes] = {}
    for name, value in _FIELD.findall(_header_section(content)):
        found.setdefault(name.decode("ascii").lower(), value)
    return [readable(found.get(name.lower(), b"")) for name in names]


def _header_section(content: bytes) -> bytes:
    """Return the octets of a message before its body."""
    end = _EMPTY_LINE.search(content)
    return content[: end.start()] if end else content


def name_of(mailbox: str) -> str:
    """Return the name in a decoded mailbox, or its address if it has none."""
    name, address = parseaddr(mailbox)
    return name or address or mailbox


def readable(value: bytes) -> str:
    """Return a value unfolded (RFC 5322 2.2.3), encoded-words (RFC 2047) decoded where they can be."""
    text = re.sub(r"\r?\n(?=[ \t])", "", value.decode("utf-8", "replace")).strip()
    # What can't be decoded is shown as it came.
    with suppress(HeaderParseError, LookupError, ValueError):
        text = "".join(_word(part, charset) for part, charset in decode_header(text))
    # An encoded-word may hold half a surrogate pair, which no database or page can take.
    return text.encode("utf-8", "replace").decode("utf-8")


def _word(part: bytes | str, charset: str | None) -> str:
    if isinstance(part, str):
        return part
    # Beside an encoded-word, decode_header hands out plain text in this codec.
    return part.decode(charset or "raw-unicode-escape", "replace")
