"""What may be the matter with an address."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from mailer.domain.mailbox_providers import mailbox_of
from mailer.domain.mistyped import meant
from mailer.domain.role_addresses import role_of
from mailer.people.cleaning.disposable import DisposableDomains
from mailer.people.cleaning.reachable import Reachable


class Suspicion(StrEnum):
    """The kinds, what can be done something about first."""

    MISTYPED = "mistyped"
    DISPOSABLE = "disposable"
    NO_MAIL = "no-mail"
    NO_MX = "no-mx"
    ROLE = "role"
    TWIN = "twin"


class Doubtful(NamedTuple):
    """What is the matter with somebody's address: `what` in a few words, the same for all that are alike.

    Of a mistyped one `meant` is the address that it should be, and `obstacle` why it can't become that; of a
    twin `meant` is the other subscriber's.
    """

    person: Reachable
    kind: Suspicion
    what: str
    meant: str = ""
    obstacle: str = ""


def doubts_about(person: Reachable, disposable: DisposableDomains) -> Iterator[Doubtful]:
    """Yield what an address says by itself."""
    if right := meant(person.domain):
        typed = person.email.rpartition("@")[0]
        yield Doubtful(person, Suspicion.MISTYPED, f"{person.domain} → {right}", f"{typed}@{right}")
    if listed := disposable.holds(person.domain):
        yield Doubtful(person, Suspicion.DISPOSABLE, listed)
    if role := role_of(person.key.rpartition("@")[0]):
        yield Doubtful(person, Suspicion.ROLE, f"{role}@")


class Mailboxes:
    """Remembers the mailboxes of people who go by, by their hashes: there are as many as people."""

    def __init__(self) -> None:
        self._seen: set[int] = set()
        self._shared: set[int] = set()
        self._firsts: dict[str, str] = {}

    def add(self, person: Reachable) -> None:
        """Take somebody into account."""
        if mailbox := mailbox_of(person.key):
            number = hash(mailbox)
            (self._shared if number in self._seen else self._seen).add(number)

    @property
    def any_shared(self) -> bool:
        """Whether it is worth to let everybody go by once more, for `twins`."""
        return bool(self._shared)

    def twins(self, person: Reachable) -> Iterator[Doubtful]:
        """Yield what there is to be said of somebody whose mailbox an earlier one has."""
        mailbox = mailbox_of(person.key)
        if mailbox and hash(mailbox) in self._shared:
            first = self._firsts.setdefault(mailbox, person.email)
            if first != person.email:
                yield Doubtful(person, Suspicion.TWIN, f"one mailbox at {person.domain}", first)
