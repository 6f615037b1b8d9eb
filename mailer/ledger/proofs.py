"""Proving a large audience by many processes: who looks at which part of it, and what was found.

A part that was taken and not settled for a while is taken by another: to look at somebody twice does no harm.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, exists, func, insert, literal, select, update

from mailer.domain.send import Send
from mailer.ledger.freezing import note_proved
from mailer.store.database import Database
from mailer.store.dialect import moment_in
from mailer.store.schema import chunks, proofs

CHUNKS = 20  # in one part
PATIENCE = 30.0  # seconds

Call = Callable[[Connection], None]


@dataclass(frozen=True, slots=True)
class AudiencePart:
    """Those of an audience from one subscriber_id to another."""

    first: int
    last: int


class ProofParts:
    """The parts of a send's audience; every method is one transaction."""

    def __init__(self, database: Database, send: Send) -> None:
        self._database = database
        self._send = send
        self._mine = proofs.c.send_id == send.id

    def begin(self, call: Call) -> None:
        """Divide the audience, and `call` whoever is to help."""
        c = chunks.c
        place = func.row_number().over(order_by=c.id) - 1
        placed = (
            select(c.first, c.last, c.queued, (place // CHUNKS).label("part"))
            .where(c.send_id == self._send.id)
            .subquery()
        )
        p = placed.c
        parts = select(literal(self._send.id), func.min(p.first), func.max(p.last), func.sum(p.queued))
        with self._database.begin() as connection:
            connection.execute(
                insert(proofs).from_select(["send_id", "first", "last", "people"], parts.group_by(p.part))
            )
            call(connection)

    def take(self) -> AudiencePart | None:
        """Take a part that nobody looks at, None if there is none just now."""
        with self._database.begin(alone=False) as connection:
            left = proofs.c.taken_until.is_(None) | (proofs.c.taken_until < moment_in(connection))
            free = select(proofs.c.first).where(self._mine, proofs.c.found.is_(None), left)
            first = free.order_by(proofs.c.first).limit(1).with_for_update(skip_locked=True)
            row = connection.execute(
                update(proofs)
                .where(self._mine, proofs.c.first == first.scalar_subquery())
                .values(taken_until=moment_in(connection, PATIENCE))
                .returning(proofs.c.first, proofs.c.last)
            ).one_or_none()
            return AudiencePart(*row) if row else None

    def settle(self, part: AudiencePart, found: dict[str, Any], now: datetime, call: Call) -> None:
        """Keep what was `found` in a part; the last one, if nobody was refused, lets the send go.

        `found` has a key `counts`, which is empty where nobody was refused. `call` is as for `Ledger.proved`.
        """
        waits = select(exists().where(self._mine, proofs.c.found.is_(None)))
        refused = select(exists().where(self._mine, proofs.c.refused))
        with self._database.begin() as connection:  # one at a time: one of them is the last
            connection.execute(
                update(proofs)
                .where(self._mine, proofs.c.first == part.first)
                .values(found=found, refused=bool(found["counts"]))
            )
            if not (connection.scalar(waits) or connection.scalar(refused)):
                note_proved(connection, self._send.id, now, call)

    def standing(self) -> tuple[int, bool]:
        """Return how many people were looked at, and whether that is everyone."""
        looked = func.coalesce(func.sum(proofs.c.people).filter(proofs.c.found.is_not(None)), 0)
        waits = func.count().filter(proofs.c.found.is_(None))
        with self._database.connect() as connection:
            people, parts = connection.execute(select(looked, waits).where(self._mine)).one()
        return people, not parts

    def end(self) -> list[dict[str, Any]]:
        """Return what was found, part by part, and forget it."""
        with self._database.begin() as connection:
            found = connection.scalars(select(proofs.c.found).where(self._mine).order_by(proofs.c.first))
            everything = list(found)
            connection.execute(delete(proofs).where(self._mine))
        return everything
