"""Header fields on the wire (RFC 5322 2.2): ASCII, folded at white space to 76 columns, never past 998.

Encoded-words (RFC 2047) stand in display names and unstructured text only. URIs, ids and addresses go out
as they are or not at all: one that a parser would have to decode is one that mailbox providers ignore.
"""

from __future__ import annotations

import re
from binascii import b2a_base64
from collections.abc import Iterator, Sequence
from typing import TypeVar

from mailer.domain.address import CONTROLS
from mailer.message.expression.operations import UnfitValue

FOLD = 76  # RFC 2047 2 for lines with an encoded-word; RFC 5322 2.1.1 would take 78
LIMIT = 998  # RFC 5322 2.1.1, without CRLF
ENCODED_WORD = 75  # RFC 2047 2
_FRAME = len("=?utf-8?q??=")

_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_PHRASE = re.compile(rf"{_ATEXT}(?: {_ATEXT})*")
# RFC 2047 5 (3): the only characters that may stand for themselves in a phrase's encoded-word.
_Q_LITERAL = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/"
_Q_ONE = _Q_LITERAL + b" "  # those that take one character
# Each octet in the Q encoding.
_Q = [chr(octet) if octet in _Q_LITERAL else f"={octet:02X}" for octet in range(256)]
_Q[0x20] = "_"
ADDR_SPEC = re.compile(
    r'(?!.*=\?)[^\x00-\x20\x7f-\x9f()<>\[\]:;@\\,"\u2028\u2029\ud800-\udfff]+@[A-Za-z0-9.-]+'
)
_TOKEN = re.compile(r"[!-~]+")

Unit = TypeVar("Unit", str, bytes)


class HeaderError(UnfitValue):
    """A value can't stand in a header field: it holds a control character or is malformed."""


def unstructured(field: str, text: str) -> bytes:
    """Return a field of free text (Subject), in encoded-words where it isn't plain ASCII that folds."""
    refuse_controls(field, text)
    room = FOLD - len(field) - 2
    if _folds_as_it_is(text, room):
        return fold(field, [text] if len(text) <= room else re.findall(r" *[^ ]+", text))
    return fold(field, _encoded_words(text, room))


def mailbox(field: str, name: str, address: str) -> bytes:
    """Return `field` with one mailbox; `address` is an addr-spec with an A-label domain, `name` may be empty.

    The octets are ASCII unless the local part isn't: then they are UTF-8 and need SMTPUTF8 (RFC 6532 3).
    """
    if not ADDR_SPEC.fullmatch(address):
        raise HeaderError(f"{field}: {address!r} is not an address")
    if not (name := name.strip(" ")):
        return fold(field, [address])
    line = f"{field}: {name} <{address}>"
    if name.isascii() and len(line) <= FOLD and _PHRASE.fullmatch(name) and "=?" not in name:
        return f"{line}\r\n".encode()  # most names: what the long way comes to
    refuse_controls(field, name)
    room = FOLD - len(field) - 2
    return fold(field, [*(_plain_phrase(name, room) or _encoded_words(name, room)), f" <{address}>"])


def labelled(field: str, label: str, identifier: str) -> bytes:
    """Return a field like List-Id (RFC 2919 3): an id, after its label where that needs no encoded-word."""
    refuse_controls(field, label)
    _refuse_other_than_tokens(field, identifier)
    words = _plain_phrase(label.strip(" "), FOLD - len(field) - 2)
    return fold(field, [*words, f" <{identifier}>" if words else f"<{identifier}>"])


def literal(field: str, *tokens: str) -> bytes:
    """Return a field of `tokens` (URIs, ids, keywords) that are never encoded; it folds between them only."""
    _refuse_other_than_tokens(field, *tokens)
    return fold(field, [tokens[0], *(f" {token}" for token in tokens[1:])])


def refuse_controls(field: str, text: str) -> None:
    # What is printable (most texts are) has none of them; to ask that first takes a tenth of the time.
    if not text.isprintable() and (found := CONTROLS.search(text)):
        raise HeaderError(f"{field}: control character U+{ord(found[0]):04X} in {text!r}")


def _refuse_other_than_tokens(field: str, *tokens: str) -> None:
    for token in tokens:
        if not _TOKEN.fullmatch(token):
            raise HeaderError(f"{field}: {token!r} has a character that can't stand in a header field")


def _folds_as_it_is(text: str, room: int) -> bool:
    """Whether `text` survives as plain words: ASCII, none too long, none that looks encoded."""
    if not text.isascii() or "=?" in text or text != text.strip(" "):
        return False
    return len(text) <= room or ("  " not in text and max(map(len, text.split(" "))) <= room)


def _plain_phrase(name: str, room: int) -> list[str]:
    """Return a display name as atoms or one quoted-string; nothing if it is empty or has to be encoded."""
    if name and name.isascii() and "=?" not in name:
        if _PHRASE.fullmatch(name) and max(map(len, name.split(" "))) <= room:
            return re.findall(r" ?[^ ]+", name)
        # A quoted-string is never folded: not every parser takes the line end out again.
        if len(quoted := _quoted_string(name)) <= room:
            return [quoted]
    return []


def _quoted_string(text: str) -> str:
    """Return ASCII `text` as a quoted-string (RFC 5322 3.2.4)."""
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


def _encoded_words(text: str, room: int) -> list[str]:
    """Return `text` in encoded-words, q or b (whichever is shorter); `room` is the first one's columns."""
    octets = text.encode()
    # An octet that is quoted takes three characters.
    length = len(octets) + 2 * len(octets.translate(None, _Q_ONE))
    if length <= (len(octets) + 2) // 3 * 4:
        first, rest = room - _FRAME, ENCODED_WORD - _FRAME
        # What fits into one word, as most names do, need not be packed.
        runs = [_quoted(octets)] if length <= first else map("".join, pack(_chars(text), first, rest))
        words = [f" =?utf-8?q?{run}?=" for run in runs]
    else:
        first, rest = ((columns - _FRAME) // 4 * 3 for columns in (room, ENCODED_WORD))
        chars = [char.encode() for char in text]
        bits = [octets] if len(octets) <= first else map(b"".join, pack(chars, first, rest))
        words = [f" =?utf-8?b?{b2a_base64(run, newline=False).decode()}?=" for run in bits]
    return [words[0][1:], *words[1:]]


def pack(units: Sequence[Unit], first: int, rest: int) -> Iterator[list[Unit]]:
    """Yield runs of whole `units`, of at most `first` and then `rest` in length."""
    run: list[Unit] = []
    free = first
    for unit in units:
        if len(unit) > free and run:
            yield run
            run, free = [], rest
        run.append(unit)
        free -= len(unit)
    yield run


def _quoted(octets: bytes) -> str:
    """Return octets in the Q encoding."""
    return "".join([_Q[octet] for octet in octets])


def _chars(text: str) -> list[str]:
    """Return each character in the Q encoding: its octets must never be parted."""
    return [_quoted(char.encode()) for char in text]


def fold(field: str, words: Sequence[str]) -> bytes:
    """Return the field's lines: `words` after the first begin with the white space to fold at."""
    line = f"{field}: {''.join(words)}"
    if len(line) <= FOLD:
        return f"{line}\r\n".encode()
    lines = [f"{field}: {words[0]}"]
    for word in words[1:]:
        if len(lines[-1]) + len(word) > FOLD:
            lines.append(word)
        else:
            lines[-1] += word
    if max(map(len, lines)) > LIMIT:
        raise HeaderError(f"{field}: more than {LIMIT} characters that can't be folded (RFC 5322 2.1.1)")
    return ("\r\n".join(lines) + "\r\n").encode()
