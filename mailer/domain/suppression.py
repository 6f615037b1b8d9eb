"""Who is never mailed, and how they are known: by address, by its domain, by a hash once they are erased."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from enum import StrEnum
from hashlib import blake2b

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


class Kind(StrEnum):
    """By what somebody is suppressed; the sign that its keys begin with. No address begins with `@`."""

    ADDRESS = ""
    DOMAIN = "@"
    ERASED = "#"


def hash_address(email_key: str, key: bytes) -> str:
    """Return what an erased address (`Address.key`) is known by: keyed BLAKE2b (RFC 7693, section 2.9)."""
    digest = blake2b(email_key.encode(), key=key, digest_size=OCTETS).digest()
    return Kind.ERASED + urlsafe_b64encode(digest).decode()


def keys_of(email_key: str, hashed: str) -> tuple[str, str, str]:
    """Return what an address may be suppressed by; what says the most first."""
    return email_key, email_key[email_key.rindex(Kind.DOMAIN) :], hashed
