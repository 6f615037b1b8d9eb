"""A ledger that is only added to tells what people agreed to; who was erased is known by a hash alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from members import TEST, join, part, shut_out
from sqlalchemy import Engine, delete, select

from mailer.domain.address import Address
from mailer.domain.consent import Change, Evidence, Source, SourceKind
from mailer.domain.suppression import Reason
from mailer.people.consents import record
from mailer.people.enrol import Consent, Effect, Entry, enrol
from mailer.people.lists import Lists
from mailer.people.suppressing import Hashing, suppress, suppression_of
from mailer.store.database import open_database
from mailer.store.schema import consent_sources, consents, subscribers, suppressions

NOW = datetime(2026, 11, 29, 8, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
ADA = "ada@quay.example"


@pytest.fixture
def database(database_url: str, tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(database_url, tmp_path)
    Lists(engine).create("weekly", NOW)
    Lists(engine).create("daily", NOW)
    yield engine
    engine.dispose()


def told(database: Engine) -> list[tuple[int | None, str, datetime]]:
    """Return what the ledger says: the list, what became of it, and when."""
    c = consents.c
    with database.connect() as connection:
        return [tuple(row) for row in connection.execute(select(c.list_id, c.change, c.at).order_by(c.id))]


def test_each_change_is_told_once_and_none_is_forgotten(database: Engine) -> None:
    weekly, daily = Lists(database).ids(["weekly", "daily"])
    join(database, ADA, "weekly", now=NOW)
    join(database, ADA, "weekly", "daily", now=LATER)
    part(database, ADA, "daily", now=LATER)
    part(database, ADA, now=LATER)
    part(database, ADA, now=LATER)
    join(database, ADA, "weekly", anew=True, now=LATER)
    assert told(database) == [
        (weekly, Change.SUBSCRIBED, NOW),
        (daily, Change.SUBSCRIBED, LATER),
        (daily, Change.LEFT, LATER),
        (None, Change.SUPPRESSED, LATER),
        (weekly, Change.LEFT, LATER),
        (None, Change.ALLOWED, LATER),
        (weekly, Change.SUBSCRIBED, LATER),
    ]


def test_an_entry_brings_its_evidence_and_a_source_has_one_row(database: Engine) -> None:
    file = Source(SourceKind.IMPORT, "people.csv", "ana")
    agreed = Evidence(NOW - timedelta(days=400), 7, "192.0.2.0", "Mozilla/5.0", "double opt-in")
    consent = Consent(Lists(database).ids(["weekly"]), file, NOW)
    for email in (ADA, "ben@quay.example"):
        with database.begin() as connection:
            enrol(connection, [Entry(Address.parse(email), evidence=agreed)], consent)
    with database.connect() as connection:
        rows = connection.execute(select(consents)).all()
        sources = connection.execute(select(consent_sources)).all()
    assert [(row.at, row.recorded_at, row.line, row.ip, row.agent, row.note) for row in rows] == [
        (agreed.at, NOW, *agreed[1:])
    ] * 2
    assert [(row.kind, row.name, row.by) for row in sources] == [("import", "people.csv", "ana")]


def test_nothing_said_is_nothing_recorded(database: Engine) -> None:
    with database.begin() as connection:
        record(connection, TEST, [], NOW)
    assert told(database) == []


def erase(database: Engine, email: str) -> None:
    """Leave a hash of a person and nothing else, as an erasure does."""
    key = Address.parse(email).key
    with database.begin() as connection:
        connection.execute(delete(subscribers).where(subscribers.c.email_key == key))
        suppress(connection, Hashing.made(connection).of(key), Reason.ERASED, "", NOW)


def test_who_was_erased_is_not_taken_in_again_but_by_their_own_word(database: Engine) -> None:
    join(database, ADA, "weekly")
    erase(database, ADA)
    consent = Consent(Lists(database).ids(["weekly"]), TEST, LATER)
    entries = [Entry(Address.parse(email)) for email in ("Ada@Quay.example", "ben@quay.example")]
    with database.begin() as connection:
        gone, taken = enrol(connection, entries, consent)
        there = connection.scalars(select(subscribers.c.email)).all()
        found = suppression_of(connection, ADA)
    assert (gone.effect, gone.suppressed, gone.subscriber_id) == (Effect.ERASED, Reason.ERASED, 0)
    assert taken.effect is Effect.ADDED
    assert there == ["ben@quay.example"]
    assert found is not None
    assert found.reason == Reason.ERASED
    assert ADA not in found.who
    join(database, ADA, "weekly", anew=True)
    with database.connect() as connection:
        assert suppression_of(connection, ADA) is None


def test_a_domain_is_refused_whoever_asks(database: Engine) -> None:
    shut_out(database, "x@quay.example")
    with database.begin() as connection:
        suppress(connection, "@quay.example", Reason.BLOCKED, "", NOW)
        consent = Consent(Lists(database).ids(["weekly"]), TEST, LATER, anew=True)
        done = enrol(connection, [Entry(Address.parse(ADA)), Entry(Address.parse("a@b.example"))], consent)
        assert [each.suppressed for each in done] == [Reason.BLOCKED, None]
        assert sorted(connection.scalars(select(suppressions.c.who))) == ["@quay.example", "x@quay.example"]


def test_the_hash_of_an_address_is_another_one_in_another_database(database: Engine, tmp_path: Path) -> None:
    other = open_database("sqlite:///other.db", tmp_path)
    with database.begin() as one, other.begin() as two:
        hashes = {Hashing.made(one).of(ADA), Hashing.made(one).of(ADA), Hashing.made(two).of(ADA)}
    other.dispose()
    assert len(hashes) == 2
    assert all(each.startswith("#") and "@" not in each for each in hashes)
