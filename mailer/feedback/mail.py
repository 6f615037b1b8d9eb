"""A message that came back, taken apart: its fields, its parts, and the copy of ours that it brings along.

Header fields and types are read by Python's email package; the parts are cut here, because its parser goes by
the line through megabytes and any depth. Every step is bounded, and whatever is too much is left out.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from html import unescape

from mailer.feedback.fields import Fields, content_type, first, read_fields, text_of

MOST = 512 * 1024  # octets of a message: what it says comes first, the copy of ours last
PARTS = 40  # in one message
TRIES = 1000  # lines that begin like a boundary
DEPTH = 4  # of parts in parts
TEXT = 32 * 1024  # octets of a part's text
_MBOX_LINE = re.compile(rb">?From [^\n]*\n")
_BLANK = re.compile(rb"\n[ \t]*\n")
_BOUNDARY_LIKE = re.compile(rb"\A\s*--([^\s-][^\n]{0,69}[^\s])[ \t]*\n")
_TAG = re.compile(r"<[^<>]{0,1000}>")
_HIDING = re.compile(r"<(/?)(?:style|script|head|title)\b[^<>]{0,1000}>", re.IGNORECASE)
_LINE_END = re.compile(r"<(?:br|/p|/div|/tr|/li|/h\d)\b[^<>]{0,100}>", re.IGNORECASE)
COPIES = frozenset({"message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers"})


@dataclass(frozen=True)
class ReturnedPart:
    """One part: its type in small letters, its fields, and its content as it came."""

    type: str
    fields: Fields
    content: bytes
    charset: str = ""

    @cached_property
    def octets(self) -> bytes:
        """The content without its transfer encoding, cut to `TEXT`."""
        encoding = first(self.fields, "content-transfer-encoding").lower()
        try:
            if encoding == "base64":
                return _from_base64(self.content[: TEXT * 2])
            if encoding == "quoted-printable":
                return binascii.a2b_qp(self.content[: TEXT * 2])[:TEXT]
        except ValueError:
            pass
        return self.content[:TEXT]

    @cached_property
    def text(self) -> str:
        """The content as text with plain line ends; of HTML what a reader sees."""
        text = text_of(self.octets, self.charset or "utf-8")
        return _seen(text) if self.type == "text/html" else text


@dataclass(frozen=True)
class Mail:
    """A message: its fields and its leaves. `copies` are what it brings along of other messages."""

    fields: Fields
    type: str
    report_type: str = ""
    parts: list[ReturnedPart] = field(default_factory=list)
    copies: list[ReturnedPart] = field(default_factory=list)

    @cached_property
    def text(self) -> str:
        """What a human being would read of it: plain text where there is some."""
        for kind in ("text/plain", "text/html"):
            if text := "\n".join(part.text for part in self.parts if part.type == kind).strip():
                return text
        return "\n".join(part.text for part in self.parts if part.type.startswith(("text/", "message/")))

    @cached_property
    def copy_fields(self) -> Fields:
        """The header fields of the first copy that has some."""
        for copy in self.copies:
            if fields := read_fields(_divided(copy.octets)[0]):
                return fields
        return {}


def read_mail(octets: bytes) -> Mail:
    """Return the message in `octets`: any octets are one."""
    return _read(_normalised(octets[:MOST]))


def inner_mail(copy: ReturnedPart) -> Mail:
    """Return the message that another one brings along."""
    return _read(copy.octets)


def _normalised(octets: bytes) -> bytes:
    octets = octets.lstrip(b"\r\n\t \xef\xbb\xbf")
    if b"\r" in octets:
        octets = octets.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    start = _MBOX_LINE.match(octets)
    return octets[start.end() :] if start else octets


def _read(octets: bytes) -> Mail:
    block, body = _divided(octets)
    fields = read_fields(block)
    kind, parameters = _type_of(fields, "text/plain")
    mail = Mail(fields, kind, parameters.get("report-type", "").lower())
    for part in _leaves(kind, parameters, fields, body, DEPTH):
        if len(mail.parts) + len(mail.copies) >= PARTS:
            break
        (mail.copies if part.type in COPIES else mail.parts).append(part)
    return mail


def _divided(octets: bytes) -> tuple[bytes, bytes]:
    """Return the block of fields and the body of a message or part."""
    if octets.startswith(b"\n"):
        return b"", octets[1:]
    end = _BLANK.search(octets)
    return (octets[: end.start() + 1], octets[end.end() :]) if end else (octets, b"")


def _leaves(
    kind: str, parameters: dict[str, str], fields: Fields, body: bytes, depth: int
) -> Iterator[ReturnedPart]:
    pieces: list[bytes] = []
    if kind.startswith("multipart/"):
        boundary = parameters.get("boundary", "").encode("utf-8", "replace")
        if not boundary and (like := _BOUNDARY_LIKE.match(body[:1000])):
            boundary = like[1]
        pieces = _cut(body, b"\n--" + boundary) if boundary and depth else []
        kind = "text/plain"
    if not pieces:
        yield ReturnedPart(kind, fields, body, parameters.get("charset", "").lower())
    for piece in pieces:
        block, content = _divided(piece)
        own = read_fields(block)
        if "message-id" in own and "from" in own:  # a copy that nobody said is one
            yield ReturnedPart("message/rfc822", {}, piece)
        else:
            yield from _leaves(*_type_of(own, "text/plain"), own, content, depth - 1)


def _cut(body: bytes, line: bytes) -> list[bytes]:
    """Return the pieces between lines of the boundary (RFC 2046 5.1.1); the last may be open."""
    pieces: list[bytes] = []
    body, begun, tries = b"\n" + body, -1, 0
    place = body.find(line)
    while place >= 0 and len(pieces) < PARTS and (tries := tries + 1) < TRIES:
        end = body.find(b"\n", place + 1)
        end = len(body) if end < 0 else end
        if body[place + len(line) : end].strip() in (b"", b"--"):
            if begun >= 0:
                pieces.append(body[begun + 1 : place + 1])
            begun = end
        place = body.find(line, end)
    if begun >= 0:
        pieces.append(body[begun + 1 :])
    return [piece for piece in pieces if piece.strip()]


def _type_of(fields: Fields, otherwise: str) -> tuple[str, dict[str, str]]:
    value = first(fields, "content-type")
    return content_type(value) if value else (otherwise, {})


def _seen(html: str) -> str:
    """Return what a reader sees of HTML, near enough to find words and addresses in it."""
    pieces = _HIDING.split(html)
    shown = [pieces[0], *(after for slash, after in zip(pieces[1::2], pieces[2::2], strict=True) if slash)]
    return unescape(_TAG.sub(" ", _LINE_END.sub("\n", "".join(shown)))).replace("\xa0", " ")


def _from_base64(content: bytes) -> bytes:
    letters = re.sub(rb"[^A-Za-z0-9+/]", b"", content)
    return binascii.a2b_base64(letters[: len(letters) // 4 * 4] + b"")[:TEXT]
