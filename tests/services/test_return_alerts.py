"""Too much comes back: it is told once, and new sends wait until somebody has looked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from members import join
from settled_sends import NOW, accepted, begun, delivered

from mailer.bootstrap import App
from mailer.domain.admin_notice import NoticeEvent
from mailer.domain.return_alert import AlertBounds
from mailer.domain.returned import Kind, RecipientVerdict, Returned, Verdict
from mailer.errors import PlanRefused
from mailer.services.notices import sheets
from mailer.services.return_alerts import dismiss, open_alerts, refuse_alerted, tell
from mailer.services.return_settings import policy_of
from mailer.services.returns import ReturnedMail, ReturnRecords
from mailer.settings.fields import Settings


@pytest.mark.parametrize(
    "sent, complaints, hard, kinds",
    [
        (10_000, 10, 200, []),
        (10_000, 11, 200, ["complaints"]),
        (10_000, 10, 201, ["bounces"]),
        (100, 4, 4, []),  # chance
        (0, 5, 5, ["complaints", "bounces"]),
    ],
)
def test_shares_of_a_send(sent: int, complaints: int, hard: int, kinds: list[str]) -> None:
    counted = Counter({Kind.COMPLAINT: complaints, Kind.HARD: hard})
    assert [each.kind for each in AlertBounds().of_send("harbour", sent, counted)] == kinds
    assert AlertBounds(complaints=0, bounces=0).of_send("harbour", sent, counted) == []


class Later(App):
    """A workspace some days after its send."""

    days = 1

    def now(self):
        return NOW + timedelta(days=self.days)


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> Iterator[Later]:
    made = Later(tmp_path, settings=Settings(database_url=database_url, alert_blocked=6))
    sent(made)
    yield made
    made.let_go()


def sent(app: App) -> None:
    app.lists.create("weekly", NOW)
    for number in range(8):
        join(app.database, f"reader{number}@inbox.example", "weekly")
    delivered(app.database, begun(app.database), app.journals, accepted)


def came_back(app: App, kind: Kind, people: range) -> None:
    told = (RecipientVerdict("", kind, "5.7.1", "taken for spam", "554 5.7.1 We don't like it"),)
    mails = [
        ReturnedMail(f"{kind}{person}", "a test", Verdict(kind, told, returned=Returned(1, person)))
        for person in people
    ]
    ReturnRecords(lambda: app.database, policy_of(app.settings)).take(mails, app.now())


def test_new_sends_wait_until_somebody_has_looked(app: Later) -> None:
    came_back(app, Kind.HARD, range(1, 5))
    refuse_alerted(app)
    came_back(app, Kind.HARD, range(5, 6))
    said: list[str] = []
    for _ in range(2):
        tell(app, said.append)
        with pytest.raises(PlanRefused, match="5 hard bounces of 8"):
            refuse_alerted(app)
    assert len(said) == 1
    assert dismiss(app) == 1
    refuse_alerted(app)


def test_a_provider_that_blocks(app: Later) -> None:
    came_back(app, Kind.BLOCKED, range(1, 7))
    (alarm,) = open_alerts(app)
    assert (
        "inbox.example blocks our mail: 6 copies, with the words: 554 5.7.1 We don't like it" in alarm.words
    )


def test_after_a_week_nothing_waits(app: Later) -> None:
    came_back(app, Kind.HARD, range(1, 6))
    assert open_alerts(app)
    app.days = 9
    refuse_alerted(app)


def test_one_may_go_on_all_the_same(tmp_path: Path) -> None:
    app = Later(tmp_path, settings=Settings(alert_stops="no"))
    sent(app)
    came_back(app, Kind.HARD, range(1, 6))
    assert open_alerts(app)
    refuse_alerted(app)


def test_it_is_noted_once_for_whoever_is_to_be_told(app: Later) -> None:
    came_back(app, Kind.HARD, range(1, 6))
    for _ in range(2):
        tell(app, lambda words: None)
    (sheet,) = sheets(app)
    assert sheet.notice.event is NoticeEvent.RETURNS_ALERT
    assert "5 hard bounces of 8" in sheet.notice.title
    assert sheet.notice.lines[-1] == "Once that is put right: mailer returns alerts --dismiss"
    assert open_alerts(app)[0].told
