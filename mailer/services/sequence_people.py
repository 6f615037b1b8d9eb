"""People in sequences: put in and taken out by a command, and what is known of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from mailer.bootstrap import App
from mailer.domain.address import Address
from mailer.domain.sequence import MemberState
from mailer.domain.subscriber import Status
from mailer.errors import UsageError
from mailer.ledger.sequence_restoring import unlearn
from mailer.ledger.sequences import ActiveSequence, begin, forget, members, steps_of_person, stop
from mailer.people.former import ids_of
from mailer.people.person import required as required_person
from mailer.people.person import subscriptions_of
from mailer.people.suppressing import suppression_of
from mailer.services.sequences import required
from mailer.store.schema import sequence_members, subscribers


@dataclass(frozen=True, slots=True)
class SequenceStory:
    """Somebody in a sequence, for one occasion, and what they got of it, the earliest first."""

    member: Row[Any]
    steps: list[Row[Any]]


def start(app: App, name: str, addresses: Sequence[Address], *, again: bool = False) -> int:
    """Let people begin, all of them or none; return how many.

    UsageError for who is nobody here, may not be mailed on the list, or is or was in the sequence; who was
    may begin `again`, which brings every step once more.
    """
    active, now = required(app, name), app.now()
    with app.database.begin() as connection:
        for address in dict.fromkeys(addresses):
            person = required_person(connection, address.key)
            _refuse(connection, active, person)
            _make_way(connection, active, person, again=again)
            if again:
                unlearn(connection, active.name, person.id)
            begin(connection, active.id, f"command, by {app.user}", subscribers.c.id == person.id, now)
    return len(set(addresses))


def start_segment(app: App, name: str, segment: str) -> int:
    """Let those on the list begin who are in a segment, and never were in the sequence; return how many.

    UsageError for a segment that isn't there.
    """
    from mailer.people.segments.selecting import selected  # lark
    from mailer.services.segments import kept

    active, now, found = required(app, name), app.now(), kept(app, [(segment, False)])
    with app.database.begin() as connection:
        why = f"command, by {app.user}: segment {segment}"
        return begin(connection, active.id, why, selected(connection, found), now)


def stop_people(app: App, name: str, addresses: Sequence[Address]) -> int:
    """Let people get nothing more of a sequence; return how many. UsageError for who is not in it."""
    active, now = required(app, name), app.now()
    with app.database.begin() as connection:
        for address in dict.fromkeys(addresses):
            person = required_person(connection, address.key)
            who = sequence_members.c.subscriber_id == person.id
            if not stop(connection, active.id, who, f"by {app.user}", now):
                raise UsageError(
                    f"{person.email} gets nothing more of {name} as it is",
                    next_step=f"See: mailer sequences status {name} --person {person.email}",
                )
    return len(set(addresses))


def stop_everybody(app: App, name: str) -> int:
    """Let everybody get nothing more of a sequence; return how many."""
    active = required(app, name)
    with app.database.begin() as connection:
        return stop(
            connection, active.id, sequence_members.c.sequence_id == active.id, f"by {app.user}", app.now()
        )


def people_of(app: App, name: str, state: str | None, limit: int) -> list[Row[Any]]:
    """Return who is or was in a sequence, those first of whom something is due next."""
    active = required(app, name)
    which = (sequence_members.c.state == state,) if state else ()
    with app.database.connect() as connection:
        return list(members(connection, active.id, *which, limit=limit))


def stories_of(app: App, name: str, address: Address) -> list[SequenceStory]:
    """Return what is known of somebody in a sequence; UsageError for an address that is nobody's."""
    active = required(app, name)
    with app.database.connect() as connection:
        person = required_person(connection, address.key)
        who, ids = sequence_members.c.subscriber_id == person.id, ids_of(connection, person.id)
        return [
            SequenceStory(row, steps_of_person(connection, row, ids))
            for row in members(connection, active.id, who)
        ]


def _refuse(connection: Connection, active: ActiveSequence, person: Row[Any]) -> None:
    """Raise UsageError for who may not be mailed on the list of a sequence."""
    on = {each.list_id: each.status for each in subscriptions_of(connection, person.id)}
    if on.get(active.list_id) is not Status.SUBSCRIBED:
        how = on.get(active.list_id, "not on it")
        raise UsageError(
            f"{person.email} can't be in {active.name}, which is for the list {active.list_name}: {how}",
            next_step=f"See: mailer subscribers show {person.email}",
        )
    if found := suppression_of(connection, person.email_key):
        raise UsageError(
            f"{person.email} is never mailed: {found.reason}",
            next_step=f"See why: mailer subscribers show {person.email}",
        )


def _make_way(connection: Connection, active: ActiveSequence, person: Row[Any], *, again: bool) -> None:
    """Let somebody begin who was in a sequence before; UsageError where that was not asked for."""
    m = sequence_members.c
    before = next(members(connection, active.id, m.subscriber_id == person.id, m.occasion == ""), None)
    if before is None:
        return
    if before.state == MemberState.ACTIVE:
        raise UsageError(
            f"{person.email} is in {active.name} already",
            next_step=f"See: mailer sequences status {active.name} --person {person.email}",
        )
    if before.state != MemberState.BEFORE and not again:
        raise UsageError(
            f"{person.email} was in {active.name} before ({before.state})",
            next_step="To have them get every step once more, add --again",
        )
    forget(connection, before)
