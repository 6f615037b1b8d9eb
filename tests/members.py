"""People on the lists of a test's database, by the services that the commands call."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import Engine

from mailer.domain.address import Address
from mailer.domain.consent import Source, SourceKind
from mailer.services.subscribe import Subscribe, subscribe
from mailer.services.unsubscribe import Unsubscribe, suppress, unsubscribe

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TEST = Source(SourceKind.BEFORE, "test")


def join(
    database: Engine,
    email: str,
    *lists: str,
    fields: Mapping[str, str] | None = None,
    anew: bool = False,
    now: datetime = NOW,
) -> int:
    """Take a person in and return their id."""
    request = Subscribe(Address.parse(email), lists, TEST, fields or {}, anew=anew)
    return subscribe(database, request, now).subscriber_id


def part(database: Engine, email: str, *lists: str, now: datetime = NOW) -> None:
    """Take a person off these lists, off all and for good without any."""
    unsubscribe(database, Unsubscribe(Address.parse(email), lists or None, TEST), now)


def shut_out(database: Engine, email: str, reason: str = "bounced", now: datetime = NOW) -> None:
    """Let an address never be mailed."""
    suppress(database, Address.parse(email), reason, "", now)
