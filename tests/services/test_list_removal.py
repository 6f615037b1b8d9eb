"""A list is deleted: who was on it is in a file, and who said no is known as before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from members import NOW, TEST, join, part
from sqlalchemy import select

from mailer.bootstrap import App
from mailer.domain.address import Address
from mailer.domain.signed_links import LinkToken
from mailer.domain.standing import Standing
from mailer.domain.subscriber import Status
from mailer.errors import PlanRefused, UsageError
from mailer.services import schedules
from mailer.services.begin import begin
from mailer.services.import_people import Answers, Import, import_people
from mailer.services.list_removal import removal_of, remove
from mailer.services.list_settings import ListChanges, create
from mailer.services.prepare import PreparedSend, SendRequest, prepare
from mailer.services.subscribe import Subscribe, subscribe
from mailer.services.unsubscribe_link import UnsubscribeLinks
from mailer.services.verify import verify
from mailer.store.schema import consents, subscriptions

KEY = b"a key of the harbour"


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> Iterator[App]:
    (tmp_path / "issues").mkdir()
    (tmp_path / "issues/tide.md").write_text("---\ntitle: The tide\n---\nThe ferry sails at ten.\n")
    app = App(tmp_path, {"DATABASE_URL": database_url, "POSTAL_ADDRESS": "1 Quay Street"})
    app.command = "test"
    for name in ("weekly", "daily"):
        create(app, name, ListChanges({}, {}))
    for who in ("ada", "bram", "cleo"):
        join(app.database, f"{who}@quay.example", "weekly", "daily")
    part(app.database, "bram@quay.example", "weekly")
    yield app
    app.let_go()


def request(app: App, *lists: str) -> SendRequest:
    return SendRequest(app.root / "issues/tide.md", "tide", lists)


def prepared(app: App, *lists: str) -> PreparedSend:
    return prepare(app, request(app, *lists))


def on(app: App, name: str) -> dict[str, int]:
    return {str(status): people for status, people in app.lists.named(name).counts.items() if people}


def statuses(app: App) -> list[str]:
    with app.database.connect() as connection:
        return sorted(connection.scalars(select(subscriptions.c.status)))


def test_what_is_deleted_can_be_brought_back_and_who_had_left_stays_off(app: App) -> None:
    kept = remove(app, "weekly")
    assert [each.name for each in app.lists.all()] == ["daily"]
    with pytest.raises(UsageError, match="there is no list weekly"):
        join(app.database, "dora@quay.example", "weekly")
    assert statuses(app) == [*["subscribed"] * 3, "unsubscribed"]
    create(app, "weekly", ListChanges({"title": "Once more"}, {}))
    assert on(app, "weekly") == {"unsubscribed": 1}
    done = import_people(app.database, Import(kept, ("weekly",)), NOW)
    assert done.rejected == 0
    assert on(app, "weekly") == {"subscribed": 2, "unsubscribed": 1}
    assert on(app, "daily") == {"subscribed": 3}


def test_an_import_that_makes_lists_brings_nobody_back_either(app: App, tmp_path: Path) -> None:
    remove(app, "weekly")
    people = tmp_path / "people.csv"
    people.write_text("email\nada@quay.example\nbram@quay.example\n")
    import_people(app.database, Import(people, ("weekly",), create_lists=True), NOW)
    assert on(app, "weekly") == {"subscribed": 1, "unsubscribed": 1}


def test_the_ledger_of_consent_stays(app: App) -> None:
    before = removal_of(app, "weekly").entries
    remove(app, "weekly")
    with app.database.connect() as connection:
        names = connection.scalars(select(consents.c.list_id)).all()
    assert before == 4
    assert len(names) == 3 + before


def test_nothing_is_deleted_while_a_send_is_not_over(app: App) -> None:
    send = begin(prepared(app, "daily", "weekly")).send
    with pytest.raises(PlanRefused) as refused:
        remove(app, "weekly")
    assert refused.value.next_step == "Wait until it is, or let it never go on: mailer cancel tide"
    assert on(app, "weekly") == {"subscribed": 2, "unsubscribed": 1}
    assert not list(app.root.glob("subscribers/before-*"))
    app.ledger.cancel(send, "test", NOW)
    remove(app, "weekly")
    assert [each.discrepancies for each in verify(app, "tide")] == [[]]


def test_schedules_that_name_it_are_taken_back(app: App) -> None:
    to_it = schedules.add(app, request(app, "weekly"), "2099-01-01 08:00", print).schedule
    without_it = SendRequest(app.root / "issues/tide.md", "tide", ("daily",), ("weekly",))
    schedules.add(app, without_it, "2099-01-01 09:00", print)
    assert [each.id for each in removal_of(app, "weekly").use.scheduled] == [to_it.id, to_it.id + 1]
    remove(app, "weekly")
    assert [each.state for each in app.schedules.all()] == ["removed", "removed"]


def test_links_in_old_mails_work_and_are_remembered(app: App) -> None:
    send = begin(prepared(app, "weekly")).send
    app.ledger.cancel(send, "test", NOW)
    (weekly,) = app.lists.ids(["weekly"])
    ada = join(app.database, "ada@quay.example", "weekly")
    remove(app, "weekly")
    links = UnsubscribeLinks(lambda: app.database, KEY, lambda: NOW)
    token = LinkToken(send.id, ada, weekly)
    shown = links.choices(token)
    assert shown
    assert [(each.title, each.subscribed) for each in shown.lists] == [("weekly", False)]
    assert links.leave(token, TEST) == ""
    create(app, "weekly", ListChanges({}, {}))
    assert on(app, "weekly") == {Status.UNSUBSCRIBED: 2}
    with pytest.raises(UsageError, match="unsubscribed and is not brought back"):
        join(app.database, "ada@quay.example", "weekly")


def test_who_never_confirmed_a_list_is_not_mailed_by_a_later_one_of_its_name(
    app: App, tmp_path: Path
) -> None:
    people = tmp_path / "people.csv"
    people.write_text("email\ndora@quay.example\n")
    asked = Import(people, ("weekly",), answers=Answers(everyone=Standing.UNCONFIRMED))
    import_people(app.database, asked, NOW)
    remove(app, "weekly")
    done = import_people(app.database, Import(people, ("weekly",), create_lists=True), NOW)
    assert on(app, "weekly") == {"unconfirmed": 1, "unsubscribed": 1}
    # It is said so, too.
    assert (done.subscribed, done.unconfirmed) == (0, 1)
    again = subscribe(app.database, Subscribe(Address.parse("dora@quay.example"), ("weekly",), TEST), NOW)
    assert again.waiting == app.lists.ids(["weekly"])
