"""Signed links: one token a recipient and send, good for every purpose whose path it stands under.

A token is base64url(three varints: send, subscriber, list; then 16 octets of HMAC-SHA256 over them). It
names subscriber and list by itself, so that unsubscribing works even when the send's rows are gone, and it
never expires: a person may leave by an old mail.
"""

from __future__ import annotations

import binascii
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import lru_cache
from typing import NamedTuple

MAC_OCTETS = 16
PURPOSE = b"mailer/delivery-link/1:"


class Token(NamedTuple):
    """What a link in a mail says: which send, whom, and the first list that brought them in."""

    send_id: int
    subscriber_id: int
    list_id: int


def sign_token(key: bytes, token: Token) -> str:
    """Return the token's text (URL-safe, no padding), signed with `key`."""
    payload = _varint(token.send_id) + _varint(token.subscriber_id) + _varint(token.list_id)
    return urlsafe_b64encode(payload + _mac(key, payload)).rstrip(b"=").decode("ascii")


def read_token(key: bytes, text: str) -> Token | None:
    """Return the token in `text`, or None if `key` did not sign it or it is not in its one written form."""
    if not text.isascii() or len(text) > 128:
        return None
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return None
    payload, mac = raw[:-MAC_OCTETS], raw[-MAC_OCTETS:]
    if not payload or not hmac.compare_digest(mac, _mac(key, payload)):
        return None
    token = Token(*_varints(payload))
    # Base64 has spare bits and ignores foreign characters: only the text that we would write is good.
    return token if hmac.compare_digest(sign_token(key, token), text) else None


def _mac(key: bytes, payload: bytes) -> bytes:
    mac = _begun(key).copy()
    mac.update(payload)
    return mac.digest()[:MAC_OCTETS]


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


def _varints(payload: bytes) -> tuple[int, int, int]:
    numbers, number, shift = [], 0, 0
    for octet in payload:
        number |= (octet & 0x7F) << shift
        shift += 7
        if octet < 0x80:
            numbers.append(number)
            number, shift = 0, 0
    first, second, third = numbers
    return first, second, third
