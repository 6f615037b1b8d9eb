"""The list of who is never mailed: looked through, added to, taken from. The ledger of consent is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine, delete, func, select

from mailer.domain.address import Address
from mailer.domain.consent import Change, Evidence, Source
from mailer.domain.subscriber import Status
from mailer.domain.suppression import Kind, Reason, Suppression
from mailer.people.consents import Said, record
from mailer.people.former import heirs
from mailer.people.suppressing import suppress_all
from mailer.store.schema import lists, subscribers, subscriptions, suppressions

PAGE = 1000


def entries(engine: Engine, reason: str | None = None) -> Iterator[Suppression]:
    """Yield who is never mailed, in the order of their keys; only those of one reason, if one is given."""
    s = suppressions.c
    wanted, last = select(suppressions).order_by(s.who).limit(PAGE), ""
    if reason is not None:
        wanted = wanted.where(s.reason == reason)
    while True:
        with engine.connect() as connection:
            page = [Suppression(*row) for row in connection.execute(wanted.where(s.who > last))]
        yield from page
        if len(page) < PAGE:
            return
        last = page[-1].who


def add(
    connection: Connection, wanted: Sequence[Suppression], source: Source, now: datetime
) -> list[Suppression]:
    """Never mail these keys again; return those of which that is news (see `suppress_all`).

    What is said of an address that somebody had before is said of them, but for bounces.
    """
    theirs = heirs(connection, [each.who for each in wanted if each.reason != Reason.BOUNCED])
    meant = [each._replace(who=Address.parse(theirs[each.who]).key) for each in wanted if each.who in theirs]
    new = suppress_all(connection, [*wanted, *meant])
    _tell(connection, {each.who: Evidence(each.since) for each in new}, Change.SUPPRESSED, source, now)
    return new


def lift(connection: Connection, found: Suppression, source: Source, because: str, now: datetime) -> None:
    """Take one from the list: its key no longer keeps mail away. Nobody is subscribed by that."""
    connection.execute(delete(suppressions).where(suppressions.c.who == found.who))
    _tell(connection, {found.who: Evidence(note=because)}, Change.ALLOWED, source, now)


def lists_mailed(connection: Connection, who: str) -> dict[str, int]:
    """Return how many people are subscribed to which lists (by name) of those whom a key is about."""
    p, s = subscribers.c, subscriptions.c
    about = p.email_key.endswith(who, autoescape=True) if who.startswith(Kind.DOMAIN) else p.email_key == who
    counted = (
        select(lists.c.name, func.count())
        .join(subscriptions, s.list_id == lists.c.id)
        .join(subscribers, p.id == s.subscriber_id)
        .where(about, s.status == Status.SUBSCRIBED)
        .group_by(lists.c.name)
        .order_by(lists.c.name)
    )
    return dict(connection.execute(counted).all())


def _tell(
    connection: Connection, evidence: dict[str, Evidence], change: Change, source: Source, now: datetime
) -> None:
    """Record it of those who are subscribers. Of a domain it is nobody's own affair."""
    p = subscribers.c
    rows = connection.execute(select(p.id, p.email_key).where(p.email_key.in_(evidence)).order_by(p.id))
    said = [Said(row.id, None, change, evidence[row.email_key]) for row in rows]
    record(connection, source, said, now)
