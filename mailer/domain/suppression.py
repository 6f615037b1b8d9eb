"""Who is never mailed, and how they are known: by address, by its domain, by a hash once they are erased."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from mailer.domain.address import Address

ADDRESSES = "addresses"  # the name of the key that a database keeps for hashes of addresses
KEY_OCTETS = 32
OCTETS = 15  # of a hash: 20 characters


class Reason(StrEnum):
    """Why an address is never mailed."""

    BOUNCED = "bounced"
    COMPLAINED = "complained"
    REQUESTED = "requested"  # by the person
    BLOCKED = "blocked"  # by the sender
    ERASED = "erased"  # all that was known of them is gone


# What only the person can take back; it takes the place of a reason that is the sender's or a server's.
OWN_WORD = frozenset({Reason.COMPLAINED, Reason.REQUESTED, Reason.ERASED})
# What is said of the person, and not of the mailbox: it holds for every address of theirs.
CARRIED = OWN_WORD - {Reason.ERASED} | {Reason.BLOCKED}


class Kind(StrEnum):
    """By what somebody is suppressed; the sign that its keys begin with. No address begins with `@`."""

    ADDRESS = ""
    DOMAIN = "@"
    ERASED = "#"


class Suppression(NamedTuple):
    """A key that is never mailed, why, what was said of it, and since when."""

    who: str
    reason: str
    note: str
    since: datetime


def read_who(text: str) -> str:
    """Return the key of what a person types: an address, or all at a domain.

    That is written `@quay.example`, `quay.example` or `*@quay.example`. AddressError if it is none of them.
    """
    bare = text.strip().removeprefix("*@").removeprefix(Kind.DOMAIN)
    if Kind.DOMAIN in bare:
        return Address.parse(text).key
    return Kind.DOMAIN + Address.parse(f"anybody@{bare}").domain


def hash_address(email_key: str, key: bytes) -> str:
    """Return what an erased address (`Address.key`) is known by: keyed BLAKE2b (RFC 7693, section 2.9)."""
    hasher = _keyed(key).copy()
    hasher.update(email_key.encode())
    return Kind.ERASED + urlsafe_b64encode(hasher.digest()).decode()


@lru_cache(4)
def _keyed(key: bytes) -> blake2b:
    """Return what has taken the key in already, which is half of the work."""
    return blake2b(key=key, digest_size=OCTETS)


def keys_of(email_key: str, hashed: str) -> tuple[str, str, str]:
    """Return what an address may be suppressed by; what says the most first."""
    return hashed, email_key, email_key[email_key.rindex(Kind.DOMAIN) :]
