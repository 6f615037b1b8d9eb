"""Questions to DNS, each with a time limit, and answers as values."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

import dns.asyncresolver
import dns.exception
import dns.nameserver
import dns.rdata
import dns.resolver
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.TXT import TXT

from mailer.errors import UsageError

LIMIT = 5.0  # seconds a question
PORT = 53


@dataclass(frozen=True, slots=True)
class Found:
    """The records, as text: those of TXT joined, those of MX as `10 mx.gazette.example`, sorted."""

    records: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Absent:
    """There is no such record, and the server is sure of it."""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Nobody knows: the server didn't answer, or said that it can't."""

    words: str


Answer = Found | Absent | Unanswered


class Lookup:
    """Asks `server` (`ADDRESS` or `ADDRESS:PORT`), or the system's name servers; UsageError if it is neither.

    If the first questions have no answer in time, no other is asked: a whole run waits for silence once.
    """

    def __init__(self, server: str = "") -> None:
        self._silence = ""
        self._heard = False
        self._resolver: dns.asyncresolver.Resolver | None = None
        try:
            self._resolver = dns.asyncresolver.Resolver(configure=not server)
        except (dns.resolver.NoResolverConfiguration, OSError):
            self._silence = "this machine has no name server in /etc/resolv.conf"
            return
        self._resolver.lifetime = LIMIT
        self._resolver.cache = dns.resolver.Cache()
        if server:
            self._resolver.nameservers = [dns.nameserver.Do53Nameserver(*_place(server))]

    async def texts(self, name: str) -> Answer:
        """Return the TXT records of `name`."""
        return await self._ask(name, "TXT")

    async def exchangers(self, name: str) -> Answer:
        """Return the MX records of `name`, the preferred first."""
        return await self._ask(name, "MX")

    async def addresses(self, name: str) -> Answer:
        """Return the addresses of `name`, of IPv4 or else of IPv6."""
        found = await self._ask(name, "A")
        return await self._ask(name, "AAAA") if isinstance(found, Absent) else found

    async def _ask(self, name: str, kind: str) -> Answer:
        if self._silence or self._resolver is None:
            return Unanswered(self._silence)
        try:
            answer = await self._resolver.resolve(f"{name.rstrip('.')}.", kind)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            self._heard = True
            return Absent()
        except dns.exception.Timeout:
            words = f"no name server answered for {name} within {LIMIT:g} s"
            self._silence = "" if self._heard else words
            return Unanswered(words)
        except (dns.exception.DNSException, OSError, UnicodeError) as error:
            return Unanswered(_words(error, name))
        self._heard = True
        return Found(tuple(_text(record) for record in sorted(answer, key=_order)))


def _order(record: dns.rdata.Rdata) -> tuple[int, str]:
    return (record.preference if isinstance(record, MX) else 0), record.to_text()


def _text(record: dns.rdata.Rdata) -> str:
    if isinstance(record, TXT):
        # RFC 7208 3.3, RFC 6376 3.6.2.2: the strings of one record belong together, with nothing between.
        return b"".join(record.strings).decode("utf-8", "replace")
    return record.to_text()


def _words(error: Exception, name: str) -> str:
    if isinstance(error, dns.resolver.NoNameservers):
        return f"the name server can't answer for {name}"
    return f"{name} can't be looked up: {type(error).__name__}"


def _place(server: str) -> tuple[str, int]:
    try:
        with suppress(ValueError):
            return str(ip_address(server)), PORT
        parts = urlsplit(f"//{server}")
        return str(ip_address(parts.hostname or "")), parts.port or PORT
    except ValueError:
        raise UsageError(
            f"{server!r} is no address of a name server",
            next_step="Write it like 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:5353",
        ) from None
