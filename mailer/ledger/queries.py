"""Who got it, who did not, and why: the ledger as its readers see it. Totals are counted, never kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, case, exists, func, or_, select

from mailer.domain.audience import Audience, reason_in_words
from mailer.domain.delivery import LASTING, OPEN, State
from mailer.domain.segment.named import KeptSegment
from mailer.domain.send import Send, SendKind
from mailer.domain.suppression import Kind
from mailer.ledger.freezing import count_excluded
from mailer.ledger.ledger import PAGE
from mailer.ledger.outcomes import DECIDED, latest
from mailer.ledger.returns import of_person
from mailer.ledger.revisions import HAVE, Revision, revisions_of
from mailer.ledger.stages import RolloutStage, opens_at, stages_of
from mailer.ledger.standings import InHand, standings, state_of, tries
from mailer.people import person as people
from mailer.people.former import ids_of
from mailer.people.suppressing import suppression_of
from mailer.store.schema import (
    chunks,
    deliveries,
    exclusions,
    lists,
    outcomes,
    revisions,
    sends,
    subscriptions,
)


@dataclass(frozen=True, slots=True)
class Totals:
    """A send in numbers: deliveries by state, exclusions by reason, and when the next deferred one is due."""

    states: dict[State, int]
    excluded: dict[str, int]
    next_due: datetime | None
    revisions: tuple[Revision, ...] = ()
    later: int = 0  # of those queued, whose time to get it has not come
    stages: tuple[RolloutStage, ...] = ()

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


def list_ids(connection: Connection, send_id: int) -> tuple[int, ...]:
    """Return the ids of the lists a send went to; none if the send or its lists are gone."""
    audience = connection.scalar(select(sends.c.audience).where(sends.c.id == send_id))
    if audience is None:
        return ()
    names = Audience.parse(audience).lists
    return tuple(connection.scalars(select(lists.c.id).where(lists.c.name.in_(names)).order_by(lists.c.id)))


class LedgerQueries:
    """Reads the ledger; writes nothing."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def totals(self, send: Send) -> Totals:
        """Return the send's totals, as its chunks have them: they are read at once, however many people."""
        c = chunks.c
        sums = [func.sum(c[state.value]) for state in LASTING]
        held = func.sum(case((c.holder.is_not(None) & (c.queued > 0), c.queued), else_=0))
        waits = func.min(case((c.is_open & c.holder.is_(None), c.due_at)))
        to_come = c.stage > select(sends.c.stage).where(sends.c.id == send.id).scalar_subquery()
        waits_for = or_(c.due_at.is_not(None), to_come)
        later = func.sum(case((c.is_open & waits_for & (c.queued > 0), c.queued), else_=0))
        with self._engine.connect() as connection:
            *counted, in_hand, due, waiting = connection.execute(
                select(*sums, held, waits, later).where(c.send_id == send.id)
            ).one()
            states: dict[State, int] = {
                state: number for state, number in zip(LASTING, counted, strict=True) if number
            }
            # Whoever was settled by what a journal told of a restored database waits there no more.
            if in_hand := min(in_hand or 0, states.get(State.QUEUED, 0)):
                states[State.CLAIMED] = in_hand
                states[State.QUEUED] -= in_hand
                states = {state: number for state, number in states.items() if number}
            excluded = connection.scalar(select(sends.c.excluded).where(sends.c.id == send.id))
            texts = revisions_of(connection, send) if send.number > 1 else _only(send, states)
            stages = tuple(stages_of(connection, send.id)) if send.rollout else ()
            # Some of those whose time is to come may have left since.
            waiting = min(waiting or 0, states.get(State.QUEUED, 0))
            opens = opens_at(send, stages) if waiting else None  # for whom
            return Totals(states, excluded or {}, _soonest(due, opens), texts, waiting, stages)

    def departures(self, send: Send) -> dict[datetime, int]:
        """Return how many of a send go at which time to come, the soonest first."""
        c = chunks.c
        waits = c.is_open & c.due_at.is_not(None) & (c.queued > 0)
        query = select(c.due_at, func.sum(c.queued)).where(c.send_id == send.id, waits)
        with self._engine.connect() as connection:
            return dict(connection.execute(query.group_by(c.due_at).order_by(c.due_at)).all())

    def deliveries(self, send: Send, state: State | None = None, revision: str = "") -> Iterator[DeliveryRow]:
        """Yield the send's deliveries by the person.

        Only those in one state, or who have, or may have, a text whose revision begins so.
        """
        d, o, r, tried = deliveries.c, outcomes.c, revisions.c, tries()
        same = (tried.c.send_id == d.send_id) & (tried.c.subscriber_id == d.subscriber_id)
        has = (r.send_id == d.send_id) & (r.no == o.revision) & o.state.in_(HAVE)
        query = standings(
            d.subscriber_id,
            d.email,
            state_of().label("state"),
            o.number,
            o.reply,
            o.at,
            o.due_at,
            func.coalesce(tried.c.number, 0).label("tries"),
            r.revision,
        )
        query = query.outerjoin(tried, same).outerjoin(revisions, has).where(d.send_id == send.id)
        if state:
            query = query.where(state_of() == (State.QUEUED if state is State.CLAIMED else state))
        if revision:
            query = query.where(r.revision.startswith(revision, autoescape=True))
        with self._engine.connect() as connection:
            in_hand = InHand(connection, send.id)
            for row in connection.execution_options(yield_per=PAGE).execute(query.order_by(d.subscriber_id)):
                found = State(row.state)
                if found is State.QUEUED and in_hand.has(row.subscriber_id, fresh=row.number is None):
                    found = State.CLAIMED
                if state is None or found is state:
                    yield DeliveryRow(
                        row.email,
                        found,
                        row.tries,
                        row.reply or "",
                        row.at or send.created_at,
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
            return list_ids(connection, send_id)

    def discrepancies(self, send: Send) -> list[str]:
        """Return what does not add up in what the ledger says of a send, in words; nothing when it does."""
        counted = self.recount(send)
        found = []
        known = sum(counted.states.values()) + sum(counted.excluded.values())
        if known != send.candidates:
            found.append(f"{send.candidates} candidates were frozen, but {known} are accounted for")
        totals = self.totals(send)
        for state in LASTING:
            told, true = (_lasting(each.states, state) for each in (totals, counted))
            if told != true:
                found.append(f"{true} deliveries are {state}, but {told} were counted as the send went on")
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

    def recount(self, send: Send) -> Totals:
        """Count the send's deliveries and exclusions, one by one."""
        state = state_of()
        each = standings(state, func.count()).where(deliveries.c.send_id == send.id).group_by(state)
        with self._engine.connect() as connection:
            states = {State(name): count for name, count in connection.execute(each)}
            return Totals(states, count_excluded(connection, send.id), None)

    def history(self, email_key: str) -> list[Event]:
        """Return all that is known of the person: subscriptions, suppression, exclusions, every attempt."""
        with self._engine.connect() as connection:
            person = people.kept(connection, email_key)
            events = _suppression(connection, person.email_key if person else email_key)
            if person is not None:
                events += _standing(connection, person.id)
                ids = ids_of(connection, person.id)
                for each in ids:
                    events += _sendings(connection, each)
                events += _returned(connection, ids)
        return sorted(events, key=lambda event: (event.at is None, event.at))


def lists_of(connection: Connection, send_id: int) -> tuple[int, ...]:
    """Return the ids of the lists a send went to; none if the send or its lists are gone."""
    audience = connection.scalar(select(sends.c.audience).where(sends.c.id == send_id))
    if audience is None:
        return ()
    names = Audience.parse(audience).lists
    return tuple(connection.scalars(select(lists.c.id).where(lists.c.name.in_(names)).order_by(lists.c.id)))


def _soonest(*moments: datetime | None) -> datetime | None:
    return min((each for each in moments if each), default=None)


def _only(send: Send, states: dict[State, int]) -> tuple[Revision]:
    accepted, uncertain = (states.get(state, 0) for state in HAVE)
    return (Revision(1, send.revision, send.subject, send.created_at, accepted, uncertain),)


def _both(send: Send) -> Select[int]:
    return (
        select(func.count())
        .select_from(deliveries.join(exclusions, deliveries.c.subscriber_id == exclusions.c.subscriber_id))
        .where(deliveries.c.send_id == send.id, exclusions.c.send_id == send.id)
    )


def _accepted(send: Send) -> ColumnElement[bool]:
    return (outcomes.c.send_id == send.id) & (outcomes.c.state == State.ACCEPTED)


def _accepted_without_reply(send: Send) -> Select[int]:
    reply = outcomes.c.reply
    said = reply.like("2__ %") | reply.startswith(DECIDED)
    return select(func.count()).where(_accepted(send), reply.is_(None) | ~said)


def _accepted_before(send: Send) -> Select[int]:
    return select(func.count()).where(_accepted(send), ~latest())


def _accepted_without_text(send: Send) -> Select[int]:
    o, r = outcomes.c, revisions.c
    known = exists().where(r.send_id == o.send_id, r.no == o.revision)
    return select(func.count()).where(_accepted(send), ~known)


def _corrected_twice(send: Send) -> Select[int]:
    other, twin = sends.alias("other"), outcomes.alias("twin")
    o, t = outcomes.c, twin.c
    both = (t.subscriber_id == o.subscriber_id) & (t.state == State.ACCEPTED)
    return (
        select(func.count())
        .select_from(
            outcomes.join(other, other.c.id != o.send_id).join(twin, (t.send_id == other.c.id) & both)
        )
        .where(
            _accepted(send),
            other.c.corrects.is_not(None),
            other.c.corrects == send.corrects,
            other.c.correction == send.correction,
        )
    )


def _lasting(states: dict[State, int], state: State) -> int:
    claimed = states.get(State.CLAIMED, 0) if state is State.QUEUED else 0
    return states.get(state, 0) + claimed


def _suppression(connection: Connection, email_key: str) -> list[Event]:
    if (found := suppression_of(connection, email_key)) is None:
        return []
    note = f" ({found.note})" if found.note else ""
    whole = f", with all of {found.who}" if found.who.startswith(Kind.DOMAIN) else ""
    return [Event(found.since, f"suppressed on every list{whole}: {found.reason}{note}")]


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
    d, e = deliveries.c, exclusions.c
    events = [
        Event(
            row.created_at,
            f"{row.slug}{' (erratum)' if row.corrects else ''}: not sent, "
            + _why_excluded(connection, row, subscriber_id),
        )
        for row in connection.execute(
            select(sends.c.created_at, sends.c.slug, sends.c.corrects, sends.c.segments, e.reason)
            .join(sends, sends.c.id == e.send_id)
            .where(e.subscriber_id == subscriber_id)
        ).all()
    ]
    # One look for each send that there was: nobody's deliveries are found by the person alone.
    mine = (
        select(sends.c.id, sends.c.kind, sends.c.slug, sends.c.created_at, sends.c.corrects, d.email)
        .join(deliveries, (d.send_id == sends.c.id) & (d.subscriber_id == subscriber_id))
        .order_by(sends.c.id)
    )
    for row in connection.execute(mine).all():
        mail = f"{row.slug} (erratum)" if row.corrects else row.slug
        frozen = None  # of a letter it isn't kept when it was written
        if not SendKind(row.kind).lasts:
            frozen = row.created_at
            events.append(Event(frozen, f"{mail}: in the audience, as {row.email}"))
        events += _outcomes(connection, row.id, subscriber_id, mail) or [
            Event(frozen, f"{mail}: now {State.QUEUED}")
        ]
    return events


def _returned(connection: Connection, ids: Sequence[int]) -> list[Event]:
    """Return what came back of a person's mail, on which evidence, and what was done."""
    events = []
    for row in of_person(connection, ids):
        mail = f"{row.slug or 'a mail'}{' (erratum)' if row.corrects else ''}"
        why = " ".join(filter(None, (row.reason or "no reason is given", row.status)))
        said = f"; it said: {' '.join(row.said.split())}" if row.said else ""
        known = f"; known by: {'; '.join(row.evidence)}" if row.evidence else ""
        what = f"{mail}: came back ({row.source}): {row.kind}, {row.effect}: {why}{said}{known}"
        events.append(Event(row.at, what))
    return events


def _why_excluded(connection: Connection, row: Any, subscriber_id: int) -> str:
    words = reason_in_words(row.reason)
    for kept in map(KeptSegment.read, row.segments or ()):
        if kept.reason == row.reason:
            from mailer.people.segments.blame import by_which_condition  # lark

            return f"{words}: {by_which_condition(connection, kept, subscriber_id)}"
    return words


def _outcomes(connection: Connection, send_id: int, subscriber_id: int, mail: str) -> list[Event]:
    o, r = outcomes.c, revisions.c
    has = (r.send_id == o.send_id) & (r.no == o.revision) & o.state.in_(HAVE)
    query = (
        select(o.at, o.state, o.stage, o.reply, r.revision)
        .select_from(outcomes.outerjoin(revisions, has))
        .where(o.send_id == send_id, o.subscriber_id == subscriber_id)
        .order_by(o.number)
    )
    rows = connection.execute(query).all()
    events = [Event(row.at, f"{mail}: {row.state}{_told(row.reply)}") for row in rows]
    for last in rows[-1:]:
        now = last.state if last.state == State.ACCEPTED else f"now {last.state}"
        text = f" (rev {last.revision[:6]})" if last.revision else ""
        told = Event(last.at, f"{mail}: {now}{_told(last.reply)}{text}")
        # What was tried stands before where that led to; an acceptance is both.
        events = [*(events[:-1] if last.stage is None or last.state == State.ACCEPTED else events), told]
    return events


def _told(words: str | None) -> str:
    return f": {words}" if words else ""
