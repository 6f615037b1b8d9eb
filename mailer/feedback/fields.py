"""Header fields of any message, read with bounds: nothing in them may raise, or take long."""

from __future__ import annotations

import re
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from functools import lru_cache

OCTETS = 64 * 1024  # of a block of fields
VALUE = 4000  # characters of one value: no token, address or subject is longer
NUMBER = 500  # fields of a block
MAILBOX = 500  # characters of a From field
TYPE = 1000  # characters of a Content-Type; with many quotes the email package takes long over it
# What Python can decode, too, but no mail is written in; some take a square of the time.
NO_CHARSETS = frozenset(["punycode", "idna", "unicode_escape", "raw_unicode_escape", "utf_7", "undefined"])
PARAMETERS = ("boundary", "charset", "report-type")
_FIELD = re.compile(r"^([!-9;-~]{1,100})[ \t]*:(.*(?:\n[ \t].*)*)", re.MULTILINE)  # RFC 5322 2.2
_FOLD = re.compile(r"[ \t]*[\r\n]+[ \t]*")
_ADDRESS = re.compile(r"[^\s<>()\[\]:;,\"'`|]{1,128}@[^\s<>()\[\]:;,\"'`|/@]{1,255}")

_BEFORE = re.compile(r"^(?:smtp|rfc822|to)=", re.IGNORECASE)
# Among them what breaks lines elsewhere, and what turns the direction of those behind it.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_COMMENT = re.compile(r"\([^()]*\)")

Fields = dict[str, list[str]]  # by their names in small letters, in order of their appearance


def read_fields(block: bytes) -> Fields:
    """Return the fields of a block of them; lines that are none are left out."""
    fields: Fields = {}
    for name, value in _FIELD.findall(text_of(block[:OCTETS], "utf-8"))[:NUMBER]:
        fields.setdefault(name.lower(), []).append(_FOLD.sub(" ", value[:VALUE]).strip())
    return fields


@lru_cache(maxsize=1024)
def content_type(value: str) -> tuple[str, dict[str, str]]:
    """Return what a Content-Type says: the type in small letters, and the parameters that count here."""
    message = Message()
    message["Content-Type"] = value[:TYPE]
    return message.get_content_type(), {name: _parameter(message, name) for name in PARAMETERS}


def first(fields: Fields, *names: str) -> str:
    """Return the first of these fields that is there and says something, or nothing."""
    return next((value for name in names for value in fields.get(name, ()) if value), "")


def decoded(value: str) -> str:
    """Return a value with its encoded words (RFC 2047) decoded as far as that is possible."""
    if "=?" not in value:
        return value
    try:
        text = "".join(_text(piece, charset) for piece, charset in decode_header(value))
        return _FOLD.sub(" ", text)
    except (MessageError, ValueError, IndexError, AssertionError):
        return value


def addresses_in(text: str) -> list[str]:
    """Return what looks like an addr-spec in `text`, in order, each once."""
    if "@" not in text:
        return []
    found = (_BEFORE.sub("", match[0].strip(".=")) for match in _ADDRESS.finditer(text[:VALUE]))
    return list(dict.fromkeys(address for address in found if not address.startswith("@")))


def addresses_of(fields: Fields, name: str) -> list[str]:
    """Return what looks like an addr-spec in the fields of a name."""
    return [address for value in fields.get(name, ())[:10] for address in addresses_in(decoded(value))]


def mailbox_in(value: str) -> str:
    """Return the one address of a From field; nothing if there are several or none, or it is doubtful.

    Programs disagree about addresses in comments and names (CVE-2023-27043), so both are left out first, and
    one @ has to be left.
    """
    plain = _COMMENT.sub(" ", _QUOTED.sub(" ", value[:MAILBOX]))
    found = addresses_in(plain)
    return found[0] if len(found) == 1 and plain.count("@") == 1 else ""


def _parameter(message: Message, name: str) -> str:
    try:  # the email package raises on some
        found = message.get_param(name)
    except (ValueError, LookupError, TypeError):
        return ""
    return (found[2] if isinstance(found, tuple) else str(found or "")).strip()


def _text(piece: bytes | str, charset: str | None) -> str:
    if isinstance(piece, str):
        return piece
    return text_of(piece, charset or "ascii")


def text_of(octets: bytes, charset: str) -> str:
    """Return `octets` as text that may be shown and kept, whatever they claim to be in.

    That is UTF-8 if it fits, with marks for the rest. A terminal obeys control characters, and no database
    of PostgreSQL takes all of them: they become blanks.
    """
    return printable(_text_of(octets, charset))


def printable(text: str) -> str:
    """Return `text` with blanks for its control characters, line ends and tabulators apart."""
    return _CONTROLS.sub(" ", text)


def _text_of(octets: bytes, charset: str) -> str:
    charset = "utf-8" if charset.replace("-", "_") in NO_CHARSETS else charset
    if b"\x1b$" in octets:  # Japanese, which many don't declare where they should
        charset = "iso2022_jp"
    for name in (charset, "utf-8"):
        try:
            return octets.decode(name)
        except (LookupError, ValueError):
            continue
    try:
        return octets.decode(charset, "replace")
    except (LookupError, ValueError):
        return octets.decode("utf-8", "replace")
