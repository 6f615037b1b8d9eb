"""How many sign-ups are taken from where, and what tells a person from a program. Pure: no clock is read."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from ipaddress import ip_address, ip_network

A_DAY = timedelta(days=1)
LATELY = timedelta(minutes=10)  # in which sign-ups leap
_LONGEST = timedelta(days=1)  # that a page is left open
_PURPOSE = b"mailer/form-opened/1:"
_NETWORK_PURPOSE = b"mailer/signup-network/1:"
_MAC_DIGITS = 32


class Proof(StrEnum):
    """When whoever signs up has to prove some work."""

    SURGE = "surge"
    ALWAYS = "always"
    NEVER = "never"


class SignupRefusal(StrEnum):
    """Why a sign-up isn't kept, whoever it is about."""

    PROGRAM = "program"  # which is told what a person is told
    TOO_MANY = "too-many"
    UNPROVED = "unproved"


@dataclass(frozen=True, slots=True)
class Counted:
    """How many sign-ups were kept in a day, of these from one network, and in the last minutes."""

    day: int
    network: int
    lately: int


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many are taken of one network a day and of all; 0: any number. From `surge` on they leap."""

    per_network: int
    per_day: int
    surge: int
    proof: Proof

    def leaps(self, counted: Counted) -> bool:
        """Return whether so many came lately that programs must be at it."""
        return bool(self.surge) and counted.lately >= self.surge

    def wants_proof(self, counted: Counted) -> bool:
        """Return whether the next one has to prove some work."""
        return self.proof is Proof.ALWAYS or (self.proof is Proof.SURGE and self.leaps(counted))

    def refusal(self, counted: Counted, *, proved: bool) -> SignupRefusal | None:
        """Return why the next one isn't kept; None if it is."""
        if self.per_network and counted.network >= self.per_network:
            return SignupRefusal.TOO_MANY
        if self.per_day and counted.day >= self.per_day:
            return SignupRefusal.TOO_MANY
        if self.wants_proof(counted) and not proved:
            return SignupRefusal.UNPROVED
        return None


def network_key(ip: str, key: bytes) -> str:
    """Return what stands for the network of an address, keyed: of IPv6 the /64 that one line gets.

    Empty for what is no address: then nothing is known of where it came from.
    """
    try:
        address = ip_address(ip)
    except ValueError:
        return ""
    network = str(ip_network((address, 64), strict=False)) if address.version == 6 else str(address)
    return hmac.digest(key, _NETWORK_PURPOSE + network.encode(), "sha256").hex()[:_MAC_DIGITS]


def opened_stamp(now: datetime, key: bytes) -> str:
    """Return what a form carries to say when it was shown."""
    moment = str(int(now.timestamp() * 1000))
    return f"{moment}.{_mac(moment, key)}"


def filled_in_by_a_program(trap: str, stamp: str, now: datetime, key: bytes, quickest: timedelta) -> bool:
    """Return whether no person filled in a form: by the field that none sees, or quicker than one can.

    A form on another site has no `stamp`; one that is forged or very old says nothing.
    """
    if trap.strip():
        return True
    moment, _, mac = stamp.partition(".")
    if not (moment.isascii() and moment.isdigit() and len(moment) < 16):
        return False
    if not hmac.compare_digest(mac.encode(), _mac(moment, key).encode()):
        return False
    age = now - datetime.fromtimestamp(int(moment) / 1000, UTC)
    return -_LONGEST < age < quickest


def _mac(moment: str, key: bytes) -> str:
    return hmac.digest(key, _PURPOSE + moment.encode(), "sha256").hex()[:_MAC_DIGITS]
