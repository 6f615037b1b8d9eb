"""What was found out about limits, remembered between runs; it is forgotten when it has grown old."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, Row, delete, func, insert, select

from mailer.domain.delivery import State
from mailer.domain.learned import Learned, QuotaFound, RateFound
from mailer.storage.schema import attempts, paces, warmups

FRESH = timedelta(days=7)  # providers raise and lower limits within weeks


def account_key(host: str, username: str) -> str:
    """Return the name under which an account's limits are kept; it says nothing of the username."""
    return hashlib.sha256(f"{host.lower()}\0{username}".encode()).hexdigest()[:16]


class PaceMemory:
    """One account's limits, and how far its warm-up has come; every method is one transaction."""

    def __init__(self, engine: Engine, account: str) -> None:
        """`account` is an `account_key`."""
        self._engine = engine
        self._account = account

    def recall(self, now: datetime) -> list[Learned]:
        """Return what was learned and is fresh."""
        query = select(paces).where(paces.c.account == self._account, paces.c.learned_at > now - FRESH)
        with self._engine.connect() as connection:
            return [_learned(row) for row in connection.execute(query)]

    def remember(self, learned: Iterable[Learned], now: datetime) -> None:
        """Keep this in place of what was known of the same scopes; drop what is old, of any account."""
        rows = [_row(each, self._account, now) for each in learned]
        with self._engine.begin() as connection:
            connection.execute(delete(paces).where(paces.c.learned_at <= now - FRESH))
            if rows:
                known = [row["scope"] for row in rows]
                connection.execute(
                    delete(paces).where(paces.c.account == self._account, paces.c.scope.in_(known))
                )
                connection.execute(insert(paces), rows)

    def warmed_since(self, domain: str, today: date, now: datetime) -> tuple[date, datetime]:
        """Return the first day of this domain's warm-up and its moment; it begins now if it hadn't."""
        w = warmups.c
        with self._engine.begin() as connection:
            query = select(w.started_on, w.started_at).where(w.account == self._account, w.domain == domain)
            if row := connection.execute(query).one_or_none():
                return row.started_on, row.started_at
            connection.execute(
                insert(warmups).values(account=self._account, domain=domain, started_on=today, started_at=now)
            )
        return today, now

    def accepted_since(self, since: datetime) -> int:
        """Return how many messages of this database were accepted since then."""
        accepted = (attempts.c.state == State.ACCEPTED) & (attempts.c.at >= since)
        with self._engine.connect() as connection:
            return connection.scalar(select(func.count()).select_from(attempts).where(accepted)) or 0


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
