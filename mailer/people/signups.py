"""What people typed into sign-up forms, in the order in which it came: written at once, taken in afterwards.

To write one costs the same whoever it is about, so that nobody learns from it who is on a list. What then
depends on the person is done by whoever takes it in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, case, delete, exists, func, insert, literal, select, update

from mailer.domain.address import Address
from mailer.domain.consent import Evidence, Source, SourceKind
from mailer.domain.signup_bounds import A_DAY, LATELY, Counted
from mailer.store.schema import signups

# How many mails to confirm an address gets in how long, however often somebody signs it up.
LIMITS = ((timedelta(days=1), 1), (timedelta(days=7), 3))
UNTAKEN = exists().where(signups.c.taken_at.is_(None))
KEPT = max(span for span, _ in LIMITS)


@dataclass(frozen=True, slots=True)
class Signup:
    """An address for which lists (by id) were asked, with `answers` by field, as typed.

    `source` is the form with its wording, `language` the one of the page; `evidence` is what is known of the
    moment, with where they came from as its note.
    """

    address: Address
    list_ids: tuple[int, ...]
    answers: Mapping[str, str]
    source: Source
    language: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class WaitingSignup:
    """A sign-up as it is kept."""

    id: int
    signup: Signup


def put_in(connection: Connection, signup: Signup, now: datetime, network: str = "", proof: str = "") -> None:
    """Keep a sign-up until it is taken in: one row, whoever it is about.

    `network` is where it came from, `proof` the sum that was done for it, as far as there are any.
    """
    row = {
        "at": now,
        "email": signup.address.typed,
        "email_key": signup.address.key,
        "lists": list(signup.list_ids),
        "answers": dict(signup.answers),
        "source": asdict(signup.source),
        "language": signup.language,
        "ip": signup.evidence.ip,
        "agent": signup.evidence.agent,
        "note": signup.evidence.note,
        "network": network or None,
        "proof": proof or None,
    }
    connection.execute(insert(signups).values(row))


def count(connection: Connection, network: str, now: datetime) -> Counted:
    """Return how many were kept in the last day, of these from this network, and in the last minutes."""
    c = signups.c
    here = func.count(case((c.network == network, 1))) if network else literal(0)
    lately = func.count(case((c.at > now - LATELY, 1)))
    query = select(func.count(), here, lately).where(c.at > now - A_DAY)
    return Counted(*connection.execute(query).one())


def is_used(connection: Connection, proof: str) -> bool:
    """Return whether a sum was done for a sign-up that is kept."""
    return connection.scalar(select(signups.c.id).where(signups.c.proof == proof)) is not None


def waiting(connection: Connection, most: int) -> list[WaitingSignup]:
    """Return the first of those that nobody has taken in."""
    c = signups.c
    rows = connection.execute(select(signups).where(c.taken_at.is_(None)).order_by(c.id).limit(most))
    return [WaitingSignup(row.id, _signup(row)) for row in rows]


def signup_of(connection: Connection, signup_id: int) -> Signup | None:
    """Return a sign-up, None if it is kept no longer."""
    row = connection.execute(select(signups).where(signups.c.id == signup_id)).one_or_none()
    return _signup(row) if row else None


def take(connection: Connection, signup_id: int, now: datetime) -> bool:
    """Let this transaction be the one that takes a sign-up in; False if another one was."""
    c = signups.c
    mine = update(signups).where(c.id == signup_id, c.taken_at.is_(None)).values(taken_at=now)
    return connection.execute(mine).rowcount == 1


def may_be_mailed(connection: Connection, email_key: str, now: datetime) -> bool:
    """Return whether an address may be written to once more, because it was signed up or is to be reminded.

    This is where the bound of an address is kept; those of networks, and of all, `services.signup` keeps.
    """
    c = signups.c
    for span, most in LIMITS:
        mailed = select(func.count()).where(c.email_key == email_key, c.mailed_at > now - span)
        if (connection.scalar(mailed) or 0) >= most:
            return False
    return True


def note_mailed(connection: Connection, signup_id: int, now: datetime) -> None:
    """Note that an address was written to because of a sign-up."""
    connection.execute(update(signups).where(signups.c.id == signup_id).values(mailed_at=now))


def count_mail(connection: Connection, email_key: str, now: datetime) -> None:
    """Note that an address was written to though nobody signed it up just now: it counts as well."""
    row = {
        "email": email_key,
        "email_key": email_key,
        "language": "",
        "source": {},
        "lists": [],
        "answers": {},
    }
    connection.execute(insert(signups).values(**row, at=now, taken_at=now, mailed_at=now))


def drop_old(connection: Connection, before: datetime) -> int:
    """Let go of what was taken in before a moment; return how many."""
    return connection.execute(delete(signups).where(signups.c.taken_at < before)).rowcount


def _signup(row: Row[Any]) -> Signup:
    source = row.source | {"kind": SourceKind(row.source["kind"])}
    return Signup(
        Address.parse(row.email),
        tuple(row.lists),
        row.answers,
        Source(**source),
        row.language,
        Evidence(row.at, ip=row.ip, agent=row.agent, note=row.note),
    )
