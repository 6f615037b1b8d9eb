"""Whether a domain takes mail at all, by what DNS says (RFC 5321 5.1, RFC 7505)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from mailer.online.lookup import Absent, Found, Lookup, Unanswered

AT_ONCE = 50  # domains
NULL_MX = "0 ."  # RFC 7505: it takes none
# A name server that knows no mail server of theirs knows of none: that of a network which leads nowhere.
KNOWN = ("gmail.com", "outlook.com")


class TakesMail(Enum):
    """What DNS says of mail to a domain."""

    YES = "has a mail server"
    PERHAPS = "no MX record, only an address"
    NULL_MX = "says that it takes no mail (null MX)"
    NO = "no mail server"


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain, and whether it takes mail; the words of `unanswered` where nobody knows."""

    name: str
    takes_mail: TakesMail | None
    unanswered: str = ""


async def ask(domains: Iterable[str], server: str, tell: Callable[[int], None]) -> list[Domain]:
    """Ask DNS (the name server `server`, or the system's) about each domain, some at once.

    `tell` is called with 1 for each that was asked about. UsageError for what is no name server.
    """
    lookup, left = Lookup(server), iter(domains)
    found: list[Domain] = []
    if ignorant := await _ignorant(lookup):
        return [Domain(name, None, ignorant) for name in left]

    async def go_on() -> None:
        for name in left:
            found.append(await _ask(lookup, name))
            tell(1)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(go_on())
    return found


async def _ignorant(lookup: Lookup) -> str:
    """Return the words for a name server whose answers mean nothing; none for one that knows its own."""
    answers = [await lookup.exchangers(name) for name in KNOWN]
    if any(isinstance(each, Found) for each in answers):
        return ""
    return next(
        (each.words for each in answers if isinstance(each, Unanswered)),
        f"the name server knows no mail server of {KNOWN[0]} either",
    )


async def _ask(lookup: Lookup, name: str) -> Domain:
    exchangers = await lookup.exchangers(name)
    if isinstance(exchangers, Found):
        none = exchangers.records == (NULL_MX,)
        return Domain(name, TakesMail.NULL_MX if none else TakesMail.YES)
    # RFC 5321 5.1: without an MX record mail goes to the domain's address.
    answer = await lookup.addresses(name) if isinstance(exchangers, Absent) else exchangers
    match answer:
        case Unanswered(words):
            return Domain(name, None, words)
        case Found():
            return Domain(name, TakesMail.PERHAPS)
        case Absent():
            return Domain(name, TakesMail.NO)
