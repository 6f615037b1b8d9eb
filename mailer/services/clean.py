"""Look through lists for addresses that are worth a look; correct or suppress them if told to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Engine

from mailer.domain.address import Address
from mailer.domain.consent import Source
from mailer.domain.mailbox_providers import PROVIDERS
from mailer.online.mail_domains import Domain, TakesMail, ask
from mailer.people.cleaning.changing import NewAddress, block, correct, obstacles
from mailer.people.cleaning.disposable import DisposableDomains
from mailer.people.cleaning.doubts import Doubtful, Mailboxes, Suspicion, doubts_about
from mailer.people.cleaning.reachable import count_reachable, reachable

__all__ = ["Clean", "Doubtful", "Inspection", "Remedy", "Suspicion", "change", "look"]

_T = TypeVar("_T")

BATCH = 1000  # people in one transaction

# Gets what is done, and how much of it there is, and yields what counts it.
Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]


@dataclass(frozen=True, slots=True)
class Clean:
    """What to look at: people on one of these lists, or on any. `spared` domains are right as they are.

    Only `online` is DNS asked: the name server `server`, or the system's.
    """

    lists: tuple[str, ...] = ()
    online: bool = False
    server: str = ""
    spared: frozenset[str] = frozenset()


@dataclass(slots=True)
class Inspection:
    """What was found: how many people were looked at, and by which list of disposable domains.

    `unanswered` are domains that nobody answered for, with the words why.
    """

    disposable: DisposableDomains
    people: int = 0
    doubtful: list[Doubtful] = field(default_factory=list)
    unanswered: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Remedy:
    """What is to be done: addresses to correct, and whom never to mail again, by id with address and why."""

    corrections: tuple[NewAddress, ...]
    suppressed: Mapping[int, tuple[str, str]]

    @classmethod
    def wanted(cls, found: Inspection, *, correct: bool, suppress: Iterable[Suspicion]) -> Remedy:
        """Return what is to be done about what was found: who is never mailed again needs no correction."""
        kinds = frozenset(suppress)
        never = {
            each.person.id: (each.person.key, f"clean: {each.what}")
            for each in found.doubtful
            if each.kind in kinds
        }
        right = (each for each in found.doubtful if correct and each.kind is Suspicion.MISTYPED)
        corrections = (
            _new_address(each) for each in right if not each.obstacle and each.person.id not in never
        )
        return cls(tuple(corrections), never)

    @property
    def ids(self) -> list[int]:
        """The ids of everybody concerned."""
        return sorted([*self.suppressed, *(each.subscriber_id for each in self.corrections)])


def look(database: Engine, request: Clean, folder: Path, progress: Progress) -> Inspection:
    """Look at everybody's address, and change nothing. A list of disposable domains may be in `folder`.

    UsageError for an unknown list, a name server or a list of domains that is none.
    """
    found, mailboxes, domains = Inspection(DisposableDomains.read(folder)), Mailboxes(), set[str]()
    with progress("looking", count_reachable(database, request.lists)) as tell:
        for person in reachable(database, request.lists):
            found.people += 1
            mailboxes.add(person)
            domains.add(person.domain)
            if person.domain not in request.spared:
                found.doubtful += doubts_about(person, found.disposable)
            if found.people % BATCH == 0:
                tell(BATCH)
    found.doubtful = _with_obstacles(database, found.doubtful)
    answers = _asked(domains - request.spared, request.server, progress) if request.online else []
    found.unanswered = {each.name: each.unanswered for each in answers if each.takes_mail is None}
    if (refusing := _refusing(answers)) or mailboxes.any_shared:
        for person in reachable(database, request.lists):
            found.doubtful += mailboxes.twins(person)
            if kind := refusing.get(person.domain):
                found.doubtful.append(Doubtful(person, *kind))
    return found


def change(database: Engine, wanted: Remedy, source: Source, now: datetime) -> tuple[int, int]:
    """Do what is wanted, some people at a time; return how many were corrected and how many suppressed."""
    corrected = suppressed = 0
    for some in _batches(wanted.corrections):
        with database.begin() as connection:
            corrected += len(correct(connection, some, source, now))
    for people in _batches(wanted.suppressed.items()):
        with database.begin() as connection:
            suppressed += block(connection, dict(people), source, now)
    return corrected, suppressed


def _with_obstacles(database: Engine, found: list[Doubtful]) -> list[Doubtful]:
    """Return the same, those that are mistyped with what hinders their correction."""
    hindered: dict[int, str] = {}
    for some in _batches(_new_address(each) for each in found if each.kind is Suspicion.MISTYPED):
        with database.connect() as connection:
            hindered |= obstacles(connection, some)
    return [
        each._replace(obstacle=hindered.get(each.person.id, "")) if each.kind is Suspicion.MISTYPED else each
        for each in found
    ]


def _new_address(each: Doubtful) -> NewAddress:
    return NewAddress(each.person.id, each.person.key, Address.parse(each.meant))


def _asked(domains: set[str], server: str, progress: Progress) -> list[Domain]:
    names = sorted(domains - PROVIDERS.keys())
    with progress("asking DNS", len(names)) as tell:
        return asyncio.run(ask(names, server, tell))


def _refusing(answers: Iterable[Domain]) -> dict[str, tuple[Suspicion, str]]:
    """Return what is the matter with the domains that take no mail, or perhaps none."""
    kinds = {
        TakesMail.PERHAPS: Suspicion.NO_MX,
        TakesMail.NULL_MX: Suspicion.NO_MAIL,
        TakesMail.NO: Suspicion.NO_MAIL,
    }
    return {
        each.name: (kinds[each.takes_mail], f"{each.name}: {each.takes_mail.value}")
        for each in answers
        if each.takes_mail in kinds
    }


def _batches(items: Iterable[_T]) -> Iterator[list[_T]]:
    left = iter(items)
    while batch := list(islice(left, BATCH)):
        yield batch
