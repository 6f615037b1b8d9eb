"""Two addresses of one person, and one that becomes another: nothing that was said or sent is lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from members import TEST, join, part, shut_out
from settled_sends import WEEKLY, Worker, begun, delivered

from mailer.bootstrap import App
from mailer.domain.address import Address
from mailer.domain.delivery import State
from mailer.domain.subscriber import Status
from mailer.domain.suppression import Reason, Suppression
from mailer.errors import AtWork, UsageError
from mailer.ledger.ledger import Ledger
from mailer.people.enrol import Consent, Entry, enrol
from mailer.people.lists import Lists
from mailer.people.suppression_list import add
from mailer.people.unsubscribing import choices, leave
from mailer.services.edit import Pause, pause
from mailer.services.merge import Merged, change_address, merge
from mailer.services.person import PersonSheet, sheet_of
from mailer.services.status import history

NOW = datetime(2026, 11, 29, 8, tzinfo=UTC)
LATER = NOW + timedelta(weeks=4)
KEEP, OTHER, NEW = "ada@quay.example", "a.quint@pier.example", "ada@north.example"
ONE, TWO = Address.parse(KEEP), Address.parse(OTHER)


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> Iterator[App]:
    app = App(tmp_path, {"DATABASE_URL": database_url})
    for name in ("weekly", "daily"):
        Lists(app.database).create(name, NOW)
    yield app
    app.let_go()


def sheet(app: App, email: str = KEEP) -> PersonSheet:
    return sheet_of(app.database, Address.parse(email), NOW)


def on(app: App, email: str = KEEP) -> dict[str, Status]:
    return {each.list_name: each.status for each in sheet(app, email).subscriptions}


def joined(app: App) -> Merged:
    return merge(app.database, ONE, TWO, TEST, NOW)


def moved(app: App, old: str = KEEP, new: str = NEW) -> int:
    return change_address(app.database, Address.parse(old), Address.parse(new), TEST, NOW)


def imported(app: App, *emails: str, anew: bool = False) -> None:
    with app.database.begin() as connection:
        terms = Consent(Lists(app.database).ids(["weekly"]), TEST, NOW, anew=anew)
        enrol(connection, [Entry(Address.parse(email), {"name": "X"}) for email in emails], terms)


def excluded(app: App, slug: str) -> dict[str, str | None]:
    return {
        person.email: reason for person, reason in Ledger(app.database).preview(slug, WEEKLY, again=False)
    }


@pytest.mark.parametrize("first", [KEEP, OTHER])
def test_who_left_by_one_address_has_left_and_no_import_of_either_brings_them_back(
    app: App, first: str
) -> None:
    join(app.database, KEEP, "weekly", fields={"name": "Ada", "tags": "press"})
    join(app.database, OTHER, "weekly", "daily", fields={"name": "A. Quint", "town": "Port", "tags": "north"})
    part(app.database, first, "weekly")
    assert joined(app) == Merged(KEEP, OTHER, 0)
    assert on(app) == {"daily": Status.SUBSCRIBED, "weekly": Status.UNSUBSCRIBED}
    assert sheet(app).values == {"name": "Ada", "tags": ["press", "north"], "town": "Port"}
    assert sheet(app, OTHER) == sheet(app)
    assert sheet(app).before == (OTHER,)
    imported(app, KEEP, OTHER, "bo@quay.example")
    assert on(app) == on(app, OTHER) == {"daily": Status.SUBSCRIBED, "weekly": Status.UNSUBSCRIBED}
    assert (sheet(app).values or {})["name"] == "X"  # what is said of KEEP counts, of OTHER it doesn't
    imported(app, OTHER, anew=True)
    assert on(app)["weekly"] is Status.SUBSCRIBED


def test_the_longer_pause_and_the_unconfirmed_win(app: App) -> None:
    for email in (KEEP, OTHER):
        join(app.database, email, "weekly")
    pause(app.database, Pause(TWO, None, LATER, TEST), NOW)
    with app.database.begin() as connection:
        terms = Consent(Lists(app.database).ids(["daily"]), TEST, NOW)
        enrol(connection, [Entry(ONE, statuses=(Status.UNCONFIRMED,)), Entry(TWO)], terms)
    joined(app)
    assert on(app)["daily"] is Status.UNCONFIRMED
    assert {each.list_name: each.paused_until for each in sheet(app).subscriptions}["weekly"] == LATER


@pytest.mark.parametrize(
    ("reason", "carried"),
    [(Reason.COMPLAINED, True), (Reason.REQUESTED, True), (Reason.BLOCKED, True), (Reason.BOUNCED, False)],
)
def test_what_a_person_said_goes_with_them_and_a_bounce_does_not(
    app: App, reason: Reason, carried: bool
) -> None:
    for email in (KEEP, OTHER):
        join(app.database, email, "weekly")
    shut_out(app.database, OTHER, reason)
    joined(app)
    assert (sheet(app).suppression is not None) is carried
    assert sheet(app).suppression is None or sheet(app).suppression.reason == reason  # type: ignore[union-attr]
    moved(app)
    assert (sheet(app, NEW).suppression is not None) is carried


def test_a_complaint_about_a_former_address_is_the_persons(app: App) -> None:
    join(app.database, KEEP, "weekly")
    moved(app)
    with app.database.begin() as connection:
        add(connection, [Suppression(KEEP, Reason.BOUNCED, "550", NOW)], TEST, NOW)
    assert sheet(app, NEW).suppression is None
    with app.database.begin() as connection:
        add(connection, [Suppression(KEEP, Reason.COMPLAINED, "a report", NOW)], TEST, NOW)
    found = sheet(app, NEW).suppression
    assert found is not None
    assert found.reason == Reason.COMPLAINED


def test_no_issue_comes_twice_and_all_of_the_history_is_theirs(app: App) -> None:
    join(app.database, OTHER, "weekly")
    delivered(app.database, begun(app.database), app.journals)
    join(app.database, KEEP, "weekly")
    assert excluded(app, "harbour") == {OTHER: "in an earlier send", KEEP: None}
    joined(app)
    assert excluded(app, "harbour") == {KEEP: "in an earlier send"}
    assert excluded(app, "lighthouse") == {KEEP: None}
    told = [event.what for event in history(app, KEEP).events]
    assert f"harbour: in the audience, as {OTHER}" in told
    assert history(app, OTHER).events == history(app, KEEP).events
    assert [each.state for each in sheet(app).sends] == [State.ACCEPTED]


def test_who_waits_by_both_addresses_gets_one_mail_and_every_account_adds_up(app: App) -> None:
    for email in (KEEP, OTHER, "bo@quay.example"):
        join(app.database, email, "weekly")
    send = begun(app.database)
    assert joined(app).cancelled == 1
    assert delivered(app.database, send, app.journals) == [KEEP, "bo@quay.example"]
    assert app.queries.discrepancies(send) == []
    assert sorted(app.queries.totals(send).states.items()) == [(State.ACCEPTED, 2), (State.CANCELLED, 1)]


def test_what_one_address_has_got_is_not_sent_to_the_other(app: App) -> None:
    for email in (KEEP, OTHER):
        join(app.database, email, "weekly")
    send = begun(app.database)

    def put_off(email: str) -> tuple[State, str]:
        return (State.ACCEPTED, "250 Ok") if email == OTHER else (State.DEFERRED, "451 later")

    delivered(app.database, send, app.journals, put_off)
    assert joined(app).cancelled == 1
    assert app.queries.discrepancies(send) == []
    assert {line.email: line.state for line in app.queries.deliveries(send)} == {
        KEEP: State.CANCELLED,
        OTHER: State.ACCEPTED,
    }


def test_nothing_is_changed_while_a_worker_has_their_mail_in_hand(app: App) -> None:
    for email in (KEEP, OTHER):
        join(app.database, email, "weekly")
    worker = Worker(app.database, begun(app.database), app.journals)
    worker.take()
    for change in (lambda: joined(app), lambda: moved(app)):
        with pytest.raises(AtWork, match="in hand"):
            change()
    assert on(app, OTHER)
    worker.settle()
    joined(app)


def test_a_link_in_a_mail_to_the_other_address_is_about_the_person(app: App) -> None:
    other = join(app.database, OTHER, "weekly")
    join(app.database, KEEP, "weekly")
    joined(app)
    weekly = Lists(app.database).ids(["weekly"])
    with app.database.begin() as connection:
        found = choices(connection, other, weekly)
        assert found is not None
        assert found.email == KEEP
        assert [each.name for each in leave(connection, other, weekly, TEST, NOW)] == ["weekly"]
    assert on(app) == {"weekly": Status.UNSUBSCRIBED}


def test_a_new_address_keeps_everything_and_the_old_one_leads_there(app: App) -> None:
    person = join(app.database, KEEP, "weekly", fields={"name": "Ada"})
    send = begun(app.database)
    assert moved(app) == 1
    found = sheet(app, NEW)
    assert (found.id, found.email, found.before, sheet(app, KEEP)) == (person, NEW, (KEEP,), found)
    assert delivered(app.database, send, app.journals) == [NEW]
    part(app.database, KEEP, "weekly")  # they write from the old one
    imported(app, KEEP)
    assert on(app, NEW) == {"weekly": Status.UNSUBSCRIBED}
    moved(app, NEW, KEEP)
    assert (sheet(app).email, sheet(app).before) == (KEEP, (NEW,))
    moved(app, KEEP, "Ada@Quay.example")
    assert (sheet(app).email, sheet(app).before) == ("Ada@Quay.example", (NEW,))


def test_an_address_that_was_joined_can_be_the_main_one_and_its_links_still_lead_there(app: App) -> None:
    other, keep = join(app.database, OTHER, "weekly"), join(app.database, KEEP, "weekly")
    joined(app)
    moved(app, KEEP, OTHER)
    assert (sheet(app).email, sheet(app).before) == (OTHER, (KEEP,))
    with app.database.begin() as connection:
        found = choices(connection, other, Lists(app.database).ids(["weekly"]))
    assert found is not None
    assert (found.email, sheet(app).id) == (OTHER, keep)


@pytest.mark.parametrize("why", ["somebody", "former", "suppressed", "domain"])
def test_an_address_that_is_taken_or_never_mailed_is_refused(app: App, why: str) -> None:
    join(app.database, KEEP, "weekly")
    if why == "somebody":
        join(app.database, NEW, "weekly")
    elif why == "former":
        join(app.database, NEW, "weekly")
        moved(app, NEW, "else@quay.example")
    else:
        with app.database.begin() as connection:
            who = NEW if why == "suppressed" else "@north.example"
            add(connection, [Suppression(who, Reason.BOUNCED, "", NOW)], TEST, NOW)
    with pytest.raises(UsageError) as caught:
        moved(app)
    assert "mailer subscribers" in str(caught.value.next_step)
    assert sheet(app).email == KEEP


def test_what_can_not_be_joined_is_said(app: App) -> None:
    join(app.database, KEEP, "weekly")
    for other in (TWO, ONE):
        with pytest.raises(UsageError):
            merge(app.database, ONE, other, TEST, NOW)
    join(app.database, OTHER, "weekly")
    joined(app)
    with pytest.raises(UsageError, match="one person already"):
        joined(app)
