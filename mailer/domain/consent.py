"""What people agree to and refuse, and where it is known from. The ledger of it is only added to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import ip_address, ip_network
from typing import NamedTuple

from mailer.domain.subscriber import Status


class Change(StrEnum):
    """What became of a subscription, or of all mail to an address."""

    ASKED = "asked"  # signed up, and has not confirmed it yet
    SUBSCRIBED = "subscribed"  # by an import, a command, or a form of a list that needs no confirmation
    CONFIRMED = "confirmed"
    PAUSED = "paused"
    RESUMED = "resumed"
    LEFT = "left"
    SUPPRESSED = "suppressed"
    ALLOWED = "allowed"  # no longer suppressed
    EXPLAINED = "explained"  # why they left: domain.leaving
    EDITED = "edited"  # they changed what is known of them, themselves
    MOVED = "moved"  # the address became another one, or another person's record was joined to it


# What a subscription that came to have a status is recorded as, where nothing more is known.
BECAME = {
    Status.SUBSCRIBED: Change.SUBSCRIBED,
    Status.UNCONFIRMED: Change.ASKED,
    Status.UNSUBSCRIBED: Change.LEFT,
}


class SourceKind(StrEnum):
    """By what way something was said."""

    FORM = "form"
    IMPORT = "import"
    API = "api"
    COMMAND = "command"
    LINK = "link"  # in a mail: the person's own
    MAIL = "mail"  # that came back, or that they wrote
    BEFORE = "before"  # known from before there was a record of it


class KeptIp(StrEnum):
    """How much of an IP address is kept as evidence; the value is how the setting has it."""

    TRUNCATED = "truncated"  # to the network: 24 bits of IPv4, 48 of IPv6
    WHOLE = "whole"
    NONE = "none"


def ip_as_kept(ip: str, how: KeptIp) -> str | None:
    """Return what is kept of an IP address."""
    if how is KeptIp.NONE:
        return None
    whole = ip_address(ip)
    if how is KeptIp.WHOLE:
        return str(whole)
    return str(ip_network((whole, 24 if whole.version == 4 else 48), strict=False).network_address)


@dataclass(frozen=True, slots=True)
class Source:
    """Where people said what: its name (of the file, the form, the command), by whom, and the wording."""

    kind: SourceKind
    name: str = ""
    by: str = ""
    wording: str = ""
    version: str = ""

    def __str__(self) -> str:
        speaks = self.kind in (SourceKind.LINK, SourceKind.BEFORE)
        named = self.name if self.name and speaks else f"{self.kind} {self.name}".rstrip()
        return f"{named} by {self.by}" if self.by else named


class Evidence(NamedTuple):
    """What is known of the moment that somebody said something; None for what isn't.

    `at` is when; `line` is of the file, `ip` an address as it may be kept, `agent` a User-Agent.
    """

    at: datetime | None = None
    line: int | None = None
    ip: str | None = None
    agent: str | None = None
    note: str | None = None

    def when(self, now: datetime) -> datetime:
        """Return when it was said: now where that isn't known, or is told to be later."""
        return now if self.at is None else min(self.at, now)


NOTHING_KNOWN = Evidence()
