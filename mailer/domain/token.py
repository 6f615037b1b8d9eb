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
from html import unescape
from typing import NamedTuple
from urllib.parse import unquote

MAC_OCTETS = 16
SHORTEST, LONGEST = 26, 128  # characters
PURPOSE = b"mailer/delivery-link/1:"
DASHES = "-_"
ENCODINGS = 4  # of one link, at most: each program on its way may add one

_READ = 1024  # characters, of whatever stands in the place of a token
_BEFORE = 100  # characters of a token's kind in front of it, at most
# Breaks that mail programs put into a long link: blanks, soft line breaks, and what has no width.
_BREAKS = re.compile(r"[=\s\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_FOREIGN = re.compile(r"[^A-Za-z0-9_-]+")
_OCTET = re.compile(r"=([0-9A-Fa-f]{2})")  # in quoted-printable, RFC 2045 6.7


class LinkToken(NamedTuple):
    """What a link in a mail says: which send, whom, and the first list that brought them in."""

    send_id: int
    subscriber_id: int
    list_id: int


def sign_token(key: bytes, token: LinkToken) -> str:
    """Return the token's text (URL-safe, no padding), signed with `key`."""
    payload = _varint(token.send_id) + _varint(token.subscriber_id) + _varint(token.list_id)
    mac = _mac(key, payload)
    text = _written(payload + mac[:MAC_OCTETS])
    return _written(payload + mac[: MAC_OCTETS + 1]) if text.endswith(tuple(DASHES)) else text


def read_token(key: bytes, text: str) -> LinkToken | None:
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


def find_token(key: bytes, text: str) -> LinkToken | None:
    """Return the token in what came of a link on its way: with remains about it, encoded, broken apart.

    Mail programs take the full stop behind a link for a part of it, or a bracket, or a quotation mark; they
    break it and quote its second half, encode it once more, put a backslash in, or leave out a dash at its
    end. Whatever `key` signed stands for itself.
    """
    return next(filter(None, (read_token(key, each) for each in _candidates(text))), None)


def _candidates(text: str) -> Iterator[str]:
    text = text[:_READ]
    for _ in range(ENCODINGS):
        text = unescape(unquote(text))
    for plain in dict.fromkeys([text, _OCTET.sub(lambda octet: chr(int(octet[1], 16)), text)]):
        unbroken = _BREAKS.sub("", plain)
        for instead in ("", *DASHES):
            yield from _shaped_as_tokens(_FOREIGN.sub(instead, f"{unbroken}."))


def _shaped_as_tokens(text: str) -> Iterator[str]:
    for start in range(min(len(text) - SHORTEST + 1, _BEFORE)):
        numbers = urlsafe_b64decode(text[start : start + LONGEST][: (len(text) - start) // 4 * 4])
        if octets := _payload_octets(numbers):
            for all_octets in (octets + MAC_OCTETS + 1, octets + MAC_OCTETS):
                yield text[start : start + (all_octets * 4 + 2) // 3]


def _payload_octets(raw: bytes) -> int:
    """Return how many octets three varints take at the beginning of `raw`, or 0 if there are none."""
    ends = [place for place, octet in enumerate(raw, 1) if octet < 0x80][: len(LinkToken._fields)]
    return ends[-1] if len(ends) == len(LinkToken._fields) else 0


def _parsed(raw: bytes) -> tuple[LinkToken, bytes, bytes] | None:
    """Return token, payload and HMAC in `raw`, or None if it has not the shape of a token."""
    numbers, number, shift = [], 0, 0
    for place, octet in enumerate(raw, 1):
        number |= (octet & 0x7F) << shift
        shift += 7
        if octet < 0x80:
            numbers.append(number)
            number, shift = 0, 0
            if len(numbers) == len(LinkToken._fields):
                mac = raw[place:]
                fits = len(mac) in (MAC_OCTETS, MAC_OCTETS + 1)
                return (LinkToken(*numbers), raw[:place], mac) if fits else None
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
