"""What is done to many people at once: a tag, another list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from mailer.bootstrap import App
from mailer.domain.address import Address
from mailer.domain.consent import Source
from mailer.domain.segment.named import KeptSegment
from mailer.errors import UsageError
from mailer.people import tagging, transferring
from mailer.people.joining import refuse_archived
from mailer.people.lists import list_ids
from mailer.people.person import required
from mailer.people.transferring import Passage

BATCH = 1000  # people in a transaction: a send that is under way never waits long


@dataclass(frozen=True, slots=True)
class Whom:
    """Whom a command is about: those named, or those on a list (by name) whom no segment takes out."""

    addresses: tuple[Address, ...] = ()
    list_name: str | None = None
    segments: tuple[KeptSegment, ...] = ()

    @property
    def everybody(self) -> bool:
        """Whether nothing says whom."""
        return not self.addresses and self.list_name is None and not self.segments


def pick(app: App, whom: Whom) -> list[int]:
    """Return the ids of these people; UsageError for an address that is nobody's and an unknown list."""
    if not whom.addresses:
        return [*app.directory.ids(whom.list_name, segments=whom.segments)]
    if whom.list_name is not None or whom.segments:
        raise UsageError("name people, or pick them by --list and --segment: not both")
    with app.database.connect() as connection:
        return sorted({required(connection, address.key).id for address in whom.addresses})


def without(app: App, ids: Sequence[int], tag: str, *, put: bool) -> list[int]:
    """Return the ids of those of these people who lack a tag (`put`), or have it."""
    found: list[int] = []
    with app.database.connect() as connection:
        for batch in _batches(ids):
            found += tagging.lacking(connection, batch, tag, put=put)
    return found


def tag(app: App, ids: Sequence[int], tag: str, *, put: bool) -> int:
    """Give people a tag, or take it away; return of how many that is news."""
    number = 0
    for batch in _batches(ids):
        with app.database.begin() as connection:
            changed = tagging.lacking(connection, batch, tag, put=put)
            tagging.write_tags(connection, changed, app.now())
            number += len(changed)
    return number


def between(app: App, source: str, target: str, *, moving: bool) -> Passage:
    """Return two lists by name; UsageError for an unknown one, an archived target, or one list twice."""
    if source == target:
        raise UsageError(f"from {source} to {target} there is no way to go", next_step="Name two lists.")
    with app.database.connect() as connection:
        first, second = list_ids(connection, [source, target])
        refuse_archived(connection, [second])
    return Passage(first, second, source, target, moving)


@dataclass(frozen=True, slots=True)
class Coming:
    """Who is to be changed, by id, and as what those come to the other list who aren't there."""

    ids: list[int]
    statuses: dict[int, str]


def coming(app: App, lists: Passage) -> Coming:
    """Return who of the first list would come to the other one, and who would leave the first."""
    everybody = app.directory.ids(lists.source_name)
    with app.database.connect() as connection:
        come: dict[int, str] = {}
        for batch in _batches(everybody):
            come |= transferring.coming(connection, lists, batch)
        staying = [] if lists.moving else [number for number in everybody if number not in come]
    return Coming([number for number in everybody if number not in set(staying)], come)


def transfer(app: App, lists: Passage, ids: Sequence[int], source: Source) -> int:
    """Bring people from one list to another; return how many came."""
    number = 0
    for batch in _batches(ids):
        with app.database.begin() as connection:
            number += len(transferring.transfer(connection, lists, batch, source, app.now()))
    return number


def _batches(ids: Sequence[int]) -> Iterator[list[int]]:
    left = iter(ids)
    while batch := list(islice(left, BATCH)):
        yield batch
