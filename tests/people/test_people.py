"""Lists and the people on them: who left stays off, whatever comes in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, select

from mailer.domain.address import Address
from mailer.domain.audience import Audience
from mailer.domain.subscriber import Choices, ListChoice, Status, Subscriber
from mailer.errors import UsageError
from mailer.people.enrol import Consent, Effect, Entry, enrol
from mailer.people.people import PAGE, People
from mailer.store.database import open_database
from mailer.store.schema import sends, subscriptions, suppressions

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
ADA = Address.parse("Ada@Quay.example")


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return open_database("sqlite:///mailer.db", tmp_path)


@pytest.fixture
def people(engine: Engine) -> People:
    people = People(engine)
    people.create_list("weekly", NOW, "The Weekly", "Every Monday")
    people.create_list("daily", NOW)
    return people


def consent(people: People, *names: str, anew: bool = False) -> Consent:
    return Consent(people.list_ids(names), "a form", NOW, anew)


def the_one(people: People) -> Subscriber:
    (found,) = people.subscribers()
    return found


def test_lists_have_a_title_and_counts_by_status(people: People) -> None:
    people.add(ADA, {}, consent(people, "weekly"))
    people.unsubscribe(ADA, ["weekly"], "a letter", NOW)
    people.add(Address.parse("bram@quay.example"), {}, consent(people, "weekly"))
    daily, weekly = people.all_lists()
    assert (weekly.name, weekly.title, weekly.description) == ("weekly", "The Weekly", "Every Monday")
    assert weekly.counts == {Status.SUBSCRIBED: 1, Status.UNCONFIRMED: 0, Status.UNSUBSCRIBED: 1}
    assert (daily.title, sum(daily.counts.values())) == ("daily", 0)
    assert people.list_named("daily") == daily


def test_who_is_never_mailed_counts_as_suppressed_and_nothing_else(people: People) -> None:
    for number in range(4):
        people.add(Address.parse(f"p{number}@quay.example"), {}, consent(people, "weekly", "daily"))
    people.suppress("p0@quay.example", "bounced", "550", NOW)
    people.suppress("nobody@quay.example", "bounced", "550", NOW)
    people.unsubscribe(Address.parse("p1@quay.example"), None, "a letter", NOW)
    people.unsubscribe(Address.parse("p2@quay.example"), ["daily"], "a letter", NOW)
    daily, weekly = people.all_lists()
    assert (list(daily.counts.values()), daily.suppressed) == ([1, 0, 1], 2)
    assert (list(weekly.counts.values()), weekly.suppressed) == ([2, 0, 0], 2)


@pytest.mark.parametrize(
    ("name", "says"),
    [("wekly", "did you mean weekly"), ("books", r"there is daily, weekly"), ("", "no list")],
)
def test_an_unknown_list_names_the_nearest(people: People, name: str, says: str) -> None:
    for ask in (
        people.list_named,
        lambda name: people.list_ids([name]),
        lambda name: list(people.subscribers(name)),
    ):
        with pytest.raises(UsageError, match=says) as caught:
            ask(name)
        assert caught.value.next_step


@pytest.mark.parametrize(
    "name", ["weekly", "", "with space", "a.b", "-a", "a" * 64, "naïve", "weekly\n", "a@b", "../x"]
)
def test_a_list_name_that_is_taken_or_unfit_is_refused(people: People, name: str) -> None:
    with pytest.raises(UsageError):
        people.create_list(name, NOW)
    assert len(people.all_lists()) == 2


def test_a_title_with_a_line_break_is_refused(people: People) -> None:
    with pytest.raises(UsageError, match="control character"):
        people.create_list("books", NOW, "Books\r\nBcc: eve@quay.example")


def test_a_person_is_kept_as_typed_and_known_by_key(people: People) -> None:
    texts = {"name": "Ada Quint", "Paid": "no", "tags": "press; north", "plz": "04109", "language": "pt"}
    done = people.add(ADA, texts, consent(people, "weekly", "daily"))
    assert (done.effect, done.kept_out, done.suppressed) == (Effect.ADDED, (), None)
    assert the_one(people) == Subscriber(
        done.subscriber_id,
        "Ada@Quay.example",
        "Ada Quint",
        "pt",
        None,
        ("press", "north"),
        {"paid": False, "plz": "04109"},
        {"daily": Status.SUBSCRIBED, "weekly": Status.SUBSCRIBED},
    )
    assert people.field_names() == ["paid", "plz"]


def test_adding_again_keeps_what_is_not_named(people: People) -> None:
    people.add(ADA, {"name": "Ada", "town": "Porto"}, consent(people, "weekly"))
    again = people.add(Address.parse("ADA@quay.EXAMPLE"), {"visits": "3"}, consent(people, "weekly"))
    assert again.effect is Effect.UPDATED
    assert people.add(ADA, {"visits": "3"}, consent(people, "weekly")).effect is Effect.UNCHANGED
    found = the_one(people)
    assert (found.email, found.name, found.fields) == (
        "Ada@Quay.example",
        "Ada",
        {"town": "Porto", "visits": 3},
    )


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        ({"visits": "many"}, "visits: 'many' is not a number"),
        ({"name": "Ada\r\nBcc: x"}, "control character"),
        ({"town": "\ud800"}, "control character"),
        ({"email": "eve@quay.example"}, "can't name a field"),
        ({"***": "x"}, "can't name a field"),
        ({"Lists": "x"}, "can't name a field"),
    ],
)
def test_a_bad_value_changes_nothing(people: People, texts: dict[str, str], says: str) -> None:
    people.add(ADA, {"visits": "3"}, consent(people, "weekly"))
    before = the_one(people)
    with pytest.raises(UsageError, match=says):
        people.add(ADA, {"town": "Porto"} | texts, consent(people, "weekly", "daily"))
    assert the_one(people) == before


def test_who_unsubscribed_comes_back_only_by_consent_given_anew(people: People) -> None:
    people.add(ADA, {}, consent(people, "weekly", "daily"))
    assert people.unsubscribe(ADA, ["weekly"], "a letter", LATER) == ("weekly",)
    assert people.unsubscribe(ADA, ["weekly"], "a letter", LATER) == ()
    with pytest.raises(UsageError, match="unsubscribed and is not brought back") as caught:
        people.add(ADA, {"town": "Porto"}, consent(people, "weekly"))
    assert "--resubscribe" in str(caught.value.next_step)
    assert the_one(people).lists == {"daily": Status.SUBSCRIBED, "weekly": Status.UNSUBSCRIBED}
    assert the_one(people).fields == {}
    people.add(ADA, {}, consent(people, "weekly", anew=True))
    assert the_one(people).lists["weekly"] is Status.SUBSCRIBED


def test_off_every_list_is_for_good(people: People, engine: Engine) -> None:
    people.add(ADA, {}, consent(people, "weekly", "daily"))
    assert people.unsubscribe(ADA, None, "a letter", NOW) == ("daily", "weekly")
    people.create_list("monthly", NOW)
    with pytest.raises(UsageError, match=r"suppressed \(requested\)"):
        people.add(ADA, {}, consent(people, "monthly"))
    with engine.begin() as connection:
        done = enrol(connection, [Entry(ADA)], consent(people, "monthly"))[0]
    assert done.suppressed == the_one(people).suppressed == "requested"
    people.add(ADA, {}, consent(people, "monthly", anew=True))
    assert the_one(people).suppressed is None


def test_an_address_that_was_never_here_can_be_shut_out_but_not_unsubscribed(people: People) -> None:
    with pytest.raises(UsageError, match="nobody here"):
        people.unsubscribe(ADA, ["weekly"], "a letter", NOW)
    assert people.unsubscribe(ADA, None, "a letter", NOW) == ()
    with pytest.raises(UsageError, match="suppressed"):
        people.add(ADA, {}, consent(people, "weekly"))


def test_the_unconfirmed_stay_unconfirmed(people: People, engine: Engine) -> None:
    done = people.add(ADA, {}, consent(people, "weekly"))
    with engine.begin() as connection:
        connection.execute(subscriptions.update().values(status=Status.UNCONFIRMED))
    again = people.add(ADA, {}, consent(people, "weekly"))
    assert (again.effect, again.subscriber_id) == (Effect.UNCHANGED, done.subscriber_id)
    assert the_one(people).lists == {"weekly": Status.UNCONFIRMED}


def test_the_first_reason_of_a_suppression_stands(people: People, engine: Engine) -> None:
    people.suppress(ADA.key, "complained", "feedback report", NOW)
    people.suppress(ADA.key, "bounced", "550", LATER)
    with engine.connect() as connection:
        assert connection.execute(select(suppressions)).all() == [
            (ADA.key, "complained", "feedback report", NOW)
        ]


def test_subscribers_come_in_pages_of_one_list_and_status(people: People, engine: Engine) -> None:
    everyone = [Address.parse(f"p{n}@quay.example") for n in range(PAGE * 2)]
    with engine.begin() as connection:
        enrol(connection, [Entry(address) for address in everyone], consent(people, "weekly"))
    people.add(ADA, {}, consent(people, "daily"))
    people.unsubscribe(everyone[3], ["weekly"], "a letter", NOW)
    emails = [address.typed for address in everyone]
    assert [each.email for each in people.subscribers("weekly")] == emails
    assert [each.email for each in people.subscribers()] == [*emails, ADA.typed]
    assert [each.email for each in people.subscribers("weekly", Status.UNSUBSCRIBED)] == [emails[3]]
    assert [each.email for each in people.subscribers(None, Status.UNSUBSCRIBED)] == [emails[3]]
    assert [each.email for each in people.subscribers("daily", Status.UNSUBSCRIBED)] == []


def test_the_page_behind_a_link_shows_and_changes_only_its_lists(people: People) -> None:
    person = people.add(ADA, {}, consent(people, "weekly")).subscriber_id
    weekly, daily = people.list_ids(["weekly", "daily"])
    assert people.choice(person, [weekly, daily]) == Choices(
        "Ada@Quay.example", (ListChoice(weekly, "The Weekly", True), ListChoice(daily, "daily", False))
    )
    assert people.leave(person, [weekly, daily], "link in a mail", NOW)
    assert people.leave(person, [weekly], "link in a mail", LATER)
    assert the_one(people).lists == {"weekly": Status.UNSUBSCRIBED}
    choice = people.choice(person, [weekly])
    assert choice is not None
    assert [each.subscribed for each in choice.lists] == [False]


def test_leaving_twice_keeps_the_time_and_source_of_the_first(people: People, engine: Engine) -> None:
    person = people.add(ADA, {}, consent(people, "weekly")).subscriber_id
    ids = people.list_ids(["weekly"])
    people.leave(person, ids, "link in a mail", NOW)
    people.leave(person, ids, "a letter", LATER)
    with engine.connect() as connection:
        row = connection.execute(select(subscriptions)).one()
    assert (row.status, row.source, row.since) == (Status.UNSUBSCRIBED, "link in a mail", NOW)


def test_nobody_and_nothing_have_no_choice(people: People) -> None:
    person = people.add(ADA, {}, consent(people, "weekly")).subscriber_id
    assert people.choice(person + 1, people.list_ids(["weekly"])) is None
    assert people.choice(person, [99]) is None
    assert not people.leave(person + 1, people.list_ids(["weekly"]), "link in a mail", NOW)


def test_a_send_knows_its_lists(people: People, engine: Engine) -> None:
    audience = Audience(("weekly", "daily", "gone"), ("press",)).canonical()
    row = {
        "slug": "harbour",
        "audience": audience,
        "subject": "s",
        "revision": "r",
        "created_at": NOW,
    }
    with engine.begin() as connection:
        connection.execute(insert(sends).values(row))
    assert people.send_lists(1) == people.list_ids(["weekly", "daily"])
    assert people.send_lists(2) == ()


def test_a_field_that_turns_from_true_to_one_has_changed(people: People, engine: Engine) -> None:
    with engine.begin() as connection:
        effects = [
            enrol(connection, [Entry(ADA, {"paid": value})], consent(people))[0].effect
            for value in (True, True, 1)
        ]
    assert effects == [Effect.ADDED, Effect.UNCHANGED, Effect.UPDATED]
