"""What was found out about limits, remembered between runs; it is forgotten when it has grown old."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, func, insert, select

from mailer.domain.learned import ACCOUNT, Learned, QuotaFound, RateFound
from mailer.store.schema import paces, passed, warmups

PAUSE = timedelta(seconds=30)  # between two batches: nothing was being sent
FRESH = timedelta(days=7)  # providers raise and lower limits within weeks


def account_key(host: str, username: str) -> str:
    """Return the name under which an account's limits are kept; it says nothing of the username."""
    return hashlib.sha256(f"{host.lower()}\0{username}".encode()).hexdigest()[:16]


class PaceMemory:
    """One account's limits, and how far its warm-up has come; every method is one transaction."""

    def __init__(self, engine: Engine, account: str, connection: Connection | None = None) -> None:
        """`account` is an `account_key`; in the transaction of a `connection` there is no other one."""
        self._engine = engine
        self._account = account
        self._connection = connection

    def over(self, connection: Connection) -> PaceMemory:
        """Return the same in the transaction of a connection."""
        return PaceMemory(self._engine, self._account, connection)

    def _reading(self) -> AbstractContextManager[Connection]:
        return nullcontext(self._connection) if self._connection is not None else self._engine.connect()

    def _writing(self) -> AbstractContextManager[Connection]:
        return nullcontext(self._connection) if self._connection is not None else self._engine.begin()

    def recall(self, now: datetime) -> list[Learned]:
        """Return what was learned and is fresh."""
        query = select(paces).where(paces.c.account == self._account, paces.c.learned_at > now - FRESH)
        with self._reading() as connection:
            learned = [_learned(row) for row in connection.execute(query)]
        return [self._in_use(each, now) for each in learned]

    def remember(self, learned: Iterable[Learned], now: datetime, known: Iterable[Learned]) -> None:
        """Keep this in place of what was known of the same scopes; drop what is old, of any account.

        `known` is what was recalled before all this was learned: what others remembered since holds, too.
        """
        news, before = list(learned), {each.scope: each for each in known}
        with self._writing() as connection:
            connection.execute(delete(paces).where(paces.c.learned_at <= now - FRESH))
            connection.execute(delete(passed).where(passed.c.at <= now - FRESH))
            mine = (paces.c.account == self._account) & paces.c.scope.in_([each.scope for each in news])
            theirs = {row.scope: _learned(row) for row in connection.execute(select(paces).where(mine))}
            connection.execute(delete(paces).where(mine))
            together = [each.beside(theirs.get(each.scope), before.get(each.scope)) for each in news]
            here = self.over(connection)
            rows = [_row(here._settled(each, now), self._account, now) for each in together if not each.empty]
            if rows:
                connection.execute(insert(paces), rows)

    def warmed_since(self, domain: str, today: date, now: datetime) -> tuple[date, datetime]:
        """Return the first day of this domain's warm-up and its moment; it begins now if it hadn't."""
        w = warmups.c
        with self._writing() as connection:
            query = select(w.started_on, w.started_at).where(w.account == self._account, w.domain == domain)
            if row := connection.execute(query).one_or_none():
                return row.started_on, row.started_at
            connection.execute(
                insert(warmups).values(account=self._account, domain=domain, started_on=today, started_at=now)
            )
        return today, now

    def _in_use(self, learned: Learned, now: datetime) -> Learned:
        """Return it with the window that the ledger shows: other runs use the same quota."""
        quota = learned.quota
        if quota is None or learned.scope != ACCOUNT:
            return learned
        first, used = self._window(quota.period, now)
        return replace(learned, quota=replace(quota, since=first, used=used))

    def _settled(self, learned: Learned, now: datetime) -> Learned:
        """Return it with the true size of a quota that is used up: what went through within its period."""
        quota = learned.quota
        if quota is None or learned.scope != ACCOUNT or quota.parked_until <= now.timestamp():
            return learned
        first, used = self._window(quota.period, now)
        if not used:
            return learned
        until = max(first + quota.period, now.timestamp() + quota.period / 24)
        return replace(learned, quota=QuotaFound(used, quota.period, first, used, until))

    def _window(self, period: float, now: datetime) -> tuple[float, int]:
        """Return when the first message of the last `period` seconds was accepted, and how many were."""
        since = now - timedelta(seconds=period)
        p = passed.c
        query = select(func.min(p.at), func.sum(p.number)).where(p.account == self._account, p.at > since)
        with self._reading() as connection:
            first, used = connection.execute(query).one()
        return (first or now).timestamp(), int(used or 0)

    def throughput(self, now: datetime) -> float | None:
        """Return how many messages a second this account took lately, while it was used; None if unknown."""
        p = passed.c
        query = select(p.at, p.number).where(p.account == self._account, p.at > now - FRESH).order_by(p.at)
        with self._reading() as connection:
            batches = connection.execute(query).all()
        gaps = [(later.at - batch.at, later.number) for batch, later in pairwise(batches)]
        busy = [(gap, number) for gap, number in gaps if gap <= PAUSE]
        seconds = sum((gap for gap, _ in busy), timedelta()).total_seconds()
        return sum(number for _, number in busy) / seconds if seconds >= 1 else None

    def accepted_since(self, since: datetime) -> int:
        """Return how many messages of this account were accepted since then."""
        p = passed.c
        query = select(func.sum(p.number)).where(p.account == self._account, p.at >= since)
        with self._reading() as connection:
            return int(connection.scalar(query) or 0)


def _learned(row: Row[Any]) -> Learned:
    rate = RateFound(row.rate, row.ceiling, row.patience) if row.rate else None
    quota = None
    if row.period:
        parked = row.parked_until.timestamp() if row.parked_until else 0.0
        quota = QuotaFound(row.quota, row.period, row.window_since.timestamp(), row.window_used, parked)
    return Learned(row.scope, rate, quota, row.connections)


def _row(learned: Learned, account: str, now: datetime) -> dict[str, Any]:
    rate, quota = learned.rate, learned.quota
    return {
        "account": account,
        "scope": learned.scope,
        "rate": rate and rate.rate,
        "ceiling": rate and rate.ceiling,
        "patience": rate and rate.patience,
        "quota": quota and quota.number,
        "period": quota and quota.period,
        "window_since": quota and _moment(quota.since),
        "window_used": quota and quota.used,
        "parked_until": _moment(quota.parked_until) if quota and quota.parked_until else None,
        "connections": learned.connections,
        "learned_at": now,
    }


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
