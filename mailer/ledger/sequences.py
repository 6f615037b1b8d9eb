"""Who is in which sequence, and which of its steps they got: each once, whatever becomes of the files."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    case,
    delete,
    exists,
    false,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    true,
    update,
)

from mailer.domain.consent import Change
from mailer.domain.delivery import State
from mailer.domain.fold import caseless
from mailer.domain.sequence import MemberState, Onward, SequenceStart, StartKind
from mailer.domain.subscriber import Status
from mailer.ledger.outcomes import latest
from mailer.people.suppressing import Suppressing
from mailer.store.dialect import among, json_value
from mailer.store.schema import (
    consents,
    deliveries,
    lists,
    outcomes,
    sequence_members,
    sequence_steps,
    sequences,
    subscribers,
    subscriptions,
)
from mailer.store.snapshot import snapshot_of

CONFIRMED = "confirmed"
NOT_ON_LIST = "is not on the list any more"
CAME_BACK = "left the list, and came back"
WAS_SUPPRESSED = "was never mailed for a while"
UNCONFIRMED = "has not confirmed the list"
DATE_CHANGED = "the date is another one now"
COLUMNS = tuple(column.name for column in sequence_members.c)


@dataclass(frozen=True, slots=True)
class ActiveSequence:
    """A sequence that was put in force, as its row has it; `due`: something of it is to be done now.

    `to_look`: that is to look who begins.
    """

    id: int
    name: str
    list_id: int
    list_name: str
    starts: str
    is_paused: bool
    plan: list[list[str]]
    files: str
    looked_at: datetime
    look_at: datetime | None
    problem: str
    held_until: datetime | None
    to_look: bool
    due: bool

    def held(self, now: datetime) -> bool:
        """Whether something is wrong with it, and it is too early to try again."""
        return self.held_until is not None and self.held_until > now


def in_force(connection: Connection, now: datetime, name: str | None = None) -> list[ActiveSequence]:
    """Return every sequence by name, or one, and whether something of it is due: one question a round."""
    q, m = sequences.c, sequence_members.c
    waiting = exists().where(m.sequence_id == q.id, m.next_at <= now)
    changed = and_(q.starts.startswith(f"{StartKind.TAG} "), exists().where(changed_since(q.looked_at)))
    to_look = or_(q.look_at <= now, changed)
    due = and_(q.is_paused.is_(False), or_(waiting, to_look))
    own = [q[each] for each in ActiveSequence.__slots__ if each in q]
    query = select(*own, lists.c.name.label("list_name"))
    query = query.add_columns(_truth(to_look, "to_look"), _truth(due, "due"))
    query = query.join(lists, lists.c.id == q.list_id)
    if name is not None:
        query = query.where(q.name == name)
    return [ActiveSequence(**row._mapping) for row in connection.execute(query.order_by(q.name))]


def _truth(condition: ColumnElement[bool], name: str) -> ColumnElement[bool]:
    return case((condition, true()), else_=false()).label(name)


def put_in_force(connection: Connection, name: str, values: Mapping[str, Any], now: datetime) -> int:
    """Put a sequence in force, or give one that is these `values`; return its id."""
    q = sequences.c
    known = connection.scalar(select(q.id).where(q.name == name))
    if known is not None:
        change(connection, known, values)
        return int(known)
    row = {"name": name, "looked_at": now, "created_at": now, **values}
    return int(connection.execute(insert(sequences).values(row).returning(q.id)).scalar_one())


def change(connection: Connection, sequence_id: int, values: Mapping[str, Any]) -> None:
    """Give the row of a sequence these values."""
    connection.execute(update(sequences).where(sequences.c.id == sequence_id).values(values))


def wake(connection: Connection, sequence_id: int, now: datetime) -> None:
    """Have everybody in a sequence looked at anew: the steps, or their times, are others than before."""
    m = sequence_members.c
    mine = (m.sequence_id == sequence_id, m.state == MemberState.ACTIVE)
    connection.execute(update(sequence_members).where(*mine).values(next_at=now))


def wake_person(connection: Connection, subscriber_id: int, now: datetime) -> None:
    """Have somebody looked at anew in all sequences: they pause, or pause no longer."""
    m = sequence_members.c
    mine = (m.subscriber_id == subscriber_id, m.state == MemberState.ACTIVE)
    connection.execute(update(sequence_members).where(*mine).values(next_at=now))


def miss(connection: Connection, send_id: int, people: Collection[int], now: datetime) -> None:
    """Take it back that these people got the step that a send is of: its letter was cancelled.

    It is the latest that they have, for one letter waits for the other. They are to be looked at now.
    """
    m, t = sequence_members.c, sequence_steps.c
    mine = and_(m.sequence_id == t.sequence_id, m.subscriber_id == t.subscriber_id, m.occasion == t.occasion)
    before = select(func.max(t.at)).where(mine, t.send_id.is_distinct_from(send_id))
    missed = exists().where(mine, t.send_id == send_id)
    back = {
        "state": MemberState.ACTIVE,
        "since": func.coalesce(before.scalar_subquery(), m.started_at),
        "next_at": now,
        "changed_at": now,
    }
    going = m.state.in_((MemberState.ACTIVE, MemberState.FINISHED))
    connection.execute(
        update(sequence_members).where(among(m.subscriber_id, people), going, missed).values(back)
    )
    connection.execute(
        delete(sequence_steps).where(
            t.send_id == send_id,
            among(t.subscriber_id, people),
            exists().where(mine, m.state == MemberState.ACTIVE),
        )
    )


def steps_gone(connection: Connection, sequence_id: int, keys: Collection[str]) -> set[str]:
    """Return the steps but for these that anybody who is still in the sequence got, or was passed by."""
    m, t = sequence_members.c, sequence_steps.c
    same = (m.sequence_id == t.sequence_id, m.subscriber_id == t.subscriber_id, m.occasion == t.occasion)
    active = exists().where(*same, m.state == MemberState.ACTIVE)
    found = select(t.step).where(t.sequence_id == sequence_id, t.step.not_in(keys), active)
    return set(connection.scalars(found.distinct()))


# Beginning


def began_by_word(
    connection: Connection, subscriber_id: int, list_ids: Collection[int], now: datetime
) -> None:
    """Let somebody who has just come to be on lists, by their own word, begin what begins by that.

    In the transaction in which they do. Who has a tag begins what begins by it, too.
    """
    q, p = sequences.c, subscribers.c
    for row in connection.execute(select(q.id, q.starts).where(q.list_id.in_(list_ids))).all():
        kind, _, name = row.starts.partition(" ")
        why = CONFIRMED
        if kind == StartKind.TAG:
            tags = connection.scalar(select(p.tags).where(p.id == subscriber_id)) or ()
            if caseless(name) not in map(caseless, tags):
                continue
            why = row.starts
        elif kind != StartKind.CONFIRMATION:
            continue
        begin(connection, row.id, why, p.id == subscriber_id, now)


def begin(
    connection: Connection,
    sequence_id: int,
    why: str,
    who: ColumnElement[bool],
    now: datetime,
    state: MemberState = MemberState.ACTIVE,
) -> int:
    """Let those on the list begin of whom `who` holds, about rows of `subscribers`; return how many.

    Whoever was in the sequence before does not begin again. With the state BEFORE they never do by
    themselves.
    """
    p, s, m = subscribers.c, subscriptions.c, sequence_members.c
    listed = select(sequences.c.list_id).where(sequences.c.id == sequence_id).scalar_subquery()
    known = exists().where(m.sequence_id == sequence_id, m.subscriber_id == p.id, m.occasion == "")
    people = (
        select(
            literal(sequence_id),
            p.id,
            literal(""),
            literal(why),
            *(literal(now, m.started_at.type),) * 2,
            literal(str(state)),
            literal(""),
            literal(now, m.since.type),
            literal(now, m.next_at.type) if state is MemberState.ACTIVE else null(),
            literal(now, m.changed_at.type),
        )
        .join_from(subscribers, subscriptions, and_(s.subscriber_id == p.id, s.list_id == listed))
        .where(s.status == Status.SUBSCRIBED, who, ~known)
    )
    begun = insert(sequence_members).from_select(COLUMNS, people)
    return connection.execute(begun, execution_options={"preserve_rowcount": True}).rowcount


def changed_since(moment: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """Return the SQL of whether something of somebody in `subscribers` changed at a moment, or after it."""
    return subscribers.c.updated_at >= moment


def with_date(
    connection: Connection, sequence_id: int, list_id: int, field: str, occasions: Mapping[str, str]
) -> list[Row[Any]]:
    """Return those on a list whose field ends in one of these texts, all equally long: id and zone, and the
    occasion that this means. Those who began for it are left out.
    """
    p, s, m = subscribers.c, subscriptions.c, sequence_members.c
    value = json_value(p.fields, field)
    whole = len(next(iter(occasions))) == len("2027-05-04")
    end = value if whole else func.substr(value, 6)
    occasion = case(occasions, value=end)
    known = exists().where(m.sequence_id == sequence_id, m.subscriber_id == p.id, m.occasion == occasion)
    query = (
        select(p.id, p.timezone, occasion.label("occasion"))
        .join(subscriptions, and_(s.subscriber_id == p.id, s.list_id == list_id))
        .where(s.status == Status.SUBSCRIBED, end.in_(occasions), ~known)
    )
    return list(connection.execute(query))


def add_members(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Let people begin, each in a row with the columns of `sequence_members`."""
    if rows:
        connection.execute(insert(sequence_members), list(rows))


# What is due


def due_members(
    connection: Connection, sequence: ActiveSequence, start: SequenceStart, now: datetime, limit: int
) -> list[Row[Any]]:
    """Return those of whom something is due: their snapshot, then their row, why they must get nothing more
    (`gone`), and until when they pause. Those first who have waited longest; nobody while it is paused.
    """
    p, s, m, q = subscribers.c, subscriptions.c, sequence_members.c, sequences.c
    never = Suppressing.of(connection)
    by_date = start.kind is StartKind.DATE
    pausing = case((s.paused_until > now, s.paused_until))
    query: Select[Any] = select(
        p.id.label("subscriber_id"),
        *snapshot_of(subscribers),
        m.occasion,
        m.since,
        _gone(never).label("gone"),
        pausing.label("pausing"),
        (json_value(p.fields, start.name) if by_date else null()).label("date"),
    ).join_from(sequence_members, subscribers, p.id == m.subscriber_id)
    mine = and_(s.subscriber_id == m.subscriber_id, s.list_id == sequence.list_id)
    query = never.joined(query.outerjoin(subscriptions, mine))
    # Whoever paused it meanwhile, or gave it another list, has been heard.
    same = exists().where(q.id == sequence.id, q.is_paused.is_(False), q.list_id == sequence.list_id)
    query = query.where(m.sequence_id == sequence.id, m.next_at <= now, same)
    return list(connection.execute(query.order_by(m.next_at, m.subscriber_id, m.occasion).limit(limit)))


def _gone(never: Suppressing) -> ColumnElement[Any]:
    s = subscriptions.c
    return case(
        (never.reason().is_not(None), literal("never mailed: ") + never.reason()),
        (s.status == Status.UNCONFIRMED, UNCONFIRMED),
        (s.status.is_distinct_from(Status.SUBSCRIBED), NOT_ON_LIST),
        (s.since > sequence_members.c.on_list_at, CAME_BACK),
        (was_suppressed(), WAS_SUPPRESSED),
        else_="",
    )


def was_suppressed() -> ColumnElement[bool]:
    """Return the SQL of whether somebody in `sequence_members` came to be never mailed since they are in it.

    Whoever lifted that did not ask for the rest of a sequence.
    """
    m, c = sequence_members.c, consents.c
    since = (c.change == Change.SUPPRESSED) & (c.recorded_at > m.on_list_at)
    return exists().where(c.subscriber_id == m.subscriber_id, since)


def end_broken(connection: Connection, which: ColumnElement[bool], now: datetime) -> None:
    """Let those of these members leave who were not on the list, or were suppressed, at any time since."""
    m, s, q = sequence_members.c, subscriptions.c, sequences.c
    whole = exists().where(
        q.id == m.sequence_id,
        s.list_id == q.list_id,
        s.subscriber_id == m.subscriber_id,
        s.status == Status.SUBSCRIBED,
        s.since <= m.on_list_at,
    )
    broken = (which, m.state == MemberState.ACTIVE, ~whole | was_suppressed())
    values = {"state": MemberState.LEFT, "reason": NOT_ON_LIST, "next_at": None, "changed_at": now}
    connection.execute(update(sequence_members).where(*broken).values(values))


def settled_of(
    connection: Connection, sequence_id: int, people: Collection[int]
) -> dict[tuple[int, str], set[str]]:
    """Return the steps that people got, or were passed by, by their id and the occasion."""
    t, found = sequence_steps.c, dict[tuple[int, str], set[str]]()
    mine = (t.sequence_id == sequence_id, among(t.subscriber_id, people))
    for row in connection.execute(select(t.subscriber_id, t.occasion, t.step).where(*mine)):
        found.setdefault((row.subscriber_id, row.occasion), set()).add(row.step)
    return found


def waiting_letters(
    connection: Connection, sequence_id: int, people: Collection[int]
) -> set[tuple[int, str]]:
    """Return of which of these people, by id and occasion, a letter has not gone yet."""
    t, d, o = sequence_steps.c, deliveries.c, outcomes.c
    became = and_(o.send_id == d.send_id, o.subscriber_id == d.subscriber_id, latest())
    query = (
        select(t.subscriber_id, t.occasion)
        .join(deliveries, and_(d.send_id == t.send_id, d.subscriber_id == t.subscriber_id))
        .outerjoin(outcomes, became)
        .where(t.sequence_id == sequence_id, among(t.subscriber_id, people))
        .where(or_(o.state.is_(None), o.state.in_((State.QUEUED, State.DEFERRED))))
    )
    return {(number, occasion) for number, occasion in connection.execute(query)}


@dataclass(frozen=True, slots=True)
class MovedOn:
    """What became of somebody, and of each step that was settled the send it goes with, or why it doesn't."""

    subscriber_id: int
    occasion: str
    onward: Onward
    settled: tuple[tuple[str, int | None, str], ...]


def move_on(connection: Connection, sequence_id: int, moved: Iterable[MovedOn], now: datetime) -> None:
    """Write what became of people."""
    everyone = list(moved)
    steps = [
        {
            "sequence_id": sequence_id,
            "subscriber_id": each.subscriber_id,
            "occasion": each.occasion,
            "step": key,
            "at": now,
            "send_id": send_id,
            "note": note,
        }
        for each in everyone
        for key, send_id, note in each.settled
    ]
    if steps:
        connection.execute(insert(sequence_steps), steps)
    m = sequence_members.c
    one = (
        m.sequence_id == sequence_id,
        m.subscriber_id == bindparam("who"),
        m.occasion == bindparam("which"),
    )
    names = ("state", "reason", "since", "next_at")
    put = {name: bindparam(f"put_{name}", type_=m[name].type) for name in names}
    rows = [
        {"who": each.subscriber_id, "which": each.occasion}
        | {f"put_{name}": getattr(each.onward, name) for name in names}
        for each in everyone
    ]
    if rows:
        connection.execute(update(sequence_members).where(*one).values(**put, changed_at=now), rows)


def stop(
    connection: Connection, sequence_id: int, who: ColumnElement[bool], reason: str, now: datetime
) -> int:
    """Let people get nothing more of a sequence, of whose rows `who` holds; return how many rows."""
    m = sequence_members.c
    mine = (m.sequence_id == sequence_id, m.state == MemberState.ACTIVE, who)
    values = {"state": MemberState.STOPPED, "reason": reason, "next_at": None, "changed_at": now}
    return connection.execute(update(sequence_members).where(*mine).values(values)).rowcount


def forget(connection: Connection, member: Row[Any]) -> None:
    """Let it be as if somebody had never been in a sequence; what they were sent stays in the ledger."""
    m = sequence_members.c
    mine = (m.sequence_id == member.sequence_id, m.subscriber_id == member.subscriber_id)
    connection.execute(delete(sequence_members).where(*mine, m.occasion == member.occasion))


def members(
    connection: Connection, sequence_id: int, *which: ColumnElement[bool], limit: int | None = None
) -> Iterator[Row[Any]]:
    """Yield who is or was in a sequence, with their address: those of whom something is due first."""
    m, p = sequence_members.c, subscribers.c
    query = select(sequence_members, p.email, p.timezone).join(subscribers, p.id == m.subscriber_id)
    order = (m.next_at.is_(None), m.next_at, m.subscriber_id, m.occasion)
    yield from connection.execute(
        query.where(m.sequence_id == sequence_id, *which).order_by(*order).limit(limit)
    )


def counts(connection: Connection, sequence_id: int) -> tuple[dict[str, int], dict[str, tuple[int, int]]]:
    """Return how many are in which state, and by step how many got it, and how many it passed by."""
    m, t = sequence_members.c, sequence_steps.c
    states = select(m.state, func.count()).where(m.sequence_id == sequence_id).group_by(m.state)
    got = func.count(t.send_id)
    steps = select(t.step, got, func.count() - got).where(t.sequence_id == sequence_id).group_by(t.step)
    by_step = {key: (sent, passed) for key, sent, passed in connection.execute(steps)}
    return dict(connection.execute(states).all()), by_step


def due_count(connection: Connection, sequence_id: int, now: datetime) -> int:
    """Return of how many something is due."""
    m = sequence_members.c
    mine = (m.sequence_id == sequence_id, m.next_at <= now)
    return connection.scalar(select(func.count()).select_from(sequence_members).where(*mine)) or 0


def steps_of_person(connection: Connection, member: Row[Any], ids: Collection[int]) -> list[Row[Any]]:
    """Return what somebody got of a sequence, or was passed by: the step, when, the note, and what became of
    the letter (a state, and when); None for both while it waits, or where a backup that was restored
    `lacks` it. `ids` are all that the person has and had.
    """
    t, d, o = sequence_steps.c, deliveries.c, outcomes.c
    mine = (t.sequence_id == member.sequence_id, t.subscriber_id == member.subscriber_id)
    became = and_(o.send_id == t.send_id, o.subscriber_id.in_(ids), latest())
    lacks = ~exists().where(d.send_id == t.send_id, d.subscriber_id.in_(ids))
    query = select(t.step, t.at, t.send_id, t.note, o.state, o.at.label("state_at"), lacks.label("lacks"))
    query = query.join_from(sequence_steps, outcomes, became, isouter=True)
    return list(connection.execute(query.where(*mine, t.occasion == member.occasion).order_by(t.at, t.step)))
