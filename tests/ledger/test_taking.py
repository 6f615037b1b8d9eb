"""What it costs the server to take a chunk depends on who is in it, not on how many people there are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event, insert, text
from test_ledger import NOW, frozen, hold

from mailer.store.database import Database, open_database
from mailer.store.schema import lists, subscribers, subscriptions

pytestmark = pytest.mark.peers
PEOPLE, CHUNK = 3000, 50


@pytest.fixture
def peopled(postgresql, tmp_path) -> Iterator[Database]:
    """A database with a list of many people, which the server knows to be many."""
    database = open_database(postgresql.database(), tmp_path)
    people = [f"reader{n}@inbox.example" for n in range(PEOPLE)]
    person = {"created_at": NOW, "updated_at": NOW}
    joined = {"list_id": 1, "status": "subscribed", "source": "test", "since": NOW}
    with database.begin() as connection:
        connection.execute(insert(lists), {"name": "weekly", "title": "Weekly", "created_at": NOW})
        connection.execute(insert(subscribers), [{"email": e, "email_key": e, **person} for e in people])
        connection.execute(insert(subscriptions), [{"subscriber_id": n + 1, **joined} for n in range(PEOPLE)])
        connection.execute(text("ANALYZE subscribers, subscriptions"))
    yield database
    database.dispose()


def test_nobody_is_read_but_who_is_in_the_chunk(peopled):
    _, send = frozen(peopled, chunk=CHUNK)
    asked: list[tuple[str, Any]] = []

    def listen(connection, cursor, statement, values, context, many) -> None:
        if "subscriptions" in statement and statement.startswith("SELECT"):
            asked.append((statement, values))

    event.listen(peopled, "before_cursor_execute", listen)
    hand = hold(peopled, send)
    claims = hand.take(NOW)
    hand.withdraw([claim.delivery_id for claim in claims], NOW)
    event.remove(peopled, "before_cursor_execute", listen)
    assert (len(claims), len(asked)) == (CHUNK, 2)
    for statement, values in asked:
        assert most_read(peopled, statement, values) <= CHUNK, statement


def most_read(database: Database, statement: str, values: Any) -> int:
    """Return how many rows a statement reads in one go of one of its steps."""
    with database.connect() as connection:
        found = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", values).scalar()
    (plan,) = json.loads(found) if isinstance(found, str) else found
    return max(map(_rows, _steps(plan["Plan"])))


def _rows(step: dict[str, Any]) -> int:
    return int(step["Actual Rows"] + step.get("Rows Removed by Filter", 0))


def _steps(step: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield step
    for each in step.get("Plans", ()):
        yield from _steps(each)
