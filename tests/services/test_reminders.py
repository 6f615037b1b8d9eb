"""Who has not confirmed is reminded once, and forgotten in the end; who is somebody otherwise stays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from mailer.bootstrap import App
from mailer.domain.address import Address
from mailer.domain.consent import Source, SourceKind
from mailer.domain.send import SendKind
from mailer.domain.subscriber import Status
from mailer.people.enrol import Consent, Entry, enrol
from mailer.services.reminders import Patience, Reminded, by_the_clock, carry_out, look
from mailer.store.schema import consents, deliveries, sends, signups, subscribers, subscriptions, suppressions

FORM, FILE = Source(SourceKind.FORM, "join"), Source(SourceKind.IMPORT, "people.csv")


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> Iterator[App]:
    """A workspace with two lists, and nobody on them."""
    settings = {
        "SMTP_PORT": "1",
        "POSTAL_ADDRESS": "1 Quay Street, Port Example",
        "BASE_URL": "http://127.0.0.1:8000",
        "DATABASE_URL": database_url,
        "SECRET_KEY": "a key of the harbour",
        "SIGNUP_REMIND_DAYS": "3",
        "SIGNUP_FORGET_DAYS": "30",
    }
    made = App(tmp_path, settings)
    for name in ("weekly", "tides"):
        made.lists.create(name, made.now(), name.title())
    yield made
    made.let_go()


def join(
    app: App, name: str, days: int, *, on: int = 1, status: Status = Status.UNCONFIRMED, by: Source = FORM
) -> int:
    consent = Consent((on,), by, app.now() - timedelta(days=days))
    entry = Entry(Address.parse(f"{name}@inbox.example"), statuses=(status,))
    with app.database.begin() as connection:
        return enrol(connection, [entry], consent)[0].subscriber_id


def reminded(app: App) -> list[str]:
    d = deliveries.c
    query = select(d.email).join(sends, sends.c.id == d.send_id).where(sends.c.kind == SendKind.REMIND)
    with app.database.connect() as connection:
        return sorted(email.partition("@")[0] for email in connection.scalars(query))


def people(app: App) -> list[str]:
    with app.database.connect() as connection:
        return sorted(each.partition("@")[0] for each in connection.scalars(select(subscribers.c.email)))


def test_the_clock_reminds_once_who_signed_up_by_a_form_and_waited(app: App) -> None:
    join(app, "waited", 4)
    join(app, "fresh", 2)
    join(app, "imported", 4, by=FILE)
    join(app, "confirmed", 4, status=Status.SUBSCRIBED)
    join(app, "left", 4, status=Status.UNSUBSCRIBED)
    join(app, "bounced", 4)
    with app.database.begin() as connection:
        row = {"who": "bounced@inbox.example", "reason": "bounced", "note": "", "since": app.now()}
        connection.execute(suppressions.insert(), row)
    assert by_the_clock(app) == Reminded(1, 0, 0)
    assert by_the_clock(app) is None
    assert reminded(app) == ["waited"]


def test_a_command_reminds_the_imported_too_but_only_of_its_list(app: App) -> None:
    join(app, "imported", 4, by=FILE)
    join(app, "elsewhere", 4, on=2)
    found = look(app, Patience("weekly", remind=3))
    assert [each.email_key for each in found.remind] == ["imported@inbox.example"]
    assert reminded(app) == []  # to look does nothing
    assert carry_out(app, found) == Reminded(1, 0, 0)
    with app.database.begin() as connection:
        connection.execute(signups.delete())  # as after a week, in which nobody is written to again
    assert carry_out(app, found) == Reminded(0, 0, 0)
    assert reminded(app) == ["imported"]


def test_somebody_on_two_lists_gets_one_reminder_of_both(app: App) -> None:
    join(app, "both", 4)
    join(app, "both", 4, on=2)
    assert by_the_clock(app) == Reminded(1, 0, 0)
    (send,) = app.ledger.sends()
    assert send.audience.lists == ("weekly", "tides")


def test_who_was_written_to_of_late_is_not_reminded_yet(app: App) -> None:
    join(app, "waited", 4)
    with app.database.begin() as connection:
        key, now = "waited@inbox.example", app.now()
        row = {"email": key, "email_key": key, "language": "en", "source": {}, "lists": [], "answers": {}}
        connection.execute(signups.insert().values(**row, at=now, taken_at=now, mailed_at=now))
    assert by_the_clock(app) == Reminded(0, 0, 0)
    assert reminded(app) == []


def test_who_never_confirmed_is_forgotten_but_not_who_is_somebody_otherwise(app: App) -> None:
    for name in ("nobody", "reader", "gone"):
        join(app, name, 31)
    join(app, "reader", 31, on=2, status=Status.SUBSCRIBED)
    join(app, "gone", 31, on=2, status=Status.UNSUBSCRIBED)
    join(app, "waits", 29)
    assert by_the_clock(app) == Reminded(1, 3, 1)
    assert people(app) == ["gone", "reader", "waits"]
    with app.database.connect() as connection:
        left = connection.execute(select(subscriptions.c.list_id, subscriptions.c.status)).all()
        known = set(connection.scalars(select(consents.c.subscriber_id)))
    assert sorted(map(tuple, left)) == [(1, "unconfirmed"), (2, "subscribed"), (2, "unsubscribed")]
    assert len(known) == 3


def test_whose_reminder_is_good_still_is_not_forgotten(app: App) -> None:
    join(app, "waited", 31)
    with app.database.begin() as connection:
        connection.execute(update(subscriptions).values(reminded_at=app.now() - timedelta(days=6)))
    assert by_the_clock(app) is None
    with app.database.begin() as connection:
        connection.execute(update(subscriptions).values(reminded_at=app.now() - timedelta(days=8)))
    assert by_the_clock(app) == Reminded(0, 1, 1)
