"""What came back, by send, list, mailbox provider and day; and what the policy would do to all of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from mailer.domain.address import Address
from mailer.domain.delivery import State
from mailer.domain.return_policy import ReturnEffect, ReturnPolicy
from mailer.domain.returned import Kind
from mailer.domain.send import Send
from mailer.ledger import return_counts
from mailer.ledger.return_counts import By, MovedAddress, ServerWords
from mailer.ledger.returns import past_sends
from mailer.people.suppressing import suppression_of
from mailer.services.issues import sends_of
from mailer.store.schema import returns

if TYPE_CHECKING:
    from mailer.bootstrap import App

__all__ = ["By", "ReturnReport", "ServerWords", "Trial", "report", "try_policy"]


@dataclass(slots=True)
class ReturnCounts:
    """A line of the report: how many copies were accepted, where that is known, and what came back."""

    name: str
    sent: int | None = None
    kinds: Counter[Kind] = field(default_factory=Counter)

    def share(self, kind: Kind) -> float | None:
        """Return the part of the copies that came back so."""
        return self.kinds[kind] / self.sent if self.sent else None


@dataclass(frozen=True, slots=True)
class ReturnReport:
    """What came back since a moment. `unproved` are messages without a token, which count for nothing."""

    by: By
    since: datetime
    lines: Sequence[ReturnCounts]
    words: Sequence[ServerWords]
    unproved: int
    moved: Sequence[MovedAddress]


def report(app: App, by: By, days: int, named: str | None = None) -> ReturnReport:
    """Return what came back in so many days, of all sends or those of an issue; UsageError if it has none."""
    since = app.now() - timedelta(days=days)
    sends = sends_of(app, named) if named else app.ledger.sends()
    ids = [send.id for send in sends] if named else None
    with app.database.connect() as connection:
        counts = return_counts.counted(connection, by, since, ids)
        words = return_counts.server_words(connection, since, ids)
        unproved = return_counts.unproved(connection, since)
        moved = return_counts.moved(connection, since, ids)
    by_id = {send.id: send for send in sends}
    lines: dict[str, ReturnCounts] = {}
    for (name, send_id), kinds in counts.items():
        for line in _names(by, name, by_id.get(send_id)):
            lines.setdefault(line, ReturnCounts(line)).kinds += kinds
    if by in (By.SEND, By.LIST):
        _add_sent(app, by, [by_id[each] for _, each in counts if each in by_id], lines)
    order = sorted(lines.values(), key=lambda line: line.name if by is By.DAY else -line.kinds.total())
    return ReturnReport(by, since, order, words, unproved, moved)


def _names(by: By, name: str | int, send: Send | None) -> Sequence[str]:
    if by in (By.DAY, By.PROVIDER):
        return (str(name),)
    if send is None:
        return ("a send that is gone",)
    return send.audience.lists if by is By.LIST else (f"{send.label} to {send.audience}",)


def _add_sent(app: App, by: By, sends: Sequence[Send], lines: dict[str, ReturnCounts]) -> None:
    for send in {each.id: each for each in sends}.values():
        accepted = app.queries.totals(send).states.get(State.ACCEPTED, 0)
        for name in _names(by, send.id, send):
            lines[name].sent = (lines[name].sent or 0) + accepted


@dataclass(frozen=True, slots=True)
class Trial:
    """Whom a policy would suppress by all that came back, by the kind that does it; `news`: who isn't yet."""

    suppressed: Counter[Kind]
    news: Sequence[str]


def try_policy(app: App, policy: ReturnPolicy) -> Trial:
    """Return what a policy would do to history. Nothing is changed."""
    found, news = Counter[Kind](), dict[str, None]()
    r, now = returns.c, app.now()
    kinds = [kind for kind in Kind if policy.effect(kind) in (ReturnEffect.SUPPRESSED, ReturnEffect.COUNTED)]
    query = (
        select(r.subscriber_id, r.email, r.kind)
        .where(r.subscriber_id.is_not(None), r.kind.in_(kinds), r.email.like("%@%"))
        .distinct()
        .order_by(r.subscriber_id, r.email, r.kind)
    )
    with app.database.connect() as connection:
        for person, email, kind in connection.execute(query).all():
            if _would_suppress(connection, policy, person, Kind(kind), now):
                found[Kind(kind)] += 1
                if suppression_of(connection, Address.parse(email).key) is None:
                    news[email] = None
    return Trial(found, list(news))


def _would_suppress(
    connection: Connection, policy: ReturnPolicy, person: int, kind: Kind, now: datetime
) -> bool:
    effect = policy.effect(kind)
    if effect is ReturnEffect.COUNTED:
        return policy.too_many(past_sends(connection, person, policy.counted), now)
    return effect is ReturnEffect.SUPPRESSED
