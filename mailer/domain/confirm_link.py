"""The link in a mail that asks whether somebody wants the lists that they signed up for.

Its token is base64url(varints: since when, in milliseconds, the subscriber, the sign-up, the lists; then 16
octets of HMAC-SHA256 over the purpose and them). It is good for a while only, for this purpose, this person
and these lists. Where it would end in - or _, which programs that look for links leave out, it has one octet
of the HMAC more.
"""

from __future__ import annotations

import binascii
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from mailer.domain.varints import read_varints, varint

_CONFIRM = "/confirm/"
CONFIRM = f"{_CONFIRM}{{token:rest}}"  # and whatever mail programs make of its end
PURPOSE = b"mailer/confirm/1:"
MAC_OCTETS = 16
_LONGER = MAC_OCTETS + 1
_EPOCH, _MILLISECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)
_WRITTEN = re.compile(r"[A-Za-z0-9_-]{28,400}")


class ConfirmToken(NamedTuple):
    """Since when it is good, for whom, by which sign-up (0: by none that is kept), and for which lists."""

    since: datetime
    subscriber_id: int
    signup_id: int
    list_ids: tuple[int, ...]


def confirm_url(base_url: str, key: bytes, token: ConfirmToken) -> str:
    """Return the address of the page on which a sign-up is confirmed, signed with `key`."""
    return f"{base_url.rstrip('/')}{_CONFIRM}{sign_confirmation(key, token)}"


def sign_confirmation(key: bytes, token: ConfirmToken) -> str:
    """Return the token's text."""
    moment = (token.since - _EPOCH) // _MILLISECOND  # cut off, as where it is kept
    payload = b"".join(map(varint, (moment, token.subscriber_id, token.signup_id, *token.list_ids)))
    digest = hmac.digest(key, PURPOSE + payload, "sha256")
    text = _text(payload + digest[:MAC_OCTETS])
    return _text(payload + digest[:_LONGER]) if text.endswith(("-", "_")) else text


def read_confirmation(key: bytes, came: str) -> ConfirmToken | None:
    """Return the token at the beginning of what came of a link; None if `key` did not sign it for this."""
    found = _WRITTEN.match(came)
    if found is None:
        return None
    try:
        raw = urlsafe_b64decode(found[0] + "=" * (-len(found[0]) % 4))
    except (binascii.Error, ValueError):
        return None
    for octets in (MAC_OCTETS, _LONGER):
        payload, mac = raw[:-octets], raw[-octets:]
        good = hmac.digest(key, PURPOSE + payload, "sha256")[:octets]
        # Base64 has spare bits: only the text that we would write is good.
        if hmac.compare_digest(mac, good) and (token := _parsed(payload)):
            return token if hmac.compare_digest(sign_confirmation(key, token), found[0]) else None
    return None


def _parsed(payload: bytes) -> ConfirmToken | None:
    if (begun := read_varints(payload, 3)) is None:
        return None
    (moment, person, signup), rest = begun
    lists = []
    while rest:
        if (more := read_varints(rest, 1)) is None:
            return None
        lists += more[0]
        rest = more[1]
    return ConfirmToken(_EPOCH + moment * _MILLISECOND, person, signup, tuple(lists)) if lists else None


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
