"""The ledger on a real database file: frozen once, claimed once, settled by compare-and-set."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, event, insert, select, update
from sqlalchemy.exc import IntegrityError

from mailer.domain.audience import Audience
from mailer.domain.delivery import NEXT, OPEN, TERMINAL, Settlement, State
from mailer.domain.outcome import Stage
from mailer.domain.send import Send
from mailer.errors import UsageError
from mailer.ledger.holding import Holding
from mailer.ledger.ledger import Ledger
from mailer.ledger.queries import LedgerQueries
from mailer.people.audience import candidates_for
from mailer.people.directory import Directory
from mailer.people.lists import Lists
from mailer.store.database import open_database
from mailer.store.schema import (
    deliveries,
    lists,
    outcomes,
    passed,
    subscribers,
    subscriptions,
    suppressions,
)

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
WEEKLY = Audience(("weekly",))


@pytest.fixture
def database(database_url, tmp_path):
    engine = open_database(database_url, tmp_path)
    yield engine
    engine.dispose()


def populate(database: Engine, *people: tuple[str, str], list_name: str = "weekly") -> None:
    """Put (email, status) pairs on a list."""
    with database.begin() as connection:
        list_id = connection.scalar(
            insert(lists)
            .values(name=list_name, title=list_name.title(), created_at=NOW)
            .returning(lists.c.id)
        )
        for email, status in people:
            person = connection.scalar(select(subscribers.c.id).where(subscribers.c.email_key == email))
            person = person or connection.scalar(
                insert(subscribers)
                .values(email=email, email_key=email, fields={"town": "Port"}, created_at=NOW, updated_at=NOW)
                .returning(subscribers.c.id)
            )
            connection.execute(
                insert(subscriptions).values(
                    list_id=list_id, subscriber_id=person, status=status, source="test", since=NOW
                )
            )


def frozen(database: Engine, audience: Audience = WEEKLY, **changes) -> tuple[Ledger, Send]:
    ledger = Ledger(database)
    values = {"subject": "Harbour", "revision": "4f1c9a", "template": b"compiled", "now": NOW} | changes
    send = ledger.freeze("harbour", audience, **values)
    ledger.proved(send, NOW)
    return ledger, send


def states(database: Engine) -> dict[str, str]:
    queries = LedgerQueries(database)
    return {line.email: line.state for send in Ledger(database).sends() for line in queries.deliveries(send)}


def hold(database: Engine, send: Send, worker: str = "w") -> Holding:
    """Return a worker's hand, empty yet."""
    return Holding(database, send, worker, "an-account")


def said(claim, state: State, words: str = "250 Ok", at: datetime = NOW) -> Settlement:
    return Settlement(claim.delivery_id, state, at, Stage.CONTENT, words)


def test_every_state_says_what_may_follow():
    assert NEXT.keys() == set(State)
    assert set(State) == TERMINAL | OPEN
    assert State.UNCERTAIN in NEXT[State.HANDED]
    assert State.QUEUED not in NEXT[State.ACCEPTED]


def test_freezing_takes_the_subscribed_and_names_the_reason_for_each_other(database):
    populate(
        database,
        ("ann@a.example", "subscribed"),
        ("ben@a.example", "unconfirmed"),
        ("cat@a.example", "unsubscribed"),
        ("dan@a.example", "subscribed"),
    )
    with database.begin() as connection:
        connection.execute(insert(suppressions).values(who="dan@a.example", reason="bounced", since=NOW))
    _, send = frozen(database)
    totals = LedgerQueries(database).totals(send)
    assert states(database) == {"ann@a.example": "queued"}
    assert totals.excluded == {"bounced": 1, "unconfirmed": 1, "unsubscribed": 1}
    assert send.candidates == 4
    assert LedgerQueries(database).discrepancies(send) == []


def test_a_person_on_two_lists_gets_one_copy(database):
    populate(database, ("ann@a.example", "subscribed"), ("ben@a.example", "unsubscribed"))
    populate(database, ("ann@a.example", "subscribed"), ("ben@a.example", "subscribed"), list_name="daily")
    _, send = frozen(database, Audience(("weekly", "daily")))
    assert states(database) == {"ann@a.example": "queued", "ben@a.example": "queued"}
    assert send.candidates == 2


def test_people_of_one_list_are_looked_through_as_they_lie(database):
    populate(database, *((f"reader{number}@inbox.example", "subscribed") for number in range(9)))
    with database.connect() as connection:
        query = candidates_for(connection, "harbour", WEEKLY, NOW, again=True)
        values = {"literal_binds": True}
        asked = query.order_by("subscriber_id").compile(connection, compile_kwargs=values)
        explain = "EXPLAIN QUERY PLAN" if database.dialect.name == "sqlite" else "EXPLAIN"
        plan = [row[-1] for row in connection.exec_driver_sql(f"{explain} {asked}")]
    # Before the first of a million is there, none of them is put anywhere or counted.
    assert not [step for step in plan if re.search("MATERIALIZE|B-TREE|Aggregate|Group", step)], plan


def test_a_later_send_of_the_same_issue_leaves_out_who_is_in_an_earlier_one(database):
    populate(database, ("ann@a.example", "subscribed"))
    populate(database, ("ann@a.example", "subscribed"), ("ben@a.example", "subscribed"), list_name="daily")
    frozen(database)
    _ledger, send = frozen(database, Audience(("daily",)))
    assert [claim.recipient.email for claim in hold(database, send).take(NOW)] == ["ben@a.example"]
    assert LedgerQueries(database).totals(send).excluded == {"in an earlier send": 1}


def test_people_on_an_excluded_list_are_left_out(database):
    populate(database, ("ann@a.example", "subscribed"), ("ben@a.example", "subscribed"))
    populate(database, ("ann@a.example", "subscribed"), ("ben@a.example", "unsubscribed"), list_name="staff")
    _, send = frozen(database, Audience(("weekly",), exclude=("staff",)))
    assert states(database) == {"ben@a.example": "queued"}
    assert LedgerQueries(database).totals(send).excluded == {"on an excluded list": 1}


def test_the_same_issue_cannot_be_frozen_twice_for_the_same_audience(database):
    populate(database, ("ann@a.example", "subscribed"))
    frozen(database)
    with pytest.raises(IntegrityError):
        frozen(database)
    assert len(states(database)) == 1


def test_again_freezes_everyone_once_more(database):
    populate(database, ("ann@a.example", "subscribed"))
    frozen(database)
    ledger, send = frozen(database, occasion=1, again=True)
    assert len(hold(database, send).take(NOW)) == 1
    assert ledger.find("harbour", WEEKLY) == Ledger(database).sends("harbour")[-1]


def test_preview_shows_the_same_people_and_writes_nothing(database):
    populate(database, ("ann@a.example", "subscribed"), ("ben@a.example", "unconfirmed"))
    ledger = Ledger(database)
    found = [(r.email, reason) for r, reason in ledger.preview("harbour", WEEKLY)]
    assert found == [("ann@a.example", None), ("ben@a.example", "unconfirmed")]
    assert ledger.sends() == []


def test_the_snapshot_stays_as_it_was_when_the_subscriber_changes(database):
    populate(database, ("ann@a.example", "subscribed"))
    _ledger, send = frozen(database)
    with database.begin() as connection:
        connection.execute(update(subscribers).values(fields={"town": "Elsewhere"}, name="New"))
    hand = hold(database, send)
    (claim,) = hand.take(NOW)
    assert claim.recipient.values() == {"email": "ann@a.example", "town": "Port"}


def test_a_delivery_is_claimed_once(database):
    populate(database, *((f"p{n}@a.example", "subscribed") for n in range(5)))
    _, send = frozen(database, chunk=3)
    first, second = hold(database, send, "one").take(NOW), hold(database, send, "two").take(NOW)
    assert len(first) == 3
    assert len(second) == 2
    assert not {c.delivery_id for c in first} & {c.delivery_id for c in second}


def test_nothing_is_claimed_before_the_renders_are_proved(database):
    populate(database, ("ann@a.example", "subscribed"))
    ledger = Ledger(database)
    send = ledger.freeze("harbour", WEEKLY, subject="s", revision="r", template=b"t", now=NOW)
    assert hold(database, send).take(NOW) == []
    assert ledger.find("harbour", WEEKLY) is None
    ledger.discard_unproved()
    assert ledger.sends() == []
    assert states(database) == {}


def test_a_send_that_was_never_proved_keeps_nobody_out_of_another(database):
    populate(database, ("ann@a.example", "subscribed"))
    populate(database, ("ann@a.example", "subscribed"), list_name="daily")
    ledger = Ledger(database)
    ledger.freeze("harbour", WEEKLY, subject="s", revision="r", template=b"t", now=NOW)
    _, send = frozen(database, Audience(("daily",)))
    assert len(hold(database, send).take(NOW)) == 1


def test_a_list_that_is_gone_is_an_error_and_excludes_nobody_in_silence(database):
    populate(database, ("ann@a.example", "subscribed"))
    with pytest.raises(UsageError, match="there is no list staff"):
        frozen(database, Audience(("weekly",), exclude=("staff",)))
    assert Ledger(database).sends() == []


def test_a_proved_send_cannot_be_discarded(database):
    populate(database, ("ann@a.example", "subscribed"))
    ledger, _ = frozen(database)
    ledger.discard_unproved()
    assert states(database) == {"ann@a.example": "queued"}


def test_who_unsubscribed_or_was_suppressed_since_is_cancelled_at_the_claim(database):
    populate(database, *((f"{name}@a.example", "subscribed") for name in ("ann", "ben", "cat")))
    _ledger, send = frozen(database)
    with database.begin() as connection:
        ben = select(subscribers.c.id).where(subscribers.c.email == "ben@a.example").scalar_subquery()
        connection.execute(
            update(subscriptions).where(subscriptions.c.subscriber_id == ben).values(status="unsubscribed")
        )
        connection.execute(insert(suppressions).values(who="cat@a.example", reason="complained", since=NOW))
    assert [claim.recipient.email for claim in hold(database, send).take(NOW)] == ["ann@a.example"]
    lines = {line.email: (line.state, line.words) for line in LedgerQueries(database).deliveries(send)}
    assert lines["ben@a.example"] == (State.CANCELLED, "unsubscribed after the audience was frozen")
    assert lines["cat@a.example"] == (State.CANCELLED, "suppressed after the audience was frozen")


def never(database: Engine, **suppression: str) -> None:
    """Suppress by what is given as `who`, and let the one person of that name be known by a hash."""
    with database.begin() as connection:
        known = update(subscribers).where(subscribers.c.email_key == "cat@b.example")
        connection.execute(known.values(address_hash="#cat"))
        connection.execute(insert(suppressions).values(since=NOW, **suppression))


@pytest.mark.parametrize(
    ("who", "reason"), [("cat@b.example", "bounced"), ("@b.example", "blocked"), ("#cat", "erased")]
)
def test_nobody_is_mailed_who_is_suppressed_by_address_by_domain_or_by_a_hash(database, who, reason):
    populate(database, ("ann@a.example", "subscribed"), ("cat@b.example", "subscribed"))
    _, early = frozen(database)
    never(database, who=who, reason=reason)
    assert [claim.recipient.email for claim in hold(database, early).take(NOW)] == ["ann@a.example"]
    _, late = frozen(database, occasion=1, again=True)
    assert LedgerQueries(database).totals(late).excluded == {reason: 1}
    assert Lists(database).named("weekly").suppressed == 1
    assert {each.email: each.suppressed for each in Directory(database).subscribers()} == {
        "ann@a.example": None,
        "cat@b.example": reason,
    }


def pause(database: Engine, email: str, until: datetime) -> None:
    with database.begin() as connection:
        person = select(subscribers.c.id).where(subscribers.c.email == email).scalar_subquery()
        change = update(subscriptions).where(subscriptions.c.subscriber_id == person)
        connection.execute(change.values(paused_until=until))


def test_who_pauses_gets_nothing_until_the_day(database):
    populate(database, ("ann@a.example", "subscribed"), ("ben@a.example", "subscribed"))
    day = timedelta(days=1)
    pause(database, "ann@a.example", NOW + day)
    _, early = frozen(database)
    assert LedgerQueries(database).totals(early).excluded == {"paused": 1}
    pause(database, "ben@a.example", NOW + day)
    assert hold(database, early).take(NOW) == []
    lines = {line.email: line.words for line in LedgerQueries(database).deliveries(early)}
    assert lines == {"ben@a.example": "paused after the audience was frozen"}
    _, late = frozen(database, occasion=1, again=True, now=NOW + day)
    assert len(hold(database, late).take(NOW + day)) == 2


def test_a_whole_batch_of_people_who_left_is_not_the_end_of_the_queue(database):
    populate(database, *((f"p{n}@a.example", "subscribed") for n in range(5)))
    _, send = frozen(database, chunk=2)
    with database.begin() as connection:
        connection.execute(
            update(subscriptions).where(subscriptions.c.subscriber_id <= 4).values(status="unsubscribed")
        )
    assert [claim.recipient.email for claim in hold(database, send).take(NOW)] == ["p4@a.example"]
    assert hold(database, send).take(NOW) == []


@pytest.mark.parametrize("state", [State.ACCEPTED, State.DEFERRED, State.FAILED, State.UNCERTAIN])
def test_an_outcome_is_recorded_with_the_servers_words(database, state):
    populate(database, ("ann@a.example", "subscribed"))
    _ledger, send = frozen(database)
    hand = hold(database, send)
    (claim,) = hand.take(NOW)
    hand.record([said(claim, state, "451 4.7.1 later, please")])
    (line,) = LedgerQueries(database).deliveries(send)
    assert (line.state, line.words, line.attempts) == (state, "451 4.7.1 later, please", 1)
    assert "451 4.7.1 later, please" in str(LedgerQueries(database).history("ann@a.example"))


def test_only_the_holder_records_and_only_once(database):
    populate(database, ("ann@a.example", "subscribed"))
    _ledger, send = frozen(database)
    hand = hold(database, send)
    (claim,) = hand.take(NOW)
    hold(database, send, "somebody else").record([said(claim, State.FAILED)])
    for _ in range(2):
        hand.record([said(claim, State.ACCEPTED)])
    hand.record([said(claim, State.FAILED, "550 no")])
    with database.connect() as connection:
        kept = connection.execute(select(outcomes.c.state)).scalars().all()
        through = connection.execute(select(passed.c.account, passed.c.number)).all()
    (line,) = LedgerQueries(database).deliveries(send)
    assert (line.state, line.words, line.attempts) == (State.ACCEPTED, "250 Ok", 1)
    assert kept == ["accepted"]
    assert through == [("an-account", 1)]
    assert LedgerQueries(database).discrepancies(send) == []


def test_a_deferred_delivery_waits_its_time_and_fails_after_three_days(database):
    populate(database, ("ann@a.example", "subscribed"))
    ledger, send = frozen(database)
    now, waits = NOW, []
    while LedgerQueries(database).totals(send).states.get(State.FAILED) is None:
        hand = hold(database, send)
        (claim,) = hand.take(now)
        hand.record([said(claim, State.DEFERRED, "451 busy", now)])
        if due := LedgerQueries(database).totals(send).next_due:
            waits.append(due - now)
            assert ledger.requeue_due(send, due - timedelta(seconds=1)) == 0
            assert ledger.requeue_due(send, due) == 1
            now = due
    hours = [wait / timedelta(hours=1) for wait in waits]
    assert hours == [0.25, 1, 4, 16, 16, 16, 16]
    assert now - NOW <= timedelta(hours=72)


@pytest.mark.parametrize("given_up_as", [State.FAILED, State.UNCERTAIN])
def test_what_a_person_sends_again_has_three_days_anew(database, given_up_as):
    populate(database, ("ann@a.example", "subscribed"))
    ledger, send = frozen(database)
    hand = hold(database, send)
    (claim,) = hand.take(NOW)
    hand.record([said(claim, given_up_as)])
    later = NOW + timedelta(days=7)
    ledger.decide(send, given_up_as, State.QUEUED, "decided", later)
    hand = hold(database, send)
    (claim,) = hand.take(later)
    hand.record([said(claim, State.DEFERRED, "451 busy", later)])
    assert states(database) == {"ann@a.example": "deferred"}


def test_what_was_claimed_and_not_handed_goes_back(database):
    populate(database, ("ann@a.example", "subscribed"), ("ben@a.example", "subscribed"))
    _ledger, send = frozen(database)
    hand = hold(database, send)
    first, _ = hand.take(NOW)
    hand.record([said(first, State.ACCEPTED)])
    hand.give_back(NOW)
    assert states(database) == {"ann@a.example": "accepted", "ben@a.example": "queued"}


def test_a_batch_of_every_outcome_is_recorded_at_once(database):
    every = [State.ACCEPTED, State.DEFERRED, State.FAILED, State.UNCERTAIN, State.QUEUED]
    populate(database, *((f"p{n:02}@a.example", "subscribed") for n in range(50)))
    _ledger, send = frozen(database, chunk=50)
    hand = hold(database, send)
    claims = hand.take(NOW)
    hand.record([said(claim, every[n % 5]) for n, claim in enumerate(claims)])
    assert LedgerQueries(database).totals(send).states == dict.fromkeys(every, 10)


def test_uncertain_is_sent_again_at_once_and_then_ever_more_seldom(database):
    populate(database, ("ann@a.example", "subscribed"))
    ledger, send = frozen(database)
    now, copies = NOW, 0
    while now < NOW + timedelta(days=4):
        hand = hold(database, send)
        for claim in hand.take(now):
            copies += 1
            hand.record([said(claim, State.UNCERTAIN, "no answer", now)])
        ledger.resend_uncertain(send, "again", now)
        now += timedelta(minutes=15)
    assert copies == 9
    assert states(database) == {"ann@a.example": "uncertain"}


def test_a_missing_row_is_a_discrepancy(database):
    populate(database, ("ann@a.example", "subscribed"), ("ben@a.example", "subscribed"))
    _, send = frozen(database)
    with database.begin() as connection:
        connection.execute(deliveries.delete().where(deliveries.c.email == "ann@a.example"))
    assert LedgerQueries(database).discrepancies(send) == [
        "2 candidates were frozen, but 1 are accounted for",
        "1 deliveries are queued, but 2 were counted as the send went on",
    ]


def test_an_acceptance_without_a_reply_is_a_discrepancy(database):
    populate(database, ("ann@a.example", "subscribed"))
    _, send = frozen(database)
    with database.begin() as connection:
        row = {"number": 1, "state": "accepted", "at": NOW, "tried": True, "revision": 1}
        connection.execute(insert(outcomes).values(send_id=send.id, subscriber_id=1, **row))
    assert LedgerQueries(database).discrepancies(send) == [
        "0 deliveries are queued, but 1 were counted as the send went on",
        "1 deliveries are accepted, but 0 were counted as the send went on",
        "1 deliveries are accepted without the server's reply on record",
    ]


def test_an_acceptance_of_a_text_that_is_not_there_is_a_discrepancy(database):
    populate(database, ("ann@a.example", "subscribed"))
    _ledger, send = frozen(database)
    hand = hold(database, send)
    (claim,) = hand.take(NOW)
    hand.record([said(claim, State.ACCEPTED)])
    assert LedgerQueries(database).discrepancies(send) == []
    with database.begin() as connection:
        connection.execute(update(outcomes).values(revision=2))
    assert LedgerQueries(database).discrepancies(send) == [
        "1 deliveries are accepted without their text on record"
    ]


def test_looking_for_people_who_left_is_the_same_two_statements_however_many_wait(database):
    populate(database, *((f"p{n}@a.example", "subscribed") for n in range(6)))
    _ledger, send = frozen(database)
    hand = hold(database, send)
    waiting = [claim.delivery_id for claim in hand.take(NOW)]
    said: list[str] = []
    event.listen(database, "before_cursor_execute", lambda *told: said.append(told[2]))
    for number in range(6):
        assert hand.withdraw(waiting[number:], NOW) == set()
    # By what people are suppressed, and who of them: each statement that differs is remembered by the driver,
    # for as long as the connection lives.
    assert len({words for words in said if not words.startswith("BEGIN")}) == 2


def test_only_who_waits_is_withdrawn_when_people_leave(database):
    populate(database, *((f"{name}@a.example", "subscribed") for name in ("ann", "ben", "cat", "dan")))
    _ledger, send = frozen(database)
    hand = hold(database, send)
    ann, _, cat, dan = (claim.delivery_id for claim in hand.take(NOW))
    with database.begin() as connection:
        left = select(subscribers.c.id).where(subscribers.c.email.in_(["ann@a.example", "ben@a.example"]))
        connection.execute(
            update(subscriptions)
            .where(subscriptions.c.subscriber_id.in_(left))
            .values(status="unsubscribed", since=NOW)
        )
        connection.execute(insert(suppressions).values(who="cat@a.example", reason="bounced", since=NOW))
    # Ben's message is on the wire already.
    assert hand.withdraw([ann, cat, dan], NOW) == {ann, cat}
    told = {line.email: (line.state, line.words) for line in LedgerQueries(database).deliveries(send)}
    assert told == {
        "ann@a.example": (State.CANCELLED, "unsubscribed after the audience was frozen"),
        "ben@a.example": (State.CLAIMED, ""),
        "cat@a.example": (State.CANCELLED, "suppressed after the audience was frozen"),
        "dan@a.example": (State.CLAIMED, ""),
    }
