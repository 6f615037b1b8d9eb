"""Take people in: the one way in which rows of subscribers and subscriptions come to be.

Whoever unsubscribed stays unsubscribed, whoever is suppressed stays suppressed, whatever is taken in.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, bindparam, delete, select, update

from mailer.domain.address import Address
from mailer.domain.consent import NOTHING_KNOWN, Change, Evidence
from mailer.domain.moment import utc_text
from mailer.domain.subscriber import OWN_FIELDS, Status
from mailer.domain.suppression import Reason, Suppression
from mailer.people.consents import Said, record
from mailer.people.former import heirs
from mailer.people.joining import Consent, WantedStatuses, join, pause
from mailer.people.suppressing import Hashing, reasons, suppress_all
from mailer.store.dialect import among, append, give_ids, json_text, written
from mailer.store.schema import subscribers, suppressions

# Beside what is defined here: on whose word people are taken in.
__all__ = ["Consent", "Effect", "Enrolment", "Entry", "Record", "enrol", "recorded", "take_in"]

COLUMNS = OWN_FIELDS[1:]
_OWN = frozenset(OWN_FIELDS)


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


class Record(NamedTuple):
    """An entry as it is written: made elsewhere than where it is, so that writing is all that is left.

    `hashed` is the key of a suppression by the hash of the address. `tags` and `fields` are JSON; None in any
    column is what nothing is known of.
    """

    email: str
    key: str
    hashed: str
    name: str | None
    language: str | None
    timezone: str | None
    tags: str | None
    fields: str | None
    statuses: tuple[Status | None, ...] | None
    suppressed: str | None
    evidence: Evidence
    pauses: tuple[datetime | None, ...]


_KNOWN = (*COLUMNS, "fields")
_ROW = Record._fields.index("statuses")  # up to there it is a row of `subscribers`


def recorded(entry: Entry, hashing: Hashing) -> Record:
    """Return an entry as it is written to the database whose hashes these are."""
    values, key = entry.values, entry.address.key
    name, language, timezone, tags = map(values.get, COLUMNS)
    fields = {each: value for each, value in values.items() if each not in _OWN}
    email = entry.address.typed
    return Record(
        key if email == key else email,  # one text where they are the same, in memory and in a pickle
        key,
        hashing.of(key),
        name,
        language,
        timezone,
        None if tags is None else written(tags),
        written(fields) if fields else None,
        entry.statuses,
        entry.suppressed,
        entry.evidence,
        entry.pauses,
    )


class Effect(StrEnum):
    """What taking in one person did."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    ERASED = "erased"  # not taken in: they were erased, and nothing of them is kept again


class Enrolment(NamedTuple):
    """What taking in one person did.

    `kept_out` are the ids of lists that they had left and stay off, `waiting` of those that they have not
    confirmed, and get nothing from; `suppressed` is the reason, if they are. `subscriber_id` is 0 for whoever
    was erased.
    """

    subscriber_id: int
    effect: Effect
    kept_out: tuple[int, ...] = ()
    suppressed: str | None = None
    waiting: tuple[int, ...] = ()


def enrol(connection: Connection, entries: Sequence[Entry], consent: Consent) -> list[Enrolment]:
    """Take in a batch of at most some thousand entries, no person twice; one Enrolment an entry, in order.

    An address that somebody had before is theirs: what is said of it is said of them, but for their fields.
    UsageError for a list that is put away.
    """
    hashing = Hashing.made(connection)
    return take_in(connection, [recorded(each, hashing) for each in entries], consent)


def take_in(connection: Connection, records: Sequence[Record], consent: Consent) -> list[Enrolment]:
    """Take in what is ready to be written: `enrol` without the making of it."""
    theirs = heirs(connection, [each.key for each in records])
    if not theirs:
        return _take_in(connection, records, consent)
    plain = [each for each in records if each.key not in theirs]
    done = dict(zip([each.key for each in plain], _take_in(connection, plain, consent), strict=True))
    hashing = Hashing.made(connection)
    for each in records:
        if email := theirs.get(each.key):  # one by one: they may be in this batch, too
            address = Address.parse(email)
            meant = each._replace(email=address.typed, key=address.key, hashed=hashing.of(address.key))
            if not consent.anew:
                meant = meant._replace(name=None, language=None, timezone=None, tags=None, fields=None)
            (done[each.key],) = _take_in(connection, [meant], consent)
    return [done[each.key] for each in records]


def _take_in(connection: Connection, records: Sequence[Record], consent: Consent) -> list[Enrolment]:
    people = {each.key: each for each in records}
    hashes = {key: each.hashed for key, each in people.items()}
    allowed = _allow(connection, hashes) if consent.anew else set()
    never = reasons(connection, hashes)
    taken = {key: each for key, each in people.items() if never.get(key) != Reason.ERASED}
    known = _known(connection, taken)
    touched = _update(connection, taken, known, consent.now)
    ids = _insert(connection, taken, known, consent.now)
    everywhere = (Status.SUBSCRIBED,) * len(consent.list_ids)
    wanted = [
        WantedStatuses(
            ids[key], everywhere if each.statuses is None else each.statuses, each.evidence, each.pauses
        )
        for key, each in taken.items()
    ]
    joined = join(connection, wanted, [row.id for row in known.values()], consent)
    said = [Said(ids[key], None, Change.ALLOWED, taken[key].evidence) for key in taken if key in allowed]
    said += joined.said
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
        kept_out, waiting = joined.kept_out.get(number), joined.waiting.get(number)
        return Enrolment(number, effect, tuple(kept_out or ()), never.get(key), tuple(waiting or ()))

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
    """Return those of the people who are here, by key; what is JSON as the text that is kept."""
    s = subscribers.c
    columns = [s.id, s.email_key, s.name, s.language, s.timezone]
    texts = [json_text(s[name]).label(name) for name in ("tags", "fields")]
    query = select(*columns, *texts).where(among(s.email_key, keys))
    return {row.email_key: row for row in connection.execute(query)}


def _insert(
    connection: Connection, records: Mapping[str, Record], known: Mapping[str, Row[Any]], now: datetime
) -> dict[str, int]:
    """Write those who are new; return the ids of everybody by key."""
    fresh = [each for key, each in records.items() if key not in known]
    ids, at = give_ids(connection, subscribers, len(fresh)), utc_text(now)
    rows = [(number, *each[:_ROW], at, at) for number, each in zip(ids, fresh, strict=True)]
    append(connection, subscribers, rows)
    given = {each.key: number for number, each in zip(ids, fresh, strict=True)}
    return given | {key: row.id for key, row in known.items()}


def _update(
    connection: Connection, records: Mapping[str, Record], known: Mapping[str, Row[Any]], now: datetime
) -> set[int]:
    """Write what is new about those who are known, keep the rest as it is; return the ids changed."""
    changes = [
        {"which": row.id, "updated_at": now, **values}
        for key, row in known.items()
        if (values := _changed(records[key], row))
    ]
    if changes:
        names = (*COLUMNS, "fields", "updated_at")
        statement = update(subscribers).where(subscribers.c.id == bindparam("which"))
        connection.execute(statement.values({name: bindparam(name) for name in names}), changes)
    return {change["which"] for change in changes}


def _changed(each: Record, row: Row[Any]) -> dict[str, Any]:
    """Return the columns as they should be; nothing if they are so already."""
    if all(getattr(each, name) in (None, getattr(row, name)) for name in _KNOWN):
        return {}  # to the letter
    own = {"name": row.name, "language": row.language, "timezone": row.timezone, "tags": _read(row.tags)}
    fields, said = _read(row.fields) or {}, _read(each.fields) or {}
    new = {"name": each.name, "language": each.language, "timezone": each.timezone, "tags": _read(each.tags)}
    heard = {name: value for name, value in new.items() if value is not None}
    before = own | fields
    if all(_same(before.get(name), value) for name, value in (heard | said).items()):
        return {}
    return {**own, **heard, "fields": {**fields, **said} or None}


def _read(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def _same(before: object, after: object) -> bool:
    # 1 == True in Python, and a field that turns from one to the other has changed.
    return type(before) is type(after) and before == after


def _suppress_all(
    connection: Connection,
    records: Mapping[str, Record],
    ids: Mapping[str, int],
    never: dict[str, str],
    consent: Consent,
) -> list[Said]:
    """Suppress whom the records say so of, and add them to `never`; return of whom that is news."""
    named = {key: each for key, each in records.items() if each.suppressed}
    note = str(consent.source)
    wanted = [Suppression(key, each.suppressed or "", note, consent.now) for key, each in named.items()]
    new = suppress_all(connection, wanted)
    never |= {each.who: each.reason for each in new}
    return [Said(ids[each.who], None, Change.SUPPRESSED, named[each.who].evidence) for each in new]
