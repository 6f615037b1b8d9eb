"""Links that are mailed to somebody's own address, because what they lead to is for nobody else.

One leads to what is kept of a person, which they may take, have erased, or move to another address; one is
mailed to that address, and moves it there. Its token is base64url(varints: the subscriber, until when it is
good, in seconds since 1970; the other address; then 16 octets of HMAC-SHA256 over the purpose, these and the
address that the person has now). So it is good for a while, for this purpose and person, and no longer once
the address is another one. Where it would end in - or _, which programs that look for links leave out, it has
one octet of the HMAC more.
"""

from __future__ import annotations

import binascii
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from enum import Enum
from typing import NamedTuple

from mailer.domain.varints import read_varints, varint

MAC_OCTETS = 16
_LONGER = MAC_OCTETS + 1
_MOST = 1 << 63  # of an id: a database has no more
_WRITTEN = re.compile(r"[A-Za-z0-9_-]{28,600}")


class AccountPurpose(Enum):
    """What a link is for; the value is the path of its page, up to the token."""

    DATA = "/account/"
    ADDRESS = "/address/"


# And whatever mail programs make of the end of a link.
DATA, ADDRESS = (f"{each.value}{{token:rest}}" for each in AccountPurpose)


class AccountToken(NamedTuple):
    """Whom a link is for, until when (Unix seconds), and the address that theirs is to become."""

    subscriber_id: int
    until: int
    address: str = ""

    def over(self, now: datetime) -> bool:
        """Whether it is good no longer."""
        return now > datetime.fromtimestamp(self.until, UTC)


def account_url(
    base_url: str, key: bytes, purpose: AccountPurpose, token: AccountToken, email_key: str
) -> str:
    """Return the address of the page, signed with `key`, for who has the address `email_key`."""
    return f"{base_url.rstrip('/')}{purpose.value}{sign_account(key, purpose, token, email_key)}"


def sign_account(key: bytes, purpose: AccountPurpose, token: AccountToken, email_key: str) -> str:
    """Return the token's text."""
    payload = varint(token.subscriber_id) + varint(token.until) + token.address.encode()
    digest = hmac.digest(key, f"mailer{purpose.value}1:{email_key}\0".encode() + payload, "sha256")
    text = _text(payload + digest[:MAC_OCTETS])
    return _text(payload + digest[:_LONGER]) if text.endswith(("-", "_")) else text


def claimed(came: str) -> tuple[str, tuple[AccountToken, ...]]:
    """Return the text of a token at the beginning of what came of a link, and what it may say.

    None of it is so before `is_signed`: for that one has to know the address of whom it names.
    """
    found = _WRITTEN.match(came)
    if found is None:
        return "", ()
    try:
        raw = urlsafe_b64decode(found[0] + "=" * (-len(found[0]) % 4))
    except (binascii.Error, ValueError):
        return "", ()
    said = (_parsed(raw[:-octets]) for octets in (MAC_OCTETS, _LONGER))
    return found[0], tuple(each for each in said if each)


def is_signed(key: bytes, purpose: AccountPurpose, token: AccountToken, email_key: str, text: str) -> bool:
    """Whether `key` signed this text, as what `token` says, for who has this address (`Address.key`)."""
    return hmac.compare_digest(sign_account(key, purpose, token, email_key), text)


def _parsed(payload: bytes) -> AccountToken | None:
    if (begun := read_varints(payload, 2)) is None:
        return None
    try:
        (person, until), rest = begun
        return AccountToken(person, until, rest.decode()) if person < _MOST else None
    except UnicodeDecodeError:
        return None


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
