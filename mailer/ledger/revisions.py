"""The texts that a send had: who got which, corrections for who has none yet, errata for the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Select,
    exists,
    func,
    or_,
    select,
    update,
)

from mailer.domain.audience import Recipient
from mailer.domain.delivery import Halt, State
from mailer.domain.send import Send
from mailer.ledger.freezing import (
    SEND,
    FrozenText,
    freeze,
    halted_words,
    kept_columns,
    kept_segments,
    read_send,
    write_revision,
)
from mailer.ledger.outcomes import latest
from mailer.ledger.standings import standings, state_of
from mailer.people.audience import candidates_for
from mailer.people.lists import list_ids
from mailer.store.dialect import json_text
from mailer.store.schema import chunks, deliveries, outcomes, revisions, sends, subscribers, subscriptions
from mailer.store.snapshot import SNAPSHOT, recipients, snapshot_of

PAGE = 500


@dataclass(frozen=True, slots=True)
class Revision:
    """One text of a send: how many accepted it, and of how many it is uncertain whether they have it."""

    number: int
    revision: str
    subject: str
    since: datetime
    accepted: int
    uncertain: int

    def text(self) -> str:
        """Return it for a person."""
        since = f"{self.since:%Y-%m-%d %H:%M} UTC"
        uncertain = f", uncertain {self.uncertain:,}" if self.uncertain else ""
        return f"rev {self.revision[:6]} of {since}: accepted {self.accepted:,}{uncertain}"

    def data(self) -> dict[str, Any]:
        """Return it for `--json`."""
        return {
            "revision": self.revision,
            "subject": self.subject,
            "since": self.since.isoformat(),
            "accepted": self.accepted,
            "uncertain": self.uncertain,
        }


class Revisions:
    """Reads and writes what texts a send had."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def unsent(self, send: Send, states: Sequence[State]) -> Iterator[Recipient]:
        """Yield the recipients in these states of whom it is certain that they have no copy.

        Values that were not kept when the audience was frozen are those of now: see `correct`.
        """
        with self._engine.connect() as connection:
            kept = set(_kept(connection, send))
            now = subscribers.c
            people = [
                each if name in kept else json_text(now[name]) if name in ("tags", "fields") else now[name]
                for name, each in zip(SNAPSHOT, snapshot_of(deliveries), strict=True)
            ]
            query = standings(deliveries.c.subscriber_id, *people).where(_unsent(send, states))
            query = query.outerjoin(subscribers, now.id == deliveries.c.subscriber_id)
            for rows in connection.execution_options(yield_per=PAGE).execute(query).partitions():
                yield from recipients(rows)

    def correct(self, send: Send, wording: FrozenText, now: datetime) -> Send | None:
        """Let who has no copy yet get this text; a pause is over, and open errata with an older one end.

        What the text names of a person and the one before didn't is kept from now on, as it is now. Return
        the send as it is now, None if it is not as it was in `send`, or somebody is sending it.
        """
        s, c = sends.c, chunks.c
        with self._engine.begin() as connection:
            if _claimed(connection, send):
                return None
            same = update(sends).where(s.id == send.id, s.revision == send.revision)
            done = connection.execute(
                same.where(s.halted.is_distinct_from(Halt.CANCELLED)).values(
                    revision=wording.revision, subject=wording.subject
                )
            )
            if not done.rowcount:
                return None
            write_revision(connection, send.id, send.number + 1, wording, now)
            _keep(connection, send, wording.fields)
            paused = update(sends).where(s.id == send.id, s.halted == Halt.PAUSED)
            connection.execute(paused.values(halted_words(None)))
            open_ones = (
                select(c.send_id)
                .group_by(c.send_id)
                .having(func.sum(c.queued + c.deferred + c.uncertain) > 0)
            )
            older = update(sends).where(s.corrects == send.id, s.id.in_(open_ones))
            connection.execute(older.values(halted_words(Halt.CANCELLED, "a correction", now)))
            return read_send(connection.execute(select(*SEND).where(s.id == send.id)).one())

    def restore(self, send: Send, template: bytes) -> None:
        """Give the send's text back that was lost with what came after a backup."""
        r = revisions.c
        with self._engine.begin() as connection:
            lost = (r.send_id == send.id) & (r.no == send.number) & r.template.is_(None)
            connection.execute(update(revisions).where(lost).values(template=template))

    def errata(self, send: Send) -> list[Send]:
        """Return the errata that bring the send's present text, oldest first."""
        query = select(*SEND).where(_bringing(send), sends.c.proved_at.is_not(None)).order_by(sends.c.id)
        with self._engine.connect() as connection:
            return [read_send(row) for row in connection.execute(query)]

    def mistaken(self, send: Send, revision: str) -> Iterator[tuple[Recipient, str | None]]:
        """Yield who got another text than `revision`, and the reason if they must not get an erratum."""
        with self._engine.connect() as connection:
            query = _mistaken(connection, send, revision)
            found = connection.execution_options(yield_per=PAGE).execute(query)
            for rows in found.partitions():
                yield from zip(recipients(rows), (row.reason for row in rows), strict=True)

    def freeze_erratum(
        self, send: Send, wording: FrozenText, now: datetime, *, limited_by: str | None = None
    ) -> Send:
        """Write an erratum of the send's present text to all who got another one, without any who left.

        `limited_by` as for `Ledger.limit`.
        """
        with self._engine.begin() as connection:
            least = connection.scalar(
                select(func.min(sends.c.occasion)).where(
                    sends.c.slug == send.slug, sends.c.audience == send.audience.canonical()
                )
            )
            return freeze(
                connection,
                _mistaken(connection, send, send.revision),
                wording,
                now,
                slug=send.slug,
                audience=send.audience.canonical(),
                audience_put=send.audience.text(),
                segments=kept_segments(send.audience),
                subject_put=send.subject_put,
                occasion=min(least or 0, 0) - 1,  # below those that are repetitions
                candidates=_count_mistaken(connection, send),
                corrects=send.id,
                correction=send.number,
                **(halted_words(Halt.LIMITED, limited_by, now) if limited_by else {}),
            )


HAVE = (State.ACCEPTED, State.UNCERTAIN)


def revisions_of(connection: Connection, send: Send) -> tuple[Revision, ...]:
    """Return every text that the send had, the first one first."""
    r, o = revisions.c, outcomes.c
    counts = select(o.revision, o.state, func.count()).where(
        o.send_id == send.id, o.state.in_(HAVE), latest()
    )
    counted = connection.execute(counts.group_by(o.revision, o.state))
    number = {(no, state): count for no, state, count in counted}
    texts = select(r.no, r.revision, r.subject, r.since).where(r.send_id == send.id).order_by(r.no)
    return tuple(
        Revision(*row, number.get((row.no, State.ACCEPTED), 0), number.get((row.no, State.UNCERTAIN), 0))
        for row in connection.execute(texts)
    )


def _unsent(send: Send, states: Sequence[State]) -> ColumnElement[bool]:
    """Return whether a delivery is in one of these states, and certainly nobody has a copy of it."""
    d, doubt = deliveries.c, outcomes.alias("doubt")
    doubted = exists().where(
        doubt.c.send_id == d.send_id,
        doubt.c.subscriber_id == d.subscriber_id,
        doubt.c.state == State.UNCERTAIN,
    )
    return (d.send_id == send.id) & state_of().in_(states) & ~doubted


def _kept(connection: Connection, send: Send) -> list[str]:
    return kept_columns(connection.scalar(select(sends.c.kept).where(sends.c.id == send.id)))


def _keep(connection: Connection, send: Send, fields: frozenset[str] | None) -> None:
    """Let deliveries keep these values, too, of whoever is here still."""
    before = _kept(connection, send)
    if not (more := [name for name in kept_columns(fields) if name not in before]):
        return
    d, now = deliveries.c, subscribers.c
    values = {name: select(now[name]).where(now.id == d.subscriber_id).scalar_subquery() for name in more}
    connection.execute(update(deliveries).where(d.send_id == send.id).values(values))
    kept = connection.scalar(select(sends.c.kept).where(sends.c.id == send.id)) or []
    both = None if fields is None else sorted(fields.union(kept))
    connection.execute(update(sends).where(sends.c.id == send.id).values(kept=both))


def _claimed(connection: Connection, send: Send) -> bool:
    mine = select(sends.c.id).where(or_(sends.c.id == send.id, sends.c.corrects == send.id))
    claimed = exists().where(chunks.c.send_id.in_(mine), chunks.c.holder.is_not(None))
    return bool(connection.scalar(select(claimed)))


def _bringing(send: Send) -> ColumnElement[bool]:
    """Return whether a send is an erratum that brings the text that `send` has now."""
    r = revisions.c
    same = select(r.no).where(r.send_id == send.id, r.revision == send.revision)
    return (sends.c.corrects == send.id) & sends.c.correction.in_(same)


def _had_another(send: Send, revision: str) -> ColumnElement[bool]:
    """Return whether an outcome is the acceptance of a copy of the send, and the last text its person got is
    another one.
    """
    o, r = outcomes.c, revisions.c
    later, erratum, gone = deliveries.alias("later"), sends.alias("erratum"), outcomes.alias("gone")
    cancelled = exists().where(
        gone.c.send_id == later.c.send_id,
        gone.c.subscriber_id == later.c.subscriber_id,
        gone.c.state == State.CANCELLED,
    )
    last = (
        select(func.max(erratum.c.id))
        .join_from(erratum, later, later.c.send_id == erratum.c.id)
        .where(
            erratum.c.corrects == send.id,
            erratum.c.proved_at.is_not(None),
            later.c.subscriber_id == o.subscriber_id,
            ~cancelled,
        )
        .correlate(outcomes)
        .scalar_subquery()
    )
    brought = sends.alias("brought")
    newest = select(brought.c.correction).where(brought.c.id == last).scalar_subquery()
    had = select(r.revision).where(r.send_id == send.id, r.no == func.coalesce(newest, o.revision))
    text = had.correlate(outcomes).scalar_subquery()
    return (o.send_id == send.id) & (o.state == State.ACCEPTED) & (text != revision)


def _mistaken(connection: Connection, send: Send, revision: str) -> Select[Any]:
    """Return a SELECT like `people.audience.candidates`; the address is that of the first mail.

    Whoever was in the segment then has the text, and is to have its correction.
    """
    people = candidates_for(connection, send.slug, send.audience.whole, again=True).subquery("people")
    d, o = deliveries.c, outcomes.c
    snapshot = [d.email if name == "email" else people.c[name] for name in SNAPSHOT]
    return (
        select(people.c.subscriber_id, *snapshot, people.c.reason)
        .join_from(people, outcomes, o.subscriber_id == people.c.subscriber_id)
        .join(deliveries, (d.send_id == o.send_id) & (d.subscriber_id == o.subscriber_id))
        .where(_had_another(send, revision))
    )


def _count_mistaken(connection: Connection, send: Send) -> int:
    # By a query of its own, so that `verify` compares two things with separate origins.
    o, s = outcomes.c, subscriptions.c
    ids = list_ids(connection, send.audience.lists)
    known = exists().where(s.subscriber_id == o.subscriber_id, s.list_id.in_(ids))
    query = select(func.count()).select_from(outcomes).where(_had_another(send, send.revision), known)
    return connection.scalar(query) or 0
