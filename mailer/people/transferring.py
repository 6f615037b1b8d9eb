"""People of one list come to another, as what they are there.

Nobody gets more mail by it than they agreed to: who left stays away, who has not confirmed has not, and
whoever is on the other list already, or left that, stays as they are there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, insert, literal, select, update

from mailer.domain.consent import Change, Evidence, Source
from mailer.domain.subscriber import Status
from mailer.people.consents import Said, record
from mailer.store.schema import UtcTime, subscriptions


class Passage(NamedTuple):
    """From which list to which, by id and by name; `moving`: those who come leave the first one."""

    source: int
    target: int
    source_name: str
    target_name: str
    moving: bool


def coming(connection: Connection, between: Passage, ids: Sequence[int]) -> dict[int, str]:
    """Return who of these people would come to the other list, as what; at most some thousand at once."""
    s, there = subscriptions.c, subscriptions.alias("there").c
    known = select(there.list_id).where(
        there.list_id == between.target, there.subscriber_id == s.subscriber_id
    )
    rows = connection.execute(
        select(s.subscriber_id, s.status)
        .where(s.list_id == between.source, s.subscriber_id.in_(ids), ~known.exists())
        .order_by(s.subscriber_id)
    )
    return {row.subscriber_id: row.status for row in rows}


def transfer(
    connection: Connection, between: Passage, ids: Sequence[int], source: Source, now: datetime
) -> dict[int, str]:
    """Bring these people to the other list; return who came, as what (see `coming`)."""
    come = coming(connection, between, ids)
    s = subscriptions.c
    columns = ["list_id", "subscriber_id", "status", "source", "since", "paused_until"]
    theirs = (s.list_id == between.source, s.subscriber_id.in_(come))
    known = literal(between.target), s.subscriber_id, s.status, literal(str(source)), literal(now, UtcTime())
    rows = select(*known, s.paused_until).where(*theirs)
    connection.execute(insert(subscriptions).from_select(columns, rows))
    came = Evidence(note=f"from the list {between.source_name}")
    said = [Said(number, between.target, Change.MOVED, came) for number in come]
    if between.moving:
        said += _leave(connection, between, ids, source, now)
    record(connection, source, said, now)
    return come


def _leave(
    connection: Connection, between: Passage, ids: Sequence[int], source: Source, now: datetime
) -> list[Said]:
    """Let all of these be off the first list: a row stays, so that no import brings them back to it."""
    s = subscriptions.c
    still = (s.list_id == between.source, s.subscriber_id.in_(ids), s.status != Status.UNSUBSCRIBED)
    gone = {"status": Status.UNSUBSCRIBED, "source": str(source), "since": now, "paused_until": None}
    left = connection.scalars(
        update(subscriptions).where(*still).values(gone).returning(s.subscriber_id)
    ).all()
    went = Evidence(note=f"to the list {between.target_name}")
    return [Said(number, between.source, Change.MOVED, went) for number in sorted(left)]
