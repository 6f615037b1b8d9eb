"""What comes back is more than a sender may let happen: new sends wait, and the admin is told once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select, update

from mailer.domain.admin_notice import AdminNotice, NoticeEvent
from mailer.domain.delivery import State
from mailer.domain.return_alert import AlertBounds, ReturnAlert
from mailer.domain.returned import Kind
from mailer.errors import PlanRefused
from mailer.ledger import return_counts
from mailer.ledger.return_counts import By
from mailer.services.notices import note
from mailer.store.dialect import add_missing
from mailer.store.schema import alerts

if TYPE_CHECKING:
    from mailer.bootstrap import App

LATELY = timedelta(days=7)  # what came back longer ago raises nothing, and holds nothing any more
BLOCKED_LATELY = timedelta(days=2)
WHAT_TO_DO = (
    "New sends wait until somebody has looked at it (ALERT_STOPS).",
    "Look at it: mailer returns report",
    "Once that is put right: mailer returns alerts --dismiss",
)


class OpenAlert(NamedTuple):
    """An alert that nobody has dismissed: what it is known by, its words, since when, whether it was told."""

    key: str
    words: str
    since: datetime
    told: bool


def bounds_of(app: App) -> AlertBounds:
    """Return the bounds of the settings."""
    s = app.settings
    return AlertBounds(s.alert_complaints / 100, s.alert_bounces / 100, s.alert_blocked)


def found(app: App) -> list[ReturnAlert]:
    """Return what is wrong now, by what came back lately."""
    bounds, now, alarms = bounds_of(app), app.now(), list[ReturnAlert]()
    with app.database.connect() as connection:
        by_send = return_counts.counted(connection, By.SEND, now - LATELY)
        by_provider = return_counts.counted(connection, By.PROVIDER, now - BLOCKED_LATELY)
        words = return_counts.server_words(connection, now - BLOCKED_LATELY)
    for send in app.ledger.sends():
        kinds = by_send.get((send.id, send.id))
        if kinds and not send.kind.lasts:
            accepted = app.queries.totals(send).states.get(State.ACCEPTED, 0)
            alarms += bounds.of_send(f"{send.label} to {send.audience}", accepted, kinds)
    blocked = Counter[str]()
    for (provider, _), kinds in by_provider.items():
        blocked[str(provider)] += kinds[Kind.BLOCKED]
    for provider, number in blocked.items():
        said = next(
            (each.said for each in words if (each.provider, each.kind) == (provider, Kind.BLOCKED)), ""
        )
        alarms += bounds.of_provider(provider, number, " ".join(said.split()))
    return alarms


def open_alerts(app: App) -> list[OpenAlert]:
    """Note what is wrong now, and return what nobody has dismissed."""
    now, a = app.now(), alerts.c
    if alarms := found(app):
        with app.database.begin() as connection:
            for alarm in alarms:
                add_missing(connection, alerts, {"key": alarm.key, "words": alarm.words, "since": now})
    query = select(alerts).where(a.dismissed_at.is_(None), a.since >= now - LATELY).order_by(a.since, a.key)
    with app.database.connect() as connection:
        return [
            OpenAlert(row.key, row.words, row.since, row.told_at is not None)
            for row in connection.execute(query)
        ]


def refuse_alerted(app: App) -> None:
    """Raise PlanRefused where new sends wait because of what came back."""
    if app.settings.alert_stops == "yes" and (alarms := open_alerts(app)):
        raise PlanRefused(
            f"no new send begins, because of what came back: {alarms[0].words}",
            next_step="Look at it: mailer returns report\n  next: "
            "once that is put right: mailer returns alerts --dismiss",
        )


def dismiss(app: App) -> int:
    """Let what is open hold nothing any more; return how many alerts that were."""
    with app.database.begin() as connection:
        which = update(alerts).where(alerts.c.dismissed_at.is_(None))
        return connection.execute(which.values(dismissed_at=app.now())).rowcount


def tell(app: App, say: Callable[[str], None]) -> None:
    """Say what is wrong and was not told yet, and note it for whoever is to be told, once."""
    for alarm in open_alerts(app):
        if alarm.told:
            continue
        say(f"Alert: {alarm.words}")
        # By when it was found: it may be found again after somebody dismissed it and a week.
        about = f"{alarm.key}:{alarm.since.isoformat()}"
        note(
            app, AdminNotice(NoticeEvent.RETURNS_ALERT, about, alarm.words, WHAT_TO_DO, {"alert": alarm.key})
        )
        with app.database.begin() as connection:
            this = alerts.c.key == alarm.key
            connection.execute(update(alerts).where(this).values(told_at=app.now()))
