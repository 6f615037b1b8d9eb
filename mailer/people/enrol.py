"""Take people in: the one way in which rows of subscribers and subscriptions come to be.

Whoever unsubscribed stays unsubscribed, whoever is suppressed stays suppressed, whatever is taken in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, select, update

from mailer.domain.address import Address
from mailer.domain.consent import NOTHING_KNOWN, Change, Evidence
from mailer.domain.subscriber import OWN_FIELDS, Status
from mailer.domain.suppression import Reason, Suppression
from mailer.people.consents import Said, record
from mailer.people.former import heirs
from mailer.people.joining import Consent, Wanted, join, pause
from mailer.people.suppressing import Hashing, reasons, suppress_all
from mailer.store.dialect import among, append, bound, give_ids, moments
from mailer.store.schema import subscribers, suppressions

# Beside what is defined here: on whose word people are taken in.
__all__ = ["Consent", "Effect", "Enrolment", "Entry", "enrol"]

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


def enrol(connection: Connection, entries: Sequence[Entry], consent: Consent) -> list[Enrolment]:
    """Take in a batch of at most some thousand entries, no person twice; one Enrolment an entry, in order.

    An address that somebody had before is theirs: what is said of it is said of them, but for their fields.
    UsageError for a list that is put away.
    """
    theirs = heirs(connection, [entry.address.key for entry in entries])
    if not theirs:
        return _enrol(connection, entries, consent)
    plain = [entry for entry in entries if entry.address.key not in theirs]
    keys = [entry.address.key for entry in plain]
    done = dict(zip(keys, _enrol(connection, plain, consent), strict=True))
    for entry in entries:
        if email := theirs.get(entry.address.key):  # one by one: they may be in this batch, too
            meant = replace(entry, address=Address.parse(email), values=entry.values if consent.anew else {})
            (done[entry.address.key],) = _enrol(connection, [meant], consent)
    return [done[entry.address.key] for entry in entries]


def _enrol(connection: Connection, entries: Sequence[Entry], consent: Consent) -> list[Enrolment]:
    people = {entry.address.key: entry for entry in entries}
    hashing = Hashing.made(connection)
    hashes = {key: hashing.of(key) for key in people}
    allowed = _allow(connection, hashes) if consent.anew else set()
    never = reasons(connection, hashes)
    taken = {key: entry for key, entry in people.items() if never.get(key) != Reason.ERASED}
    known = _known(connection, taken)
    touched = _update(connection, taken, known, consent.now)
    ids = _insert(connection, taken, known, hashes, consent.now)
    everywhere = (Status.SUBSCRIBED,) * len(consent.list_ids)
    wanted = [
        Wanted(ids[key], entry.statuses or everywhere, entry.evidence, entry.pauses)
        for key, entry in taken.items()
    ]
    joined, kept_out = join(connection, wanted, [row.id for row in known.values()], consent)
    said = [Said(ids[key], None, Change.ALLOWED, taken[key].evidence) for key in taken if key in allowed]
    said += joined
    said += pause(connection, wanted, consent)
    said += _suppress_all(connection, taken, ids, never, consent)
    record(connection, consent.source, said, consent.now)
    touched |= {each.subscriber_id for each in said}

    def enrolment(key: str) -> Enrolment:
        if key not in taken:
            return Enrolment(0, Effect.ERASED, suppressed=Reason.ERASED)
        number = ids[key]
        changed = Effect.UPDATED if number in touched else Effect.UNCHANGED
        effect = changed if key in known else Effect.ADDED
        return Enrolment(number, effect, tuple(kept_out.get(number, ())), never.get(key))

    return [enrolment(key) for key in people]


def _allow(connection: Connection, hashes: Mapping[str, str]) -> set[str]:
    """Let addresses be mailed again that come back by their own word; return which weren't.

    What their domain is refused for stays.
    """
    who = suppressions.c.who
    found = delete(suppressions).where(among(who, [*hashes, *hashes.values()])).returning(who)
    gone = set(connection.scalars(found))
    return {key for key, hashed in hashes.items() if {key, hashed} & gone}


def _known(connection: Connection, keys: Iterable[str]) -> dict[str, Row[Any]]:
    """Return those of the people who are here, by key."""
    s = subscribers.c
    columns = [s.id, s.email_key, *(s[column] for column in COLUMNS), s.fields]
    return {
        row.email_key: row for row in connection.execute(select(*columns).where(among(s.email_key, keys)))
    }


def _insert(
    connection: Connection,
    entries: Mapping[str, Entry],
    known: Mapping[str, Row[Any]],
    hashes: Mapping[str, str],
    now: datetime,
) -> dict[str, int]:
    """Write those who are new; return the ids of everybody by key."""
    fresh = [key for key in entries if key not in known]
    ids = dict(zip(fresh, give_ids(connection, subscribers, len(fresh)), strict=True))
    at, write = moments(connection)(now), bound(connection, subscribers.c.fields.type)

    def row(key: str) -> tuple[Any, ...]:
        entry = entries[key]
        name, language, timezone, tags = map(entry.values.get, COLUMNS)
        fields = write(_free_fields(entry) or None)
        typed = entry.address.typed
        return ids[key], typed, key, hashes[key], name, language, timezone, write(tags), fields, at, at

    append(connection, subscribers, [row(key) for key in fresh])
    return ids | {key: row.id for key, row in known.items()}


def _free_fields(entry: Entry) -> dict[str, Any]:
    return {name: value for name, value in entry.values.items() if name not in OWN_FIELDS}


def _update(
    connection: Connection, entries: Mapping[str, Entry], known: Mapping[str, Row[Any]], now: datetime
) -> set[int]:
    """Write what is new about those who are known, keep the rest as it is; return the ids changed."""
    changes = [
        {"which": row.id, "updated_at": now, **values}
        for key, row in known.items()
        if (values := _changed(entries[key], row))
    ]
    if changes:
        names = (*COLUMNS, "fields", "updated_at")
        statement = update(subscribers).where(subscribers.c.id == bindparam("which"))
        connection.execute(statement.values({name: bindparam(name) for name in names}), changes)
    return {change["which"] for change in changes}


def _changed(entry: Entry, row: Row[Any]) -> dict[str, Any]:
    """Return the columns as they should be; nothing if they are so already."""
    own = {column: getattr(row, column) for column in COLUMNS}
    before = {**own, **(row.fields or {})}
    if all(_same(before.get(name), value) for name, value in entry.values.items()):
        return {}
    after: dict[str, Any] = own | {name: entry.values[name] for name in COLUMNS if name in entry.values}
    return {**after, "fields": {**(row.fields or {}), **_free_fields(entry)} or None}


def _same(before: object, after: object) -> bool:
    # 1 == True in Python, and a field that turns from one to the other has changed.
    return type(before) is type(after) and before == after


def _suppress_all(
    connection: Connection,
    entries: Mapping[str, Entry],
    ids: Mapping[str, int],
    never: dict[str, str],
    consent: Consent,
) -> list[Said]:
    """Suppress whom the entries say so of, and add them to `never`; return of whom that is news."""
    named = {key: entry for key, entry in entries.items() if entry.suppressed}
    note = str(consent.source)
    wanted = [Suppression(key, entry.suppressed or "", note, consent.now) for key, entry in named.items()]
    new = suppress_all(connection, wanted)
    never |= {each.who: each.reason for each in new}
    return [Said(ids[each.who], None, Change.SUPPRESSED, named[each.who].evidence) for each in new]
