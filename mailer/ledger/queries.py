"""Who got it, who did not, and why: the ledger as its readers see it. Totals are counted, never kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, Select, exists, func, select

from mailer.domain.audience import Audience, reason_in_words
from mailer.domain.delivery import OPEN, State
from mailer.domain.send import Send
from mailer.ledger.ledger import PAGE
from mailer.ledger.revisions import HAVE, Revision, revisions_of
from mailer.store.schema import (
    attempts,
    deliveries,
    exclusions,
    lists,
    revisions,
    sends,
    subscribers,
    subscriptions,
    suppressions,
)


@dataclass(frozen=True, slots=True)
class Totals:
    """A send in numbers: deliveries by state, exclusions by reason, and when the next deferred one is due."""

    states: dict[State, int]
    excluded: dict[str, int]
    next_due: datetime | None
    revisions: tuple[Revision, ...] = ()

    @property
    def audience(self) -> int:
        """How many people were to get the issue."""
        return sum(self.states.values())

    @property
    def open(self) -> int:
        """How many deliveries are not in a terminal state."""
        return sum(count for state, count in self.states.items() if state in OPEN)

    def texts(self) -> list[str]:
        """Return how many have which text, for a person; nothing where all get the same."""
        return [f"  {each.text()}" for each in self.revisions] if len(self.revisions) > 1 else []


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One delivery as `mailer deliveries` shows it; `words` are the server's last ones, or ours."""

    email: str
    state: State
    attempts: int
    words: str
    updated_at: datetime
    due_at: datetime | None
    revision: str = ""  # of the text they have, or may have


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a person, for `mailer why`."""

    at: datetime | None
    what: str


class LedgerQueries:
    """Reads the ledger; writes nothing."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def totals(self, send: Send) -> Totals:
        """Count the send's deliveries and exclusions."""
        d, e = deliveries.c, exclusions.c
        with self._engine.connect() as connection:
            states = connection.execute(
                select(d.state, func.count()).where(d.send_id == send.id).group_by(d.state)
            )
            counted = {State(state): count for state, count in states}
            excluded = connection.execute(
                select(e.reason, func.count())
                .where(e.send_id == send.id)
                .group_by(e.reason)
                .order_by(e.reason)
            )
            due = connection.scalar(
                select(func.min(d.due_at)).where(d.send_id == send.id, d.state == State.DEFERRED)
            )
            return Totals(
                counted,
                dict(excluded.all()),
                due,
                revisions_of(connection, send) if send.number > 1 else _only(send, counted),
            )

    def deliveries(self, send: Send, state: State | None = None, revision: str = "") -> Iterator[DeliveryRow]:
        """Yield the send's deliveries in the order they were frozen.

        Only those in one state, or who have, or may have, a text whose revision begins so.
        """
        d, r = deliveries.c, revisions.c
        has = (r.send_id == d.send_id) & (r.no == d.revision) & d.state.in_(HAVE)
        query = (
            select(d.email, d.state, d.attempts, d.reason, d.updated_at, d.due_at, r.revision)
            .select_from(deliveries.outerjoin(revisions, has))
            .where(d.send_id == send.id)
        )
        if state:
            query = query.where(d.state == state)
        if revision:
            query = query.where(r.revision.startswith(revision, autoescape=True))
        with self._engine.connect() as connection:
            for row in connection.execution_options(yield_per=PAGE).execute(query.order_by(d.id)):
                yield DeliveryRow(
                    row.email,
                    State(row.state),
                    row.attempts,
                    row.reason or "",
                    row.updated_at,
                    row.due_at,
                    row.revision or "",
                )

    def template(self, send_id: int) -> bytes | None:
        """Return the compiled template of a send's newest text, None if it is gone."""
        r = revisions.c
        newest = select(r.template).where(r.send_id == send_id, r.template.is_not(None)).order_by(r.no.desc())
        with self._engine.connect() as connection:
            return connection.scalar(newest.limit(1))

    def list_ids(self, send_id: int) -> tuple[int, ...]:
        """Return the ids of the lists a send went to; none if the send or its lists are gone."""
        with self._engine.connect() as connection:
            audience = connection.scalar(select(sends.c.audience).where(sends.c.id == send_id))
            if audience is None:
                return ()
            names = Audience.parse(audience).lists
            found = select(lists.c.id).where(lists.c.name.in_(names)).order_by(lists.c.id)
            return tuple(connection.scalars(found))

    def discrepancies(self, send: Send) -> list[str]:
        """Return what does not add up in what the ledger says of a send, in words; nothing when it does."""
        totals = self.totals(send)
        found = []
        known = totals.audience + sum(totals.excluded.values())
        if known != send.candidates:
            found.append(f"{send.candidates} candidates were frozen, but {known} are accounted for")
        with self._engine.connect() as connection:
            for query, words in (
                (_both(send), "people are both a recipient and excluded"),
                (
                    _accepted_without_reply(send),
                    "deliveries are accepted without the server's reply on record",
                ),
                (_accepted_before(send), "deliveries were accepted, and that was not the end of it"),
                (_accepted_without_text(send), "deliveries are accepted without their text on record"),
                (_corrected_twice(send), "people are in two errata of the same text"),
            ):
                if count := connection.scalar(query):
                    found.append(f"{count} {words}")
        return found

    def history(self, email_key: str) -> list[Event]:
        """Return all that is known of the person: subscriptions, suppression, exclusions, every attempt."""
        with self._engine.connect() as connection:
            subscriber_id = connection.scalar(
                select(subscribers.c.id).where(subscribers.c.email_key == email_key)
            )
            events = _suppression(connection, email_key)
            if subscriber_id is not None:
                events += _standing(connection, subscriber_id)
                events += _sendings(connection, subscriber_id)
        return sorted(events, key=lambda event: (event.at is None, event.at))


def _only(send: Send, states: dict[State, int]) -> tuple[Revision]:
    accepted, uncertain = (states.get(state, 0) for state in HAVE)
    return (Revision(1, send.revision, send.subject, send.created_at, accepted, uncertain),)


def _both(send: Send) -> Select[int]:
    return (
        select(func.count())
        .select_from(deliveries.join(exclusions, deliveries.c.subscriber_id == exclusions.c.subscriber_id))
        .where(deliveries.c.send_id == send.id, exclusions.c.send_id == send.id)
    )


def _accepted_without_reply(send: Send) -> Select[int]:
    said = deliveries.c.reason.like("2__ %") | deliveries.c.reason.like("decided:%")
    return select(func.count()).where(
        deliveries.c.send_id == send.id,
        deliveries.c.state == State.ACCEPTED,
        deliveries.c.reason.is_(None) | ~said | (deliveries.c.attempts == 0),
    )


def _accepted_before(send: Send) -> Select[int]:
    # Nothing may follow an acceptance: one that was followed by anything stands among what was tried in vain.
    return (
        select(func.count(attempts.c.delivery_id.distinct()))
        .join(deliveries, deliveries.c.id == attempts.c.delivery_id)
        .where(deliveries.c.send_id == send.id, attempts.c.state == State.ACCEPTED)
    )


def _accepted_without_text(send: Send) -> Select[int]:
    d, r = deliveries.c, revisions.c
    known = exists().where(r.send_id == d.send_id, r.no == d.revision)
    return select(func.count(d.id)).where(d.send_id == send.id, d.state == State.ACCEPTED, ~known)


def _corrected_twice(send: Send) -> Select[int]:
    other, d = sends.alias("other"), deliveries.alias("twin")
    mine = deliveries.join(d, d.c.subscriber_id == deliveries.c.subscriber_id)
    return (
        select(func.count(deliveries.c.id))
        .select_from(mine.join(other, other.c.id == d.c.send_id))
        .where(
            deliveries.c.send_id == send.id,
            other.c.id != send.id,
            other.c.corrects.is_not(None),
            other.c.corrects == send.corrects,
            other.c.correction == send.correction,
            deliveries.c.state == State.ACCEPTED,
            d.c.state == State.ACCEPTED,
        )
    )


def _suppression(connection: Connection, email_key: str) -> list[Event]:
    s = suppressions.c
    row = connection.execute(select(s.since, s.reason, s.note).where(s.email_key == email_key)).one_or_none()
    note = f" ({row.note})" if row and row.note else ""
    return [Event(row.since, f"suppressed on every list: {row.reason}{note}")] if row else []


def _standing(connection: Connection, subscriber_id: int) -> list[Event]:
    s = subscriptions.c
    query = (
        select(s.since, s.status, s.source, lists.c.name)
        .join(lists, lists.c.id == s.list_id)
        .where(s.subscriber_id == subscriber_id)
    )
    return [
        Event(row.since, f"list {row.name}: {row.status} ({row.source})") for row in connection.execute(query)
    ]


def _sendings(connection: Connection, subscriber_id: int) -> list[Event]:
    d, e, a, r = deliveries.c, exclusions.c, attempts.c, revisions.c
    events = [
        Event(
            row.created_at,
            f"{row.slug}{' (erratum)' if row.corrects else ''}: not sent, {reason_in_words(row.reason)}",
        )
        for row in connection.execute(
            select(sends.c.created_at, sends.c.slug, sends.c.corrects, e.reason)
            .join(sends, sends.c.id == e.send_id)
            .where(e.subscriber_id == subscriber_id)
        )
    ]
    has = (r.send_id == d.send_id) & (r.no == d.revision) & d.state.in_(HAVE)
    mine = (
        select(d.id, d.state, d.reason, d.updated_at, d.email, r.revision)
        .add_columns(sends.c.slug, sends.c.created_at, sends.c.corrects)
        .join_from(deliveries, sends, sends.c.id == d.send_id)
        .outerjoin(revisions, has)
    )
    for row in connection.execute(mine.where(d.subscriber_id == subscriber_id)).all():
        mail = f"{row.slug} (erratum)" if row.corrects else row.slug
        events.append(Event(row.created_at, f"{mail}: in the audience, as {row.email}"))
        tries = connection.execute(
            select(a.at, a.state, a.reply).where(a.delivery_id == row.id).order_by(a.id)
        )
        events += [Event(at, f"{mail}: {state}: {reply}") for at, state, reply in tries]
        now = row.state if row.state == State.ACCEPTED else f"now {row.state}"
        words = f": {row.reason}" if row.reason else ""
        text = f" (rev {row.revision[:6]})" if row.revision else ""
        events.append(Event(row.updated_at, f"{mail}: {now}{words}{text}"))
    return events
