"""The stages of a send that goes to some first: who is in which, how far it has come, and why it stops.

A stage is the chunks that wait for it. It is done when everybody in it was tried; what was put off is not
waited for. The next one opens when the send has held after that, and nothing struck.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, exists, func, insert, or_, select, update

from mailer.domain.delivery import TRIED, Halt, State
from mailer.domain.returned import Kind
from mailer.domain.rollout import Rollout, dealt
from mailer.domain.send import Send
from mailer.domain.stop_condition import Figures, Judged
from mailer.domain.subscriber import Status
from mailer.ledger.chunks import add, groups, size_for
from mailer.ledger.outcomes import Tally
from mailer.store.schema import chunks, deliveries, lists, returns, sends, stages, subscriptions

RETURNED = {Kind.HARD: Judged.BOUNCED, Kind.COMPLAINT: Judged.COMPLAINTS}
_RUNS = or_(sends.c.halted.is_(None), sends.c.halted == Halt.LIMITED)


@dataclass(frozen=True, slots=True)
class RolloutStage:
    """One stage: how many there are in it, when it opened and was done, and the figures of the send then."""

    number: int
    people: int
    opened_at: datetime | None
    done_at: datetime | None
    figures: Figures | None

    @classmethod
    def of(cls, row: Row[Any]) -> RolloutStage:
        """Return the stage in a row."""
        figures = Figures.read(row.figures) if row.figures else None
        return cls(row.number, row.people, row.opened_at, row.done_at, figures)


def cut_in_stages(connection: Connection, send_id: int, rollout: Rollout, now: datetime) -> None:
    """Make the chunks of a send that was frozen, stage by stage, and open the first one."""
    d = deliveries.c
    people = connection.scalars(select(d.subscriber_id).where(d.send_id == send_id)).all()
    sizes = rollout.sizes(len(people))
    for number, members in enumerate(dealt(send_id, people, sizes), 1):
        for group in groups(members, size_for(len(members))):
            add(connection, send_id, group, Tally({State.QUEUED: len(group)}), stage=number)
        opened = now if number == 1 else None
        row = {"send_id": send_id, "number": number, "people": len(members), "opened_at": opened}
        connection.execute(insert(stages).values(row))
    connection.execute(update(sends).where(sends.c.id == send_id).values(rollout=rollout.data(), stage=1))


def has_come(connection: Connection, send: Send) -> ColumnElement[bool]:
    """Return whether a chunk's stage is open."""
    stage = connection.scalar(select(sends.c.stage).where(sends.c.id == send.id))
    return or_(chunks.c.stage.is_(None), chunks.c.stage <= stage)


def stages_of(connection: Connection, send_id: int) -> list[RolloutStage]:
    """Return the stages of a send, the first one first."""
    query = select(stages).where(stages.c.send_id == send_id).order_by(stages.c.number)
    return [RolloutStage.of(row) for row in connection.execute(query)]


def opens_at(send: Send, found: Sequence[RolloutStage]) -> datetime | None:
    """Return when the next stage opens, if nothing strikes; None where none does, or another isn't done."""
    opened = [each for each in found if each.opened_at]
    if send.rollout is None or not opened or len(opened) == len(found) or opened[-1].done_at is None:
        return None
    return opened[-1].done_at + send.rollout.hold


def figures_of(connection: Connection, send: Send) -> Figures:
    """Return how a send does, as far as its condition asks for it; each person counts once."""
    c, counts = chunks.c, dict.fromkeys(Judged, 0)
    tally = connection.execute(
        select(*(func.sum(c[state.value]) for state in TRIED)).where(c.send_id == send.id)
    ).one()
    by_state = {state: int(number or 0) for state, number in zip(TRIED, tally, strict=True)}
    for state in (State.FAILED, State.DEFERRED, State.UNCERTAIN):
        counts[Judged(state.value)] = by_state[state]
    r = returns.c
    back = select(r.kind, func.count(r.subscriber_id.distinct())).where(r.send_id == send.id)
    for kind, number in connection.execute(back.where(r.kind.in_(RETURNED)).group_by(r.kind)):
        counts[RETURNED[Kind(kind)]] = number
    condition = send.rollout and send.rollout.stop_if
    if condition and condition.names(Judged.UNSUBSCRIBED):
        counts[Judged.UNSUBSCRIBED] = _left_since(connection, send)
    return Figures(sum(by_state.values()), by_state[State.ACCEPTED], counts)


def _left_since(connection: Connection, send: Send) -> int:
    """Return how many of those whom a send is for have left a list of it since it began."""
    s, d = subscriptions.c, deliveries.c
    its_lists = select(lists.c.id).where(lists.c.name.in_(send.audience.lists))
    gone = (s.status == Status.UNSUBSCRIBED) & (s.since >= send.created_at) & s.list_id.in_(its_lists)
    query = select(func.count(s.subscriber_id.distinct())).join(
        deliveries, d.subscriber_id == s.subscriber_id
    )
    return connection.scalar(query.where(gone, d.send_id == send.id)) or 0


def struck(connection: Connection, send: Send) -> str:
    """Return why a send has to stop, in words; empty if it may go on."""
    if send.rollout is None or send.rollout.stop_if is None:
        return ""
    query = select(sends.c.judged_from, sends.c.stage).where(sends.c.id == send.id, _RUNS)
    if (row := connection.execute(query).one_or_none()) is None:
        return ""
    earlier = Figures.read(row.judged_from) if row.judged_from else Figures(0, 0, {})
    open_ones = [each for each in stages_of(connection, send.id) if each.number <= row.stage]
    under_way = not (open_ones and open_ones[-1].done_at)
    to_come = sum(each.people for each in open_ones) - earlier.tried if under_way else 0
    return send.rollout.stop_if.struck(figures_of(connection, send).since(earlier), to_come)


def is_struck(engine: Engine, send: Send) -> bool:
    """Return whether a send has to stop now; nothing is written."""
    with engine.connect() as connection:
        return bool(struck(connection, send))


def stop_if_struck(connection: Connection, send: Send, now: datetime) -> bool:
    """Let a send stop by itself if its condition holds and anybody is left; return whether it does.

    Of any number of processes that see it one stops it.
    """
    if not (why := struck(connection, send)) or not _is_open(connection, send):
        return False
    halt = {"halted": Halt.STOPPED, "halted_by": why, "halted_at": now, "halt_told_at": None}
    connection.execute(update(sends).where(sends.c.id == send.id, _RUNS).values(halt))
    return True


def judge_from_now(connection: Connection, send: Send) -> None:
    """Let what came so far of a send that stopped by itself count no more: somebody has looked at it."""
    stopped = (sends.c.id == send.id) & (sends.c.halted == Halt.STOPPED)
    figures = figures_of(connection, send).data()
    connection.execute(update(sends).where(stopped).values(judged_from=figures))


def advance(
    connection: Connection,
    send: Send,
    now: datetime,
    call: Callable[[Connection], None] = lambda connection: None,  # noqa: ARG005
) -> None:
    """Take a send on as far as it may go: stop it, note that its stage is done, open the next one.

    Whoever is to send that is to `call` in the same transaction. Done twice it changes nothing more.
    """
    s, row = sends.c, _current(connection, send)
    if row is None:
        return
    stage = RolloutStage.of(row)
    this = (stages.c.send_id == send.id) & (stages.c.number == stage.number)
    done_at = stage.done_at
    if done_at is None and not _is_open(connection, send, stage.number):
        done_at = now
        done = {"done_at": now, "figures": figures_of(connection, send).data()}
        connection.execute(update(stages).where(this, stages.c.done_at.is_(None)).values(done))
    stopped = stop_if_struck(connection, send, now)
    assert send.rollout is not None
    if stopped or done_at is None or now < done_at + send.rollout.hold:
        return
    on = update(sends).where(s.id == send.id, s.stage == stage.number, _RUNS)
    following = (stages.c.send_id == send.id) & (stages.c.number == stage.number + 1)
    if stage.number < row.last and connection.execute(on.values(stage=stage.number + 1)).rowcount:
        connection.execute(update(stages).where(following).values(opened_at=now))
        call(connection)


def under_way(connection: Connection) -> list[int]:
    """Return the ids of the sends in stages of which something is left that may go by itself."""
    s, c = sends.c, chunks.c
    left = exists().where(c.send_id == s.id, c.is_open)
    query = select(s.id).where(s.rollout.is_not(None), s.proved_at.is_not(None), s.halted.is_(None), left)
    return list(connection.scalars(query.order_by(s.id)))


def _current(connection: Connection, send: Send) -> Row[Any] | None:
    s, every = sends.c, stages.alias("every")
    last = select(func.max(every.c.number)).where(every.c.send_id == send.id).scalar_subquery()
    at = (stages.c.send_id == s.id) & (stages.c.number == s.stage)
    query = select(stages, last.label("last")).join(sends, at)
    return connection.execute(query.where(s.id == send.id, s.proved_at.is_not(None))).one_or_none()


def _is_open(connection: Connection, send: Send, upto: int | None = None) -> bool:
    """Return whether anybody may be tried yet; with `upto` now, in the stages up to that one."""
    c = chunks.c
    left = (c.send_id == send.id) & c.is_open
    if upto is not None:
        left &= c.due_at.is_(None) & or_(c.stage.is_(None), c.stage <= upto)
    return bool(connection.scalar(select(exists().where(left))))
