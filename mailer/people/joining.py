"""Put people on lists, or take them off, as is said of them. Who left stays off, unless it is `anew`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, select, update

from mailer.domain.consent import BECAME, Change, Evidence, Source
from mailer.domain.moment import utc_text
from mailer.domain.subscriber import Status
from mailer.errors import UsageError
from mailer.people.consents import Said
from mailer.store.dialect import among, append
from mailer.store.schema import lists, subscriptions

# What is not true any more of one who gets another status.
FRESH = {"paused_until": None, "reminded_at": None}


@dataclass(frozen=True, slots=True)
class Consent:
    """To which lists people are taken in, and on whose word. `anew` also brings back those who had left.

    `confirmed`: it was asked for in a mail to them, and they said yes.
    """

    list_ids: tuple[int, ...]
    source: Source
    now: datetime
    anew: bool = False
    confirmed: bool = False

    def change(self, status: Status) -> Change:
        """Return what a subscription that comes to have a status is recorded as."""
        return Change.CONFIRMED if self.confirmed and status is Status.SUBSCRIBED else BECAME[status]


@dataclass(slots=True)
class Joined:
    """What changed, and by the id of each person the lists that they stay off, as they had left them
    (`kept_out`) or have not confirmed them (`waiting`).
    """

    said: list[Said] = field(default_factory=list)
    kept_out: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    waiting: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))


class WantedStatuses(NamedTuple):
    """What a person is to be on each of the consent's lists, in their order; None where nothing is said.

    `pauses` are until when they get nothing from each.
    """

    subscriber_id: int
    statuses: Sequence[Status | None]
    evidence: Evidence
    pauses: Sequence[datetime | None] = ()


def join(
    connection: Connection, wanted: Sequence[WantedStatuses], known: Collection[int], consent: Consent
) -> Joined:
    """Let people be on the lists what they are wanted to be; `known` are the ids of those who may be on any.

    UsageError for a list that is put away.
    """
    refuse_archived(connection, consent.list_ids)
    before = _statuses(connection, consent.list_ids, known)
    joined = Joined()
    fresh: list[tuple[Any, ...]] = []
    others: defaultdict[tuple[int, Status], list[int]] = defaultdict(list)
    source, recently = str(consent.source), utc_text(consent.now)
    for place, list_id in enumerate(consent.list_ids):
        for number, statuses, evidence, _ in wanted:
            was, to_be = before.get((number, list_id)), statuses[place]
            if status := _becomes(was, to_be, consent):
                joined.said.append(Said(number, list_id, consent.change(status), evidence))
                if was is None:
                    since = recently
                    if evidence.at is not None and status is Status.SUBSCRIBED:
                        # Whoever agreed did so when the file says. What they refuse holds from now on: a
                        # backup may be older.
                        since = utc_text(evidence.when(consent.now))
                    fresh.append((list_id, number, status.value, source, since, None, None))
                else:
                    others[list_id, status].append(number)
            elif to_be is Status.SUBSCRIBED and was == Status.UNSUBSCRIBED:
                joined.kept_out[number].append(list_id)
            elif to_be is Status.SUBSCRIBED and was == Status.UNCONFIRMED:
                joined.waiting[number].append(list_id)
    append(connection, subscriptions, fresh)
    for (list_id, status), ids in others.items():
        _change(connection, list_id, ids, consent, status)
    return joined


def pause(connection: Connection, wanted: Iterable[WantedStatuses], consent: Consent) -> list[Said]:
    """Let people get nothing for as long as is wanted; return of whom that is news.

    A pause is not cut short.
    """
    asked = {
        (number, list_id): (until, evidence)
        for number, _, evidence, pauses in wanted
        for list_id, until in zip(consent.list_ids, pauses, strict=False)
        if until is not None
    }
    if not asked:
        return []
    s = subscriptions.c
    theirs = (s.list_id.in_(consent.list_ids), among(s.subscriber_id, {number for number, _ in asked}))
    on = select(s.subscriber_id, s.list_id, s.paused_until).where(*theirs, s.status == Status.SUBSCRIBED)
    before = {(number, list_id): until for number, list_id, until in connection.execute(on)}
    longer = {
        on: until
        for on, (until, _) in asked.items()
        if on in before and ((known := before[on]) is None or known < until)
    }
    if longer:
        one = (s.list_id == bindparam("which"), s.subscriber_id == bindparam("whose"))
        statement = update(subscriptions).where(*one).values(paused_until=bindparam("until"))
        values = [{"whose": on[0], "which": on[1], "until": until} for on, until in longer.items()]
        connection.execute(statement, values)
    return [
        Said(
            number,
            list_id,
            Change.PAUSED,
            asked[number, list_id][1]._replace(note=f"until {utc_text(until)}"),
        )
        for (number, list_id), until in longer.items()
    ]


def refuse_archived(connection: Connection, list_ids: Iterable[int]) -> None:
    """Raise UsageError where one of these lists is put away: nobody is put on it."""
    away = select(lists.c.name).where(lists.c.id.in_(list_ids), lists.c.archived_at.is_not(None))
    if (name := connection.scalar(away.limit(1))) is not None:
        raise UsageError(
            f"the list {name} is archived: nobody is put on it",
            next_step=f"To take it up again: mailer lists archive {name} --undo",
        )


def _becomes(was: str | None, to_be: Status | None, consent: Consent) -> Status | None:
    """Return what becomes of a subscription; None: it stays as it was, or there is none."""
    if was is None:
        return to_be
    if was == to_be or to_be is Status.UNCONFIRMED or (to_be is Status.SUBSCRIBED and not consent.anew):
        return None
    return to_be


def _statuses(
    connection: Connection, list_ids: Iterable[int], ids: Collection[int]
) -> dict[tuple[int, int], str]:
    """Return what people are on these lists, by their ids and the lists'."""
    s = subscriptions.c
    if not ids:
        return {}
    found = select(s.subscriber_id, s.list_id, s.status).where(
        s.list_id.in_(list_ids), among(s.subscriber_id, ids)
    )
    return {(number, list_id): status for number, list_id, status in connection.execute(found)}


def _change(
    connection: Connection, list_id: int, ids: Sequence[int], consent: Consent, status: Status
) -> None:
    s = subscriptions.c
    row = {"status": status, "source": str(consent.source), "since": consent.now} | FRESH
    connection.execute(
        update(subscriptions).where(s.list_id == list_id, among(s.subscriber_id, ids)).values(row)
    )
