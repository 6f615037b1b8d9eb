"""Take people in: the one way in which rows of subscribers and subscriptions come to be.

Whoever unsubscribed stays unsubscribed, whoever is suppressed stays suppressed, whatever is taken in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, or_, select, update

from mailer.domain.address import Address
from mailer.domain.consent import BECAME, NOTHING_KNOWN, Change, Evidence, Source
from mailer.domain.moment import utc_text
from mailer.domain.subscriber import OWN_FIELDS, Status
from mailer.domain.suppression import Reason, Suppression
from mailer.errors import UsageError
from mailer.people.consents import Said, record
from mailer.people.suppressing import Hashing, reasons, suppress_all
from mailer.store.schema import lists, subscribers, subscriptions, suppressions

COLUMNS = OWN_FIELDS[1:]


@dataclass(frozen=True, slots=True)
class Entry:
    """One person to take in: `values` by field name, in their types, only those that are known.

    `statuses` are theirs on each of the consent's lists, in its order; None for one they are not on. Without
    them they are subscribed to all. `suppressed` is why they are never to be mailed. `evidence` is what is
    known of the moment that they agreed. `pauses` are until when they get nothing from each of the lists.
    """

    address: Address
    values: Mapping[str, Any] = field(default_factory=dict)
    statuses: tuple[Status | None, ...] | None = None
    suppressed: str | None = None
    evidence: Evidence = NOTHING_KNOWN
    pauses: tuple[datetime | None, ...] = ()


class Effect(StrEnum):
    """What taking in one person did."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    ERASED = "erased"  # not taken in: they were erased, and nothing of them is kept again


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What taking in one person did.

    `kept_out` are the ids of lists that they had left and stay off; `suppressed` is the reason, if they are.
    `subscriber_id` is 0 for whoever was erased.
    """

    subscriber_id: int
    effect: Effect
    kept_out: tuple[int, ...] = ()
    suppressed: str | None = None


@dataclass(frozen=True, slots=True)
class Consent:
    """To which lists people are taken in, and on whose word. `anew` also brings back those who had left."""

    list_ids: tuple[int, ...]
    source: Source
    now: datetime
    anew: bool = False


def enrol(connection: Connection, entries: Sequence[Entry], consent: Consent) -> list[Enrolment]:
    """Take in a batch of at most some thousand entries, no person twice; one Enrolment an entry, in order.

    UsageError for a list that is put away.
    """
    _refuse_archived(connection, consent.list_ids)
    hashing = Hashing.made(connection)
    hashes = {entry.address.key: hashing.of(entry.address.key) for entry in entries}
    allowed = _allow(connection, hashes) if consent.anew else set()
    never = reasons(connection, hashes)
    erased = {key for key, reason in never.items() if reason == Reason.ERASED}
    taken = [entry for entry in entries if entry.address.key not in erased]
    known = _known(connection, [entry.address.key for entry in taken])
    touched = _update(connection, taken, known, consent.now)
    ids = _insert(connection, taken, known, hashes, consent.now)
    said = [
        Said(ids[entry.address.key], None, Change.ALLOWED, entry.evidence)
        for entry in taken
        if entry.address.key in allowed
    ]
    joined, kept_out = _join(connection, {ids[entry.address.key]: entry for entry in taken}, consent, said)
    joined |= _pause(connection, taken, ids, consent, said)
    joined |= _suppress_all(connection, taken, ids, never, consent, said)
    record(connection, consent.source, said, consent.now)

    def enrolment(key: str) -> Enrolment:
        if key in erased:
            return Enrolment(0, Effect.ERASED, suppressed=Reason.ERASED)
        changed = Effect.UPDATED if ids[key] in touched | joined else Effect.UNCHANGED
        effect = changed if key in known else Effect.ADDED
        return Enrolment(ids[key], effect, tuple(kept_out[ids[key]]), never.get(key))

    return [enrolment(key) for key in hashes]


def _refuse_archived(connection: Connection, list_ids: Sequence[int]) -> None:
    away = select(lists.c.name).where(lists.c.id.in_(list_ids), lists.c.archived_at.is_not(None))
    if (name := connection.scalar(away.limit(1))) is not None:
        raise UsageError(
            f"the list {name} is archived: nobody is put on it",
            next_step=f"To take it up again: mailer lists archive {name} --undo",
        )


def _allow(connection: Connection, hashes: Mapping[str, str]) -> set[str]:
    """Let addresses be mailed again that come back by their own word; return which weren't.

    What their domain is refused for stays.
    """
    who = suppressions.c.who
    found = delete(suppressions).where(who.in_([*hashes, *hashes.values()])).returning(who)
    gone = set(connection.scalars(found))
    return {key for key, hashed in hashes.items() if {key, hashed} & gone}


def _known(connection: Connection, keys: Sequence[str]) -> dict[str, Row[Any]]:
    rows = connection.execute(select(subscribers).where(subscribers.c.email_key.in_(keys)))
    return {row.email_key: row for row in rows}


def _insert(
    connection: Connection,
    entries: Sequence[Entry],
    known: Mapping[str, Row[Any]],
    hashes: Mapping[str, str],
    now: datetime,
) -> dict[str, int]:
    """Write those who are new; return the ids of everybody by key."""
    fresh = [entry for entry in entries if entry.address.key not in known]
    if fresh:
        connection.execute(insert(subscribers), [_new_row(entry, hashes, now) for entry in fresh])
    found = select(subscribers.c.email_key, subscribers.c.id).where(
        subscribers.c.email_key.in_([entry.address.key for entry in fresh])
    )
    ids = {key: row.id for key, row in known.items()}
    return ids | {row.email_key: row.id for row in connection.execute(found)}


def _new_row(entry: Entry, hashes: Mapping[str, str], now: datetime) -> dict[str, Any]:
    return {
        "email": entry.address.typed,
        "email_key": entry.address.key,
        "address_hash": hashes[entry.address.key],
        **{column: entry.values.get(column) for column in COLUMNS},
        "fields": _free_fields(entry) or None,
        "created_at": now,
        "updated_at": now,
    }


def _free_fields(entry: Entry) -> dict[str, Any]:
    return {name: value for name, value in entry.values.items() if name not in OWN_FIELDS}


def _update(
    connection: Connection, entries: Sequence[Entry], known: Mapping[str, Row[Any]], now: datetime
) -> set[int]:
    """Write what is new about those who are known, keep the rest as it is; return the ids changed."""
    changes = []
    for entry in entries:
        row = known.get(entry.address.key)
        if row is not None and (values := _changed(entry, row)):
            changes.append({"which": row.id, "updated_at": now, **values})
    if changes:
        names = (*COLUMNS, "fields", "updated_at")
        statement = update(subscribers).where(subscribers.c.id == bindparam("which"))
        connection.execute(statement.values({name: bindparam(name) for name in names}), changes)
    return {change["which"] for change in changes}


def _changed(entry: Entry, row: Row[Any]) -> dict[str, Any]:
    """Return the columns as they should be; nothing if they are so already."""
    before = {column: getattr(row, column) for column in (*COLUMNS, "fields")}
    after = before | {column: entry.values[column] for column in COLUMNS if column in entry.values}
    after["fields"] = {**(row.fields or {}), **_free_fields(entry)} or None
    return {} if _same(before, after) else after


def _same(before: object, after: object) -> bool:
    # 1 == True in Python, and a field that turns from one to the other has changed.
    return repr(before) == repr(after)


def _join(
    connection: Connection, wanted: Mapping[int, Entry], consent: Consent, said: list[Said]
) -> tuple[set[int], defaultdict[int, list[int]]]:
    """Put people on the lists, by id, as `wanted`; return whose subscriptions changed, what each had left.

    Who had left stays off, whatever is wanted. What changes is added to `said`.
    """
    joined: set[int] = set()
    kept_out: defaultdict[int, list[int]] = defaultdict(list)
    for place, list_id in enumerate(consent.list_ids):
        to_be = {number: _status(each, place) for number, each in wanted.items()}
        before = _statuses(connection, list_id, list(wanted))
        fresh = {number: status for number, status in to_be.items() if status and number not in before}
        back = [number for number, status in before.items() if status != to_be[number] == Status.SUBSCRIBED]
        leaving = [
            number for number, status in before.items() if status != to_be[number] == Status.UNSUBSCRIBED
        ]
        if fresh:
            rows = [{"subscriber_id": number, **_row(consent, status)} for number, status in fresh.items()]
            connection.execute(insert(subscriptions).values(list_id=list_id), rows)
        _change(connection, list_id, leaving, consent, Status.UNSUBSCRIBED)
        if consent.anew:
            _change(connection, list_id, back, consent, Status.SUBSCRIBED)
        became = fresh | dict.fromkeys(leaving, Status.UNSUBSCRIBED)
        became |= dict.fromkeys(back if consent.anew else (), Status.SUBSCRIBED)
        said += [
            Said(number, list_id, BECAME[status], wanted[number].evidence)
            for number, status in became.items()
        ]
        joined |= became.keys()
        for number in () if consent.anew else back:
            if before[number] == Status.UNSUBSCRIBED:
                kept_out[number].append(list_id)
    return joined, kept_out


def _status(entry: Entry, place: int) -> Status | None:
    return entry.statuses[place] if entry.statuses else Status.SUBSCRIBED


def _statuses(connection: Connection, list_id: int, ids: Sequence[int]) -> dict[int, str]:
    rows = connection.execute(
        select(subscriptions.c.subscriber_id, subscriptions.c.status).where(
            subscriptions.c.list_id == list_id, subscriptions.c.subscriber_id.in_(ids)
        )
    )
    return {row.subscriber_id: row.status for row in rows}


def _row(consent: Consent, status: Status) -> dict[str, Any]:
    return {"status": status, "source": str(consent.source), "since": consent.now}


def _change(
    connection: Connection, list_id: int, ids: Sequence[int], consent: Consent, status: Status
) -> None:
    if ids:
        connection.execute(
            update(subscriptions)
            .where(subscriptions.c.list_id == list_id, subscriptions.c.subscriber_id.in_(ids))
            .values(**_row(consent, status), paused_until=None)
        )


def _pause(
    connection: Connection,
    entries: Sequence[Entry],
    ids: Mapping[str, int],
    consent: Consent,
    said: list[Said],
) -> set[int]:
    """Let people get nothing for as long as the entries say so; return the ids of those of whom it is news.

    A pause is not cut short. They are few, and none in most files.
    """
    s, changed = subscriptions.c, set[int]()
    wanted = (
        (entry, list_id, until)
        for entry in entries
        for list_id, until in zip(consent.list_ids, entry.pauses, strict=False)
        if until
    )
    for entry, list_id, until in wanted:
        number = ids[entry.address.key]
        theirs = (s.list_id == list_id, s.subscriber_id == number, s.status == Status.SUBSCRIBED)
        shorter = or_(s.paused_until.is_(None), s.paused_until < until)
        if connection.execute(
            update(subscriptions).where(*theirs, shorter).values(paused_until=until)
        ).rowcount:
            note = f"until {utc_text(until)}"
            said.append(Said(number, list_id, Change.PAUSED, entry.evidence._replace(note=note)))
            changed.add(number)
    return changed


def _suppress_all(
    connection: Connection,
    entries: Sequence[Entry],
    ids: Mapping[str, int],
    never: dict[str, str],
    consent: Consent,
    said: list[Said],
) -> set[int]:
    """Suppress whom the entries say so of; return the ids of those of whom that is news."""
    named = {entry.address.key: entry for entry in entries if entry.suppressed}
    note = str(consent.source)
    wanted = (Suppression(key, entry.suppressed or "", note, consent.now) for key, entry in named.items())
    new = suppress_all(connection, wanted)
    for each in new:
        never[each.who] = each.reason
        said.append(Said(ids[each.who], None, Change.SUPPRESSED, named[each.who].evidence))
    return {ids[each.who] for each in new}
