"""What each schedule knows of its feeds, and with which of their entries it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, select, update

from mailer.ledger.schedules import Schedule, begun_by
from mailer.store.dialect import among, put
from mailer.store.schema import feed_entries, feeds, schedules


@dataclass(frozen=True, slots=True)
class FeedStanding:
    """A feed as it was typed, where it is by now, what its server said, and why it can't be read, if so.

    `etag` and `last_modified` are kept only once everything is settled that was read with them, so that
    nothing is missed by asking for what is newer.
    """

    address: str
    moved_to: str = ""
    etag: str = ""
    last_modified: str = ""
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Settled:
    """An entry, by its keys, that a schedule is done with: it goes out, or it was one too many."""

    keys: tuple[str, ...]
    sent: bool


class Feeds:
    """Reads and writes what schedules know of feeds; every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def standings(self, schedule_id: int) -> dict[str, FeedStanding]:
        """Return how the feeds of a schedule stand, by their addresses, as far as they were read."""
        query = select(feeds).where(feeds.c.schedule_id == schedule_id)
        with self._engine.connect() as connection:
            return {
                row.address: FeedStanding(row.address, row.moved_to, row.etag, row.last_modified, row.trouble)
                for row in connection.execute(query)
            }

    def settled(self, schedule_ids: Sequence[int], keys: Iterable[str]) -> set[str]:
        """Return by which of `keys` one of these schedules knows an entry that it is done with."""
        query = select(feed_entries.c.key).where(
            feed_entries.c.schedule_id.in_(schedule_ids), among(feed_entries.c.key, keys)
        )
        with self._engine.connect() as connection:
            return set(connection.execute(query).scalars())

    def note(self, schedule_id: int, found: Iterable[FeedStanding], now: datetime) -> None:
        """Keep how feeds stand, of which nothing is taken."""
        with self._engine.begin() as connection:
            _note(connection, schedule_id, found, now)

    def take(
        self,
        occurrence: Schedule,
        who: str,
        issue: str,
        entries: Iterable[Settled],
        found: Iterable[FeedStanding],
        write: Callable[[], None],
        now: datetime,
    ) -> bool:
        """Have an occurrence that `who` took send `issue`, which `write` writes, and be done with `entries`.

        All of it or nothing: False, and nothing is written, where it is another's by now.
        """
        parent = occurrence.parent_id or occurrence.id
        chosen = update(schedules).where(schedules.c.id == occurrence.id, begun_by(who))
        with self._engine.begin() as connection:
            if connection.execute(chosen.values(issue=issue, updated_at=now)).rowcount != 1:
                return False
            for entry in entries:
                for key in entry.keys:
                    values = {"occurrence_id": occurrence.id, "sent": entry.sent}
                    put(connection, feed_entries, {"schedule_id": parent, "key": key}, values)
            _note(connection, parent, found, now)
            # Last, while nobody else can take it over: should this fail, nothing of the above is so.
            write()
            return True


def _note(connection: Connection, schedule_id: int, found: Iterable[FeedStanding], now: datetime) -> None:
    for each in found:
        said = {
            "moved_to": each.moved_to,
            "etag": each.etag,
            "last_modified": each.last_modified,
            "trouble": each.trouble,
        }
        key = {"schedule_id": schedule_id, "address": each.address}
        put(connection, feeds, key, {**said, "looked_at": now})
