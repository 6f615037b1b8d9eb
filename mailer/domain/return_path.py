"""The address that a bounce comes back to, and the token in it: which send, whose copy, signed.

`bounces@news.example` becomes `bounces+<token>@news.example` (Verp.PLUS), or `<token>@bounces.news.example`
(Verp.SUBDOMAIN) where the mail server of that domain takes whatever is written to it. The token goes along
as the ENVID of a DSN (RFC 3461 4.4) and in the metadata of relays, too.

It is hexadecimal, because mail systems fold case, and base 16 costs a tenth of base 32: two varints (send,
subscriber), the week in which the mail was made (two octets, since 1970) and 8 octets of keyed BLAKE2b
(RFC 7693) over them. It is good for a year.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b, sha256

from mailer.domain.returned import Returned
from mailer.domain.varints import read_varints, varint

PURPOSE = b"mailer/return/1"
MAC_OCTETS = 8
WEEK_OCTETS = 2
WEEK = 7 * 86_400.0  # seconds
GOOD_FOR = 53  # weeks
NUMBERS = 2  # send, subscriber
NUMBER_OCTETS = 5  # of a send or a subscriber, at most
LONGEST = 2 * (2 * NUMBER_OCTETS + WEEK_OCTETS + MAC_OCTETS)  # characters
SHORTEST = 2 * (2 + WEEK_OCTETS + MAC_OCTETS)
LOCAL_PART = 64  # octets: RFC 5321 4.5.3.1.1
ROOM = LOCAL_PART - 1 - LONGEST  # for the local part before the token

_HEX = re.compile(rf"(?<![0-9a-f])[0-9a-f]{{{SHORTEST},{LONGEST}}}(?![0-9a-f])")
_LOOKED_AT = 2000  # characters of a text in which a token may stand
_CANDIDATES = 20


class Verp(StrEnum):
    """Where in the return path the token stands; the value is how the setting MAIL_VERP has it."""

    OFF = "off"
    PLUS = "plus"
    SUBDOMAIN = "subdomain"


class ReturnSigner:
    """Signs the return paths of one send. Run for every message."""

    def __init__(self, key: bytes, send_id: int) -> None:
        self._begun = _keyed(key)
        self._send = varint(send_id)

    def sign(self, subscriber_id: int, moment: float) -> str:
        """Return the token of a copy that is made at `moment` (Unix seconds)."""
        payload = self._send + varint(subscriber_id) + int(moment // WEEK).to_bytes(WEEK_OCTETS, "big")
        mac = self._begun.copy()
        mac.update(payload)
        return (payload + mac.digest()).hex()


class ReturnTokens:
    """Reads what the signers of one key wrote."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def read(self, text: str, now: datetime) -> Returned | None:
        """Return what a token says; None for what `key` did not sign, or more than a year ago."""
        try:
            raw = bytes.fromhex(text)
        except ValueError:
            return None
        payload, mac = raw[:-MAC_OCTETS], raw[-MAC_OCTETS:]
        good = _keyed(self._key)
        good.update(payload)
        if not (self._key and hmac.compare_digest(mac, good.digest())):
            return None
        found = read_varints(payload, NUMBERS)
        if found is None or len(found[1]) != WEEK_OCTETS:
            return None
        age = int(now.timestamp() // WEEK) - int.from_bytes(found[1], "big")
        return Returned(*found[0]) if -1 <= age <= GOOD_FOR else None

    def find(self, text: str, now: datetime) -> Returned | None:
        """Return what the first good token in a text says: an address that others rewrote, an ENVID."""
        return next(filter(None, (self.read(each, now) for each in _candidates(text))), None)


def return_path(address: str, verp: Verp, token: str) -> str:
    """Return the address to which the copy with this token comes back; `address` without a token."""
    if verp is Verp.OFF or not token:
        return address
    local, _, domain = address.rpartition("@")
    return f"{local}+{token}@{domain}" if verp is Verp.PLUS else f"{token}@{local}.{domain}"


def _candidates(text: str) -> Iterator[str]:
    for number, found in enumerate(_HEX.finditer(text[:_LOOKED_AT].lower())):
        if number == _CANDIDATES:
            return
        yield found[0]


def _keyed(key: bytes) -> blake2b:
    # A key of BLAKE2b has 64 octets at most.
    return blake2b(key=sha256(key).digest(), digest_size=MAC_OCTETS, person=PURPOSE)
