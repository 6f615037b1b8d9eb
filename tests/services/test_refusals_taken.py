"""What a server refuses at once does what a bounce does, once, and not for what is long ago."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from members import join
from settled_sends import NOW, begun, delivered

from mailer.bootstrap import App
from mailer.domain.delivery import State
from mailer.people.suppression_list import entries
from mailer.services.refusals import take_refusals
from mailer.settings.fields import Settings
from mailer.store.schema import returns

ADA, BO, CY = "ada@quay.example", "bo@quay.example", "cy@quay.example"
REPLIES = {
    ADA: (State.FAILED, "550 5.1.1 No such user here"),
    BO: (State.FAILED, "554 5.7.1 Blocked for spam"),
    CY: (State.FAILED, "553 5.6.7 not sent: the address needs SMTPUTF8, which the server doesn't offer"),
}


class Later(App):
    """A workspace some days after the send."""

    days = 1

    def now(self):
        return NOW + timedelta(days=self.days)


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> Iterator[Later]:
    made = Later(tmp_path, settings=Settings(database_url=database_url))
    yield made
    made.let_go()


def refused(app: App) -> None:
    app.lists.create("weekly", NOW)
    for email in (*REPLIES, "di@quay.example"):
        join(app.database, email, "weekly")
    send = begun(app.database)
    delivered(
        app.database, send, app.journals, lambda email: REPLIES.get(email, (State.ACCEPTED, "250 2.0.0 Ok"))
    )


def kinds(app: App) -> list[tuple[str, str, str]]:
    with app.database.connect() as connection:
        rows = connection.execute(returns.select().order_by(returns.c.email))
        return [(row.email, row.kind, row.effect) for row in rows]


def test_a_refusal_is_judged_by_the_same_table(app: App) -> None:
    refused(app)
    for _ in range(2):
        take_refusals(app)
        assert kinds(app) == [
            (ADA, "hard", "suppressed"),
            (BO, "blocked", "noted"),
            (CY, "unknown", "noted"),
        ]
    assert [each.who for each in entries(app.database)] == [ADA]
    (told,) = [event.what for event in app.queries.history(ADA) if "came back" in event.what]
    assert told == (
        "harbour: came back (SMTP): hard, suppressed: no such mailbox 5.1.1; it said: 550 5.1.1 No such user"
        ' here; known by: refused at content; the words "no ‥ user"'
    )


def test_what_is_long_ago_changes_nothing(app: Later) -> None:
    app.days = 30
    refused(app)
    take_refusals(app)
    assert kinds(app)[0] == (ADA, "hard", "noted") and not list(entries(app.database))


def test_one_may_want_none_of_it(tmp_path: Path) -> None:
    app = Later(tmp_path, settings=Settings(returns_refused="no"))
    refused(app)
    take_refusals(app)
    assert kinds(app) == []
