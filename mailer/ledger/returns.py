"""What came back, in rows that are added once: looked up by message, by person, by send."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, Connection, Select, and_, bindparam, exists, func, select, text, update

from mailer.domain.delivery import State
from mailer.domain.moment import utc_text
from mailer.domain.outcome import Stage
from mailer.domain.return_policy import PastSend, ReturnEffect
from mailer.domain.returned import FAILURES, Kind, Returned
from mailer.ledger.outcomes import OutcomeRow, latest
from mailer.store.dialect import among, among_given, append, bound, give_ids, put
from mailer.store.schema import deliveries, mailboxes, outcomes, returns, sends

PAGE = 400  # people
UNACCEPTED = text("outcomes.state <> 'accepted'")  # as the index has it, which is else not used
LOOKED_BACK = 200  # sends


class ReturnRow(NamedTuple):
    """A row of `returns`, in the order of its columns, but for the id."""

    digest: str
    at: datetime
    source: str
    kind: Kind
    effect: ReturnEffect
    send_id: int | None = None
    subscriber_id: int | None = None
    email: str = ""
    provider: str = ""
    status: str = ""
    reason: str = ""
    said: str = ""
    evidence: Sequence[str] = ()


def known(connection: Connection, digests: Iterable[str]) -> dict[str, Kind]:
    """Return what those of the messages are that are recorded already."""
    rows = connection.execute(_known(), {"digests": list(digests)})
    return {row.digest: Kind(row.kind) for row in rows}


@cache
def _known() -> Select[Any]:
    return select(returns.c.digest, returns.c.kind).where(among_given(returns.c.digest, "digests"))


def write(connection: Connection, rows: Sequence[ReturnRow]) -> None:
    """Add rows, of messages that are not recorded yet. Run for every message that comes back."""
    json = bound(connection, returns.c.evidence.type)
    append(
        connection,
        returns,
        [
            (number, digest, utc_text(at), source, kind.value, effect.value, *rest, json(list(evidence)))
            for number, (digest, at, source, kind, effect, *rest, evidence) in zip(
                give_ids(connection, returns, len(rows)), rows, strict=True
            )
        ],
    )


def set_effect(connection: Connection, digests: Collection[str], effect: ReturnEffect) -> None:
    """Note what was done about messages whose rows were written before it was decided."""
    which = among(returns.c.digest, digests)
    connection.execute(update(returns).where(which).values(effect=effect.value))


def addresses(connection: Connection, copies: Collection[Returned]) -> Mapping[Returned, str]:
    """Return to which address each of these copies went, as typed; those that no delivery is known of aren't
    there."""
    by_send = dict[int, list[int]]()
    for copy in copies:
        by_send.setdefault(copy.send_id, []).append(copy.subscriber_id)
    found: dict[Returned, str] = {}
    for send_id, people in by_send.items():
        rows = connection.execute(_addresses(), {"send": send_id, "people": people})
        found.update({Returned(send_id, row.subscriber_id): row.email for row in rows})
    return found


@cache
def _addresses() -> Select[Any]:
    d = deliveries.c
    theirs = among_given(d.subscriber_id, "people")
    return select(d.subscriber_id, d.email).where(d.send_id == bindparam("send"), theirs)


def past_sends(connection: Connection, subscriber_id: int, counted: frozenset[Kind]) -> list[PastSend]:
    """Return how the latest sends ended for a person, the newest first. Run for every soft bounce.

    It failed by a return of a kind that is `counted`. One that is not over, that was cancelled, or that came
    back otherwise says nothing of them.
    """
    return [
        PastSend(row.at, bool(row.failed))
        for row in connection.execute(_past(counted), {"person": subscriber_id})
        if row.at and (row.failed or (row.state == State.ACCEPTED and not row.returned))
    ]


@cache
def _past(counted: frozenset[Kind]) -> Select[Any]:
    d, o, s, r = deliveries.c, outcomes.c, sends.c, returns.c
    person: BindParameter[int] = bindparam("person")
    last = and_(o.send_id == d.send_id, o.subscriber_id == d.subscriber_id, latest())
    back = exists().where(r.subscriber_id == person, r.send_id == s.id)
    failed, any_kind = back.where(r.kind.in_(counted)), back.where(r.kind.in_(FAILURES))
    # One look for each send: nobody's deliveries are found by the person alone. Outer joins keep SQLite from
    # beginning with all outcomes there are.
    return (
        select(o.at, o.state, failed.label("failed"), any_kind.label("returned"))
        .select_from(sends)
        .outerjoin(deliveries, (d.send_id == s.id) & (d.subscriber_id == person))
        .outerjoin(outcomes, last)
        .order_by(s.id.desc())
        .limit(LOOKED_BACK)
    )


def of_person(connection: Connection, ids: Sequence[int]) -> list[Any]:
    """Return the rows about a person, by all ids that they have or had, with the slugs of their sends."""
    query = (
        select(returns, sends.c.slug, sends.c.corrects)
        .outerjoin(sends, sends.c.id == returns.c.send_id)
        .where(returns.c.subscriber_id.in_(ids))
        .order_by(returns.c.at, returns.c.id)
    )
    return list(connection.execute(query))


def refused(connection: Connection, send_id: int, after: int) -> list[OutcomeRow]:
    """Return a page of the outcomes by which somebody failed, by the person; those `after` one."""
    o = outcomes.c
    which = (o.send_id == send_id, o.subscriber_id > after, o.state == State.FAILED, UNACCEPTED)
    people = select(o.subscriber_id).where(*which).distinct().order_by(o.subscriber_id).limit(PAGE)
    found = select(outcomes).where(o.send_id == send_id, o.state == State.FAILED, UNACCEPTED)
    query = found.where(o.subscriber_id.in_(people)).order_by(o.subscriber_id, o.number)
    return [
        OutcomeRow._make(row)._replace(stage=Stage(row.stage) if row.stage else None)
        for row in connection.execute(query)
    ]


class RefusalsRead:
    """How many refusals of each send are taken in: kept as how far a mailbox is read."""

    NAME = "SMTP"

    @classmethod
    def new(cls, connection: Connection) -> dict[int, int]:
        """Return how many there are of each send of which not all are taken in."""
        o, known = outcomes.c, cls._known().scalar_subquery()
        failed = (o.state == State.FAILED, UNACCEPTED)
        counted = select(o.send_id, func.count(), known).where(*failed).group_by(o.send_id)
        return {
            send_id: count
            for send_id, count, state in connection.execute(counted)
            if (state or {}).get(str(send_id)) != count
        }

    @classmethod
    def note(cls, connection: Connection, send_id: int, count: int, now: datetime) -> None:
        """Note that so many of a send are taken in."""
        state = {**(connection.scalar(cls._known()) or {}), str(send_id): count}
        put(connection, mailboxes, {"name": cls.NAME}, {"state": state, "read_at": now})

    @classmethod
    def _known(cls) -> Select[Any]:
        return select(mailboxes.c.state).where(mailboxes.c.name == cls.NAME)
