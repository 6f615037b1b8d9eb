"""Who is never mailed: by their address, by its domain, or, once all else of them is erased, by a hash.

One table, three kinds of keys (`Kind`). Whoever looks for them asks `Suppressing`, which leaves out the
kinds that nobody is suppressed by: most databases have addresses only.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import chain
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    bindparam,
    exists,
    func,
    insert,
    or_,
    select,
    union,
    update,
)

from mailer.domain.suppression import (
    ADDRESSES,
    KEY_OCTETS,
    OWN_WORD,
    Kind,
    Reason,
    Suppression,
    hash_address,
    keys_of,
)
from mailer.store.dialect import add_missing, among_given, domain_of
from mailer.store.schema import keys, subscribers, suppressions


@dataclass(frozen=True, slots=True)
class Hashing:
    """Hashes addresses by the key of a database."""

    key: bytes

    @classmethod
    def made(cls, connection: Connection) -> Hashing:
        """Return that of a database that is written to; it gets a key if it has none."""
        if (known := cls.known(connection)) is None:
            add_missing(connection, keys, {"name": ADDRESSES, "value": secrets.token_bytes(KEY_OCTETS)})
            known = cls.known(connection)
        assert known is not None
        return known

    @classmethod
    def known(cls, connection: Connection) -> Hashing | None:
        """Return that of a database, None if it has no key: then it has no hashes."""
        found = connection.scalar(select(keys.c.value).where(keys.c.name == ADDRESSES))
        return None if found is None else cls(bytes(found))

    def of(self, email_key: str) -> str:
        """Return the key of a suppression by the hash of an address (`Address.key`)."""
        return hash_address(email_key, self.key)


_BY = {kind: suppressions.alias(f"suppressed_by_{kind.name.lower()}") for kind in Kind}

# A range of the primary key. An address may begin with `#`, and has an `@`.
_WHO = suppressions.c.who
_ERASED = (_WHO >= Kind.ERASED, chr(ord(Kind.ERASED) + 1) > _WHO, _WHO.not_like("%@%"))


@dataclass(frozen=True, slots=True)
class Suppressing:
    """SQL for who is suppressed, by the `kinds` of keys that there are."""

    kinds: frozenset[Kind]

    @classmethod
    def of(cls, connection: Connection) -> Suppressing:
        """Return it for what stands in the database at this moment."""
        k = suppressions.c.who
        # Both are looked up as ranges of the primary key.
        domain = exists().where(k >= Kind.DOMAIN, k < chr(ord(Kind.DOMAIN) + 1))
        row = connection.execute(select(domain, exists().where(*_ERASED))).one()
        more = [kind for kind, there in zip((Kind.DOMAIN, Kind.ERASED), row, strict=True) if there]
        return cls(frozenset({Kind.ADDRESS, *more}))

    def joined(self, people: Select[Any]) -> Select[Any]:
        """Return a SELECT of `subscribers` with what `reason` asks for, which most of them have not."""
        for kind, key in self._keys().items():
            people = people.outerjoin(_BY[kind], _BY[kind].c.who == key)
        return people

    def reason(self) -> ColumnElement[str | None]:
        """Return the SQL of why somebody in a `joined` SELECT is never mailed; NULL: they may be."""
        reasons = [_BY[kind].c.reason for kind in self._keys()]
        return func.coalesce(*reasons) if len(reasons) > 1 else reasons[0]

    def suppressed(self) -> ColumnElement[bool]:
        """Return the SQL of whether the person in `subscribers` is never mailed."""
        return or_(*(exists().where(suppressions.c.who == key) for key in self._keys().values()))

    def everybody(self) -> Select[int]:
        """Return the SELECT of the ids of all who are suppressed, from the side of those who are few."""
        return select(
            union(
                *(
                    select(subscribers.c.id).join(suppressions, suppressions.c.who == key)
                    for key in self._keys().values()
                )
            )
            .subquery("suppressed")
            .c.id
        )

    def _keys(self) -> dict[Kind, ColumnElement[str]]:
        columns = {
            Kind.ADDRESS: subscribers.c.email_key,
            Kind.DOMAIN: domain_of(subscribers.c.email_key),
            Kind.ERASED: subscribers.c.address_hash,
        }
        return {kind: column for kind, column in columns.items() if kind in self.kinds}


def erased_hashes(connection: Connection) -> frozenset[str]:
    """Return the keys of all who were erased (`Hashing.of`)."""
    s = suppressions.c
    return frozenset(connection.scalars(select(s.who).where(*_ERASED, s.reason == Reason.ERASED)))


def is_address(key: ColumnElement[str]) -> tuple[ColumnElement[bool], ...]:
    """Return the SQL of whether the key of a suppression is an address, as conditions that must all hold."""
    return key.like("%@%"), key.not_like("@%")


def suppress(connection: Connection, who: str, reason: str, note: str, now: datetime) -> bool:
    """Never mail this key again; return whether that is news, as `suppress_all` has it."""
    return bool(suppress_all(connection, [Suppression(who, reason, note, now)]))


def suppress_all(connection: Connection, wanted: Iterable[Suppression]) -> list[Suppression]:
    """Never mail these keys again; return those of which that is news.

    The first reason stands, since when it does; but a person's own word takes the place of any other.
    """
    firsts: dict[str, Suppression] = {}
    for each in wanted:
        known = firsts.setdefault(each.who, each)
        if _outdoes(each.reason, known.reason):
            firsts[each.who] = each._replace(since=known.since)
    before = _reasons_of(connection, firsts) if firsts else {}
    fresh = [each for key, each in sorted(firsts.items()) if key not in before]
    own = [firsts[key] for key, reason in sorted(before.items()) if _outdoes(firsts[key].reason, reason)]
    if fresh:
        connection.execute(insert(suppressions), [each._asdict() for each in fresh])
    if own:
        said: dict[str, Any] = {"reason": bindparam("why"), "note": bindparam("said")}
        statement = update(suppressions).where(suppressions.c.who == bindparam("key")).values(said)
        values = [{"key": each.who, "why": each.reason, "said": each.note} for each in own]
        connection.execute(statement, values)
    return [*fresh, *own]


def _reasons_of(connection: Connection, tried: Iterable[str]) -> dict[str, str]:
    return {row.who: row.reason for row in connection.execute(_many(), {"tried": list(tried)})}


@cache
def _many() -> Select[Any]:
    s = suppressions.c
    return select(s.who, s.reason).where(among_given(s.who, "tried"))


def _outdoes(reason: str, before: str) -> bool:
    return reason in OWN_WORD and before not in OWN_WORD


def suppression_of(connection: Connection, email_key: str) -> Suppression | None:
    """Return by what an address (`Address.key`) is suppressed, whether or not it is a subscriber's."""
    hashing = Hashing.known(connection)
    tried = keys_of(email_key, hashing.of(email_key) if hashing else "")
    rows = connection.execute(select(suppressions).where(suppressions.c.who.in_(tried)))
    found = {row.who: Suppression(*row) for row in rows}
    return next((found[key] for key in tried if key in found), None)


def reasons(connection: Connection, hashes: Mapping[str, str]) -> dict[str, str]:
    """Return why addresses (`Address.key`, each with its hash) are never mailed, those that are."""
    s = suppressions.c
    if connection.scalar(select(s.who).limit(1)) is None:
        return {}
    tried = {email_key: keys_of(email_key, hashed) for email_key, hashed in hashes.items()}
    found = _reasons_of(connection, {*chain(*tried.values())})
    if not found:
        return {}
    firsts = {each: next((found[key] for key in keys if key in found), None) for each, keys in tried.items()}
    return {each: reason for each, reason in firsts.items() if reason}
