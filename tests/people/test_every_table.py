"""No table is forgotten when somebody asks what is held of them, nor when they are erased."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Date,
    Float,
    Integer,
    LargeBinary,
    String,
    insert,
    select,
    update,
)

from mailer.bootstrap import App
from mailer.people.erasing import erase
from mailer.people.person import required
from mailer.people.personal_data import CONTEXT, held
from mailer.store.schema import UtcTime, metadata, subscribers

NOW = datetime(2026, 11, 29, 8, tzinfo=UTC)
ADA = "ad@quay.example"
WHOSE = {"subscriber_id", "email", "email_key", "who"}  # what columns are called that say whom a row is about
# What an erasure leaves alone wherever it is, as it is nobody's address, whatever stands in it here.
NOT_OF_READERS = {
    "alerts.key": "what is wrong with what comes back, by its kind",
    "feed_entries.key": "a hash",
    "feeds.address": "where a feed is",
    "fields.name": "what is known of people, not of one",
    "imported_issues.content": "a published issue, as it was",
    "imported_issues.digest": "a hash",
    "journals_read.name": "a file",
    "keys.name": "what a key is for",
    "keys.value": "a key",
    "machines.host": "a computer",
    "mailboxes.name": "where returns are read",
    "notice_attempts.way": "how whoever runs it is told",
    "notice_ways.way": "how whoever runs it is told",
    "notices.octets": "what a webhook told, and none once it is read, soon",
    "paces.scope": "a mailbox provider",
    "revisions.template": "what all get, with holes where readers differ",
    "warmups.domain": "where mail is from",
}
# Sends add up: these rows stay, under the number of somebody of whom nothing else is left.
LEADING_TO_NOBODY = {"deliveries", "delivery_numbers", "exclusions", "outcomes", "returns"}


@pytest.fixture
def connection(tmp_path: Path, database_url: str) -> Iterator[Connection]:
    """A transaction in which each table has one row, of which each text is Ada's address."""
    app = App(tmp_path, {"DATABASE_URL": database_url})
    with app.database.begin() as made:
        for table in metadata.sorted_tables:
            made.execute(insert(table), {each.name: of_ada(each) for each in table.c if not each.computed})
        yield made
    app.let_go()


def of_ada(column: Column[Any]) -> Any:
    match column.type:
        case UtcTime():
            return NOW
        case String(length=int(length)) if length < 64:
            return "accepted"  # a code
        case String():
            return ADA
        case JSON():
            return {"of": [ADA]}
        case LargeBinary():
            return ADA.encode()
        case Boolean():
            return False
        case Date():
            return NOW.date()
        case Integer() | Float():
            return 1
    raise NotImplementedError(column.type)


def test_who_asks_is_given_what_is_about_them_in_each_table(connection: Connection) -> None:
    about = {each.name for each in metadata.sorted_tables if WHOSE & set(each.c.keys())}
    told = held(connection, required(connection, ADA))
    assert told.keys() - {each.name for each in CONTEXT} == about | {"consent_sources"}


def test_no_table_names_who_was_erased(connection: Connection) -> None:
    erase(connection, 1, NOW)
    rows = {each: connection.execute(select(each)).mappings().all() for each in metadata.sorted_tables}
    naming = {
        f"{table}.{name}" for table in rows for row in rows[table] for name in row if ADA in str(row[name])
    }
    assert naming == NOT_OF_READERS.keys()
    numbered = {table.name for table in rows if "subscriber_id" in table.c and rows[table]}
    assert numbered == LEADING_TO_NOBODY


def test_what_is_held_under_an_address_of_before_is_given_too(connection: Connection) -> None:
    connection.execute(update(subscribers).values(email="ada@north.example", email_key="ada@north.example"))
    told = held(connection, required(connection, ADA))
    assert [row["email_key"] for row in told["signups"]] == [ADA]
    assert [row["who"] for row in told["suppressions"]] == [ADA]
