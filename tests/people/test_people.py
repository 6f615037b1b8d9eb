"""Lists and the people on them: who left stays off, whatever comes in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, select

from mailer.domain.address import Address
from mailer.domain.audience import Audience
from mailer.domain.consent import Source, SourceKind
from mailer.domain.subscriber import Choices, ListChoice, Status, Subscriber
from mailer.errors import UsageError
from mailer.ledger.queries import LedgerQueries
from mailer.people.directory import PAGE, Directory
from mailer.people.enrol import Consent, Effect, Enrolment, Entry, enrol
from mailer.people.lists import Lists
from mailer.people.unsubscribing import LeftList, choices, leave
from mailer.services.subscribe import Subscribe, subscribe
from mailer.services.unsubscribe import Unsubscribe, suppress, unsubscribe
from mailer.store.database import open_database
from mailer.store.schema import sends, subscriptions, suppressions

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
ADA = Address.parse("Ada@Quay.example")

FORM, LETTER, LINK = (
    Source(SourceKind.FORM, "a form"),
    Source(SourceKind.MAIL, "a letter"),
    Source(SourceKind.LINK),
)


@pytest.fixture
def engine(database_url: str, tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(database_url, tmp_path)
    Lists(engine).create("weekly", NOW, "The Weekly", "Every Monday")
    Lists(engine).create("daily", NOW)
    yield engine
    engine.dispose()


def consent(engine: Engine, *names: str) -> Consent:
    return Consent(Lists(engine).ids(names), FORM, NOW)


def add(
    engine: Engine, address: Address, texts: dict[str, str], *names: str, anew: bool = False
) -> Enrolment:
    return subscribe(engine, Subscribe(address, names, FORM, texts, anew=anew), NOW)


def take_off(
    engine: Engine, address: Address, names: tuple[str, ...] | None, now: datetime = NOW
) -> tuple[str, ...]:
    return unsubscribe(engine, Unsubscribe(address, names, LETTER), now)


def leave_by_id(
    engine: Engine, person: int, ids: Sequence[int], source: Source, now: datetime = NOW
) -> list[LeftList]:
    with engine.begin() as connection:
        return leave(connection, person, ids, source, now)


def choices_of(engine: Engine, person: int, ids: Sequence[int]) -> Choices | None:
    with engine.connect() as connection:
        return choices(connection, person, ids)


def the_one(engine: Engine) -> Subscriber:
    (found,) = Directory(engine).subscribers()
    return found


def test_lists_have_a_title_and_counts_by_status(engine: Engine) -> None:
    add(engine, ADA, {}, "weekly")
    take_off(engine, ADA, ("weekly",))
    add(engine, Address.parse("bram@quay.example"), {}, "weekly")
    daily, weekly = Lists(engine).all()
    assert (weekly.name, weekly.title, weekly.description) == ("weekly", "The Weekly", "Every Monday")
    assert weekly.counts == {Status.SUBSCRIBED: 1, Status.UNCONFIRMED: 0, Status.UNSUBSCRIBED: 1}
    assert (daily.title, sum(daily.counts.values())) == ("daily", 0)
    assert Lists(engine).named("daily") == daily


def test_who_is_never_mailed_counts_as_suppressed_and_nothing_else(engine: Engine) -> None:
    for number in range(4):
        add(engine, Address.parse(f"p{number}@quay.example"), {}, "weekly", "daily")
    suppress(engine, Address.parse("p0@quay.example"), "bounced", "550", NOW)
    suppress(engine, Address.parse("nobody@quay.example"), "bounced", "550", NOW)
    take_off(engine, Address.parse("p1@quay.example"), None)
    take_off(engine, Address.parse("p2@quay.example"), ("daily",))
    daily, weekly = Lists(engine).all()
    assert (list(daily.counts.values()), daily.suppressed) == ([1, 0, 1], 2)
    assert (list(weekly.counts.values()), weekly.suppressed) == ([2, 0, 0], 2)


@pytest.mark.parametrize(
    ("name", "says"),
    [("wekly", "did you mean weekly"), ("books", r"there is daily, weekly"), ("", "no list")],
)
def test_an_unknown_list_names_the_nearest(engine: Engine, name: str, says: str) -> None:
    for ask in (
        Lists(engine).named,
        lambda name: Lists(engine).ids([name]),
        lambda name: list(Directory(engine).subscribers(name)),
    ):
        with pytest.raises(UsageError, match=says) as caught:
            ask(name)
        assert caught.value.next_step


@pytest.mark.parametrize(
    "name", ["weekly", "", "with space", "a.b", "-a", "a" * 64, "naïve", "weekly\n", "a@b", "../x"]
)
def test_a_list_name_that_is_taken_or_unfit_is_refused(engine: Engine, name: str) -> None:
    with pytest.raises(UsageError):
        Lists(engine).create(name, NOW)
    assert len(Lists(engine).all()) == 2


def test_a_title_with_a_line_break_is_refused(engine: Engine) -> None:
    with pytest.raises(UsageError, match="control character"):
        Lists(engine).create("books", NOW, "Books\r\nBcc: eve@quay.example")


def test_a_person_is_kept_as_typed_and_known_by_key(engine: Engine) -> None:
    texts = {"name": "Ada Quint", "Paid": "no", "tags": "press; north", "plz": "04109", "language": "pt"}
    done = add(engine, ADA, texts, "weekly", "daily")
    assert (done.effect, done.kept_out, done.suppressed) == (Effect.ADDED, (), None)
    assert the_one(engine) == Subscriber(
        done.subscriber_id,
        "Ada@Quay.example",
        "Ada Quint",
        "pt",
        None,
        ("press", "north"),
        {"paid": False, "plz": "04109"},
        {"daily": Status.SUBSCRIBED, "weekly": Status.SUBSCRIBED},
    )
    assert Directory(engine).field_names() == ["paid", "plz"]


def test_adding_again_keeps_what_is_not_named(engine: Engine) -> None:
    add(engine, ADA, {"name": "Ada", "town": "Porto"}, "weekly")
    again = add(engine, Address.parse("ADA@quay.EXAMPLE"), {"visits": "3"}, "weekly")
    assert again.effect is Effect.UPDATED
    assert add(engine, ADA, {"visits": "3"}, "weekly").effect is Effect.UNCHANGED
    found = the_one(engine)
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
def test_a_bad_value_changes_nothing(engine: Engine, texts: dict[str, str], says: str) -> None:
    add(engine, ADA, {"visits": "3"}, "weekly")
    before = the_one(engine)
    with pytest.raises(UsageError, match=says):
        add(engine, ADA, {"town": "Porto"} | texts, "weekly", "daily")
    assert the_one(engine) == before


def test_who_unsubscribed_comes_back_only_by_consent_given_anew(engine: Engine) -> None:
    add(engine, ADA, {}, "weekly", "daily")
    assert take_off(engine, ADA, ("weekly",), LATER) == ("weekly",)
    assert take_off(engine, ADA, ("weekly",), LATER) == ()
    with pytest.raises(UsageError, match="unsubscribed and is not brought back") as caught:
        add(engine, ADA, {"town": "Porto"}, "weekly")
    assert "--resubscribe" in str(caught.value.next_step)
    assert the_one(engine).lists == {"daily": Status.SUBSCRIBED, "weekly": Status.UNSUBSCRIBED}
    assert the_one(engine).fields == {}
    add(engine, ADA, {}, "weekly", anew=True)
    assert the_one(engine).lists["weekly"] is Status.SUBSCRIBED


def test_who_left_a_list_that_they_never_were_on_stays_off_it(engine: Engine) -> None:
    add(engine, ADA, {}, "weekly")
    assert take_off(engine, ADA, ("daily",), LATER) == ()
    with pytest.raises(UsageError, match="unsubscribed and is not brought back"):
        add(engine, ADA, {}, "daily")
    assert the_one(engine).lists == {"daily": Status.UNSUBSCRIBED, "weekly": Status.SUBSCRIBED}


def test_off_every_list_is_for_good(engine: Engine) -> None:
    add(engine, ADA, {}, "weekly", "daily")
    assert take_off(engine, ADA, None) == ("daily", "weekly")
    Lists(engine).create("monthly", NOW)
    with pytest.raises(UsageError, match=r"suppressed \(requested\)"):
        add(engine, ADA, {}, "monthly")
    with engine.begin() as connection:
        done = enrol(connection, [Entry(ADA)], consent(engine, "monthly"))[0]
    assert done.suppressed == the_one(engine).suppressed == "requested"
    add(engine, ADA, {}, "monthly", anew=True)
    assert the_one(engine).suppressed is None


def test_an_address_that_was_never_here_can_be_shut_out_but_not_unsubscribed(engine: Engine) -> None:
    with pytest.raises(UsageError, match="nobody here"):
        take_off(engine, ADA, ("weekly",))
    assert take_off(engine, ADA, None) == ()
    with pytest.raises(UsageError, match="suppressed"):
        add(engine, ADA, {}, "weekly")


def test_the_unconfirmed_stay_unconfirmed(engine: Engine) -> None:
    done = add(engine, ADA, {}, "weekly")
    with engine.begin() as connection:
        connection.execute(subscriptions.update().values(status=Status.UNCONFIRMED))
    again = add(engine, ADA, {}, "weekly")
    assert (again.effect, again.subscriber_id) == (Effect.UNCHANGED, done.subscriber_id)
    assert the_one(engine).lists == {"weekly": Status.UNCONFIRMED}


def test_the_first_reason_of_a_suppression_stands(engine: Engine) -> None:
    suppress(engine, ADA, "complained", "feedback report", NOW)
    suppress(engine, ADA, "bounced", "550", LATER)
    with engine.connect() as connection:
        assert connection.execute(select(suppressions)).all() == [
            (ADA.key, "complained", "feedback report", NOW)
        ]


def test_subscribers_come_in_pages_of_one_list_and_status(engine: Engine) -> None:
    everyone = [Address.parse(f"p{n}@quay.example") for n in range(PAGE * 2)]
    with engine.begin() as connection:
        enrol(connection, [Entry(address) for address in everyone], consent(engine, "weekly"))
    add(engine, ADA, {}, "daily")
    take_off(engine, everyone[3], ("weekly",))
    emails = [address.typed for address in everyone]
    assert [each.email for each in Directory(engine).subscribers("weekly")] == emails
    assert [each.email for each in Directory(engine).subscribers()] == [*emails, ADA.typed]
    assert [each.email for each in Directory(engine).subscribers("weekly", Status.UNSUBSCRIBED)] == [
        emails[3]
    ]
    assert [each.email for each in Directory(engine).subscribers(None, Status.UNSUBSCRIBED)] == [emails[3]]
    assert [each.email for each in Directory(engine).subscribers("daily", Status.UNSUBSCRIBED)] == []


def test_the_page_behind_a_link_shows_and_changes_only_its_lists(engine: Engine) -> None:
    person = add(engine, ADA, {}, "weekly").subscriber_id
    weekly, daily = Lists(engine).ids(["weekly", "daily"])
    assert choices_of(engine, person, [weekly, daily]) == Choices(
        "Ada@Quay.example", (ListChoice(weekly, "The Weekly", True), ListChoice(daily, "daily", False))
    )
    left = leave_by_id(engine, person, [weekly, daily], LINK)
    assert left == [LeftList(weekly, "weekly", Status.SUBSCRIBED)]
    assert leave_by_id(engine, person, [weekly], LINK, LATER) == []
    assert the_one(engine).lists == {"weekly": Status.UNSUBSCRIBED}
    choice = choices_of(engine, person, [weekly])
    assert choice is not None
    assert [each.subscribed for each in choice.lists] == [False]


def test_leaving_twice_keeps_the_time_and_source_of_the_first(engine: Engine) -> None:
    person = add(engine, ADA, {}, "weekly").subscriber_id
    ids = Lists(engine).ids(["weekly"])
    leave_by_id(engine, person, ids, LINK)
    leave_by_id(engine, person, ids, LETTER, LATER)
    with engine.connect() as connection:
        row = connection.execute(select(subscriptions)).one()
    assert (row.status, row.source, row.since) == (Status.UNSUBSCRIBED, str(LINK), NOW)


def test_nobody_and_nothing_have_no_choice(engine: Engine) -> None:
    person = add(engine, ADA, {}, "weekly").subscriber_id
    assert choices_of(engine, person + 1, Lists(engine).ids(["weekly"])) is None
    assert choices_of(engine, person, [99]) is None
    assert leave_by_id(engine, person + 1, Lists(engine).ids(["weekly"]), LINK) == []


def test_a_send_knows_its_lists(engine: Engine) -> None:
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
    assert LedgerQueries(engine).list_ids(1) == Lists(engine).ids(["weekly", "daily"])
    assert LedgerQueries(engine).list_ids(2) == ()


def test_a_field_that_turns_from_true_to_one_has_changed(engine: Engine) -> None:
    with engine.begin() as connection:
        effects = [
            enrol(connection, [Entry(ADA, {"paid": value})], consent(engine))[0].effect
            for value in (True, True, 1)
        ]
    assert effects == [Effect.ADDED, Effect.UNCHANGED, Effect.UPDATED]
