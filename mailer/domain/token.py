"""Signed links: one token a recipient and send, good for every purpose whose path it stands under.

A token is base64url(three varints: send, subscriber, list; then 16 octets of HMAC-SHA256 over them). It
names subscriber and list by itself, so that unsubscribing works even when the send's rows are gone, and it
never expires: a person may leave by an old mail. Where it would end in - or _, which programs that look for
links in a text leave out, it has one octet of the HMAC more, and then it ends in none.
"""

from __future__ import annotations

import binascii
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

MAC_OCTETS = 16
SHORTEST, LONGEST = 26, 128  # characters
PURPOSE = b"mailer/delivery-link/1:"
DASHES = "-_"
ENCODINGS = 4  # of one link, at most: each program on its way may add one

_READ = 1024  # characters, of whatever stands in the place of a token
# Breaks that mail programs put into a long link: blanks, soft line breaks, and what has no width.
_BREAKS = re.compile(r"[=\s\u00ad\u200b-\u200f\u2060\ufeff]")
_RUN = re.compile(r"[^A-Za-z0-9_-]*([A-Za-z0-9_-]*)")


class Token(NamedTuple):
    """What a link in a mail says: which send, whom, and the first list that brought them in."""

    send_id: int
    subscriber_id: int
    list_id: int


def sign_token(key: bytes, token: Token) -> str:
    """Return the token's text (URL-safe, no padding), signed with `key`."""
    payload = _varint(token.send_id) + _varint(token.subscriber_id) + _varint(token.list_id)
    mac = _mac(key, payload)
    text = _written(payload + mac[:MAC_OCTETS])
    return _written(payload + mac[: MAC_OCTETS + 1]) if text.endswith(tuple(DASHES)) else text


def read_token(key: bytes, text: str) -> Token | None:
    """Return the token in `text`, or None if `key` did not sign it or it is not in its one written form."""
    if not text.isascii() or not SHORTEST <= len(text) <= LONGEST:
        return None
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return None
    # Base64 has spare bits and ignores foreign characters: only the text that we would write is good.
    found = _parsed(raw) if _written(raw) == text else None
    if found is None:
        return None
    token, payload, mac = found
    return token if hmac.compare_digest(mac, _mac(key, payload)[: len(mac)]) else None


def find_token(key: bytes, text: str) -> Token | None:
    """Return the token in what came of a link on its way: with remains behind it, encoded, broken apart.

    Mail programs take the full stop behind a link for a part of it, or a bracket, or a quotation mark; they
    break it, encode it once more, or leave out a dash at its end. Whatever `key` signed stands for itself.
    """
    return next(filter(None, (read_token(key, each) for each in _candidates(text))), None)


def _candidates(text: str) -> Iterator[str]:
    text = text[:_READ]
    for _ in range(ENCODINGS):
        text = unquote(text)
    found = _RUN.match(_BREAKS.sub("", text))
    run = found[1][: LONGEST + 1] if found else ""
    yield from (run[:length] for length in range(len(run), SHORTEST - 1, -1))
    yield from (run + dash for dash in DASHES)


def _parsed(raw: bytes) -> tuple[Token, bytes, bytes] | None:
    """Return token, payload and HMAC in `raw`, or None if it has not the shape of a token."""
    numbers, number, shift = [], 0, 0
    for place, octet in enumerate(raw, 1):
        number |= (octet & 0x7F) << shift
        shift += 7
        if octet < 0x80:
            numbers.append(number)
            number, shift = 0, 0
            if len(numbers) == len(Token._fields):
                mac = raw[place:]
                fits = len(mac) in (MAC_OCTETS, MAC_OCTETS + 1)
                return (Token(*numbers), raw[:place], mac) if fits else None
    return None


def _written(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _mac(key: bytes, payload: bytes) -> bytes:
    mac = _begun(key).copy()
    mac.update(payload)
    return mac.digest()


@lru_cache(maxsize=4)
def _begun(key: bytes) -> hmac.HMAC:
    # A link is signed for every message: to copy what is the same in all takes half as long as to begin anew.
    return hmac.new(key, PURPOSE, "sha256")


def _varint(number: int) -> bytes:
    if number <= 0x7F:
        return number.to_bytes(1, "little")
    octets = bytearray()
    while number > 0x7F:
        octets.append(number & 0x7F | 0x80)
        number >>= 7
    octets.append(number)
    return bytes(octets)
