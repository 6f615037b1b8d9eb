"""What a segment says of people in plain Python, it says in SQL, too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from segment_samples import CONDITIONS, DECLARED, LISTS, MOMENTS, SLUGS, TEXTS, TODAY, TYPES, VALUES
from sqlalchemy import delete, insert, select

from mailer.domain.segment.conditions import Condition, Not
from mailer.domain.segment.holding import Person, Terms, holds
from mailer.domain.segment.writing import written
from mailer.people.segments.facts import person, terms
from mailer.people.segments.statement import Statement
from mailer.people.suppressing import Suppressing
from mailer.store.database import Database, open_database
from mailer.store.schema import (
    fields,
    lists,
    outcomes,
    sends,
    subscribers,
    subscriptions,
    suppressions,
)

NOW = datetime(2026, 2, 28, 9, tzinfo=UTC)
SENDS = {slug: number for number, slug in enumerate(SLUGS, 1)}


@dataclass
class Somebody:
    """What is in the tables of one person."""

    own: dict[str, Any]
    fields: dict[str, Any]
    created_at: datetime
    lists: dict[str, str]
    outcomes: dict[str, list[str]] = field(default_factory=dict)
    suppressed: str | None = None

    def facts(self, number: int) -> Person:
        """The person as conditions see them, told without the database."""
        own = {name: value for name, value in self.own.items() if value is not None}
        free = {("field:joined" if name == "joined" else name): value for name, value in self.fields.items()}
        joined = self.created_at.astimezone(TODAY.zone).date().isoformat()
        last = {slug: states[-1] for slug, states in self.outcomes.items()}
        # Each send came after the one before.
        since_failed = [slug for slug in SLUGS if last.get(slug) in ("failed", "accepted")][-1:]
        bounced = self.suppressed == "bounced" or any(last[slug] == "failed" for slug in since_failed)
        return Person(
            number,
            {**free, "email": f"reader{number}@quay.example", **own, "joined": joined},
            frozenset(name for name, status in self.lists.items() if status == "subscribed"),
            {
                "received": frozenset(slug for slug, state in last.items() if state == "accepted"),
                "bounced": frozenset([""] if bounced else []),
            },
        )


def _maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


STATES = st.sampled_from(
    [
        ["accepted"],
        ["failed"],
        ["uncertain"],
        ["deferred", "accepted"],
        ["failed", "queued"],
        ["failed", "accepted"],
    ]
)
PEOPLE = st.builds(
    Somebody,
    st.fixed_dictionaries(
        {
            "name": _maybe(TEXTS),
            "language": _maybe(TEXTS),
            "timezone": _maybe(TEXTS),
            "tags": _maybe(st.lists(TEXTS)),
        }
    ),
    st.fixed_dictionaries({}, optional={name: VALUES[kind] for name, kind in DECLARED.items()}),
    MOMENTS,
    st.dictionaries(st.sampled_from(LISTS), st.sampled_from(["subscribed", "unconfirmed", "unsubscribed"])),
    st.dictionaries(st.sampled_from(SLUGS), STATES),
    st.sampled_from([None, None, "bounced", "complained"]),
)


@pytest.fixture(scope="module")
def database(kept_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = open_database(kept_database_url, tmp_path_factory.mktemp("segments"))
    with database.begin() as connection:
        connection.execute(insert(fields), [{"name": name, "type": kind} for name, kind in DECLARED.items()])
        for number, name in enumerate(LISTS, 1):
            row = {"id": number, "name": name, "title": name, "created_at": NOW}
            connection.execute(insert(lists), row)
        for slug, number in SENDS.items():
            row = {"id": number, "slug": slug, "audience": "{}", "subject": slug, "revision": "r"}
            connection.execute(insert(sends), row | {"created_at": NOW, "proved_at": NOW})
    yield database
    database.dispose()


def _write(database: Database, people: list[Somebody]) -> None:
    with database.begin() as connection:
        for table in (outcomes, subscriptions, suppressions, subscribers):
            connection.execute(delete(table))
        for number, each in enumerate(people, 1):
            email = f"reader{number}@quay.example"
            times = {"created_at": each.created_at, "updated_at": each.created_at}
            row = {"id": number, "email": email, "email_key": email, "fields": each.fields or None}
            connection.execute(insert(subscribers), row | times | each.own)
            on = [
                {"list_id": LISTS.index(name) + 1, "subscriber_id": number, "status": status}
                for name, status in each.lists.items()
            ]
            for row in on:
                connection.execute(insert(subscriptions), row | {"source": "form", "since": NOW})
            if each.suppressed:
                row = {"who": email, "reason": each.suppressed, "since": NOW}
                connection.execute(insert(suppressions), row)
            for slug, states in each.outcomes.items():
                for count, state in enumerate(states, 1):
                    at = NOW + timedelta(hours=SENDS[slug], minutes=count)
                    row = {"send_id": SENDS[slug], "subscriber_id": number, "number": count, "state": state}
                    connection.execute(insert(outcomes), row | {"at": at, "tried": True})


@settings(max_examples=60)
@given(st.lists(PEOPLE, min_size=1, max_size=5), st.lists(CONDITIONS, min_size=1, max_size=8))
def test_sql_says_of_everybody_what_python_says_of_each(
    database: Database, people: list[Somebody], conditions: list[Condition]
) -> None:
    _write(database, people)
    with database.connect() as connection:
        known = terms(connection, TODAY)
        assert known == Terms(TYPES, TODAY, tuple(reversed(SLUGS)))
        everyone = {number: each.facts(number) for number, each in enumerate(people, 1)}
        assert {number: person(connection, number, TODAY) for number in everyone} == everyone
        statement = Statement(known.types, TODAY, Suppressing.of(connection))
        for condition in conditions:
            where = statement.where(condition)
            found = select(subscribers.c.id)
            told = set(connection.scalars(found.where(where)))
            assert told == {number for number, each in everyone.items() if holds(condition, each, known)}, (
                written(condition)
            )
            others = set(connection.scalars(found.where(statement.where(Not(condition)))))
            assert others == everyone.keys() - told
