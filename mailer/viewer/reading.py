"""A message taken apart for showing. Whatever was sent is shown as well as it can be; nothing raises."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser

# The older policy, on purpose: it takes header fields as they come, where the newer one's parsers can raise.
PARSER = BytesParser()


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
    for leaf in PARSER.parsebytes(content).walk():
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
