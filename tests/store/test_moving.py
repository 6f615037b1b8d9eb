"""Everything that one database holds is in the other one afterwards, in either direction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    Float,
    Integer,
    LargeBinary,
    String,
    Table,
    delete,
    insert,
    select,
)

from mailer.errors import StorageError, UsageError
from mailer.store.database import Database, open_database
from mailer.store.moving import Copied, copy_all, count_rows
from mailer.store.schema import UtcTime, fields, lists, metadata, subscribers

NOW = datetime(2026, 11, 23, 8, 0, 0, 123000, tzinfo=UTC)
TEXT = 'Ærøskøbing "\\N" \t\n\r \\. 🛟'
ROWS = 3


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[[str], Database]]:
    """Open databases that are closed at the end."""
    made: list[Database] = []

    def open_one(url: str) -> Database:
        made.append(open_database(url, tmp_path))
        return made[-1]

    yield open_one
    for each in made:
        each.dispose()


def value(column: Column[Any], number: int) -> Any:
    kind = column.type
    if isinstance(kind, Boolean):
        return number % 2 == 0
    if isinstance(kind, Integer) or (column.foreign_keys and not isinstance(kind, String)):
        return number
    if isinstance(kind, UtcTime):
        return NOW + timedelta(hours=number)
    if isinstance(kind, Boolean):
        return bool(number % 2)
    if isinstance(kind, Date):
        return date(2026, 11, number)
    if isinstance(kind, Float):
        return 0.1 * number
    if isinstance(kind, LargeBinary):
        return bytes(range(256))
    if isinstance(kind, JSON):
        return {"z": 1e22, "a": [TEXT, True, None, -0.0, 2**60], "number": number}
    if column.name == "state":
        return "queued"
    return f"{column.name} {number} {TEXT}"[: getattr(kind, "length", None)]


def rows(table: Table) -> list[dict[str, Any]]:
    """Rows with something in each column; in the last one nothing where nothing may be."""
    full = [{each.name: value(each, number) for each in table.c} for number in range(1, ROWS + 1)]
    return [*full[:-1], {name: None if table.c[name].nullable else it for name, it in full[-1].items()}]


def fill(database: Database) -> None:
    with database.begin() as connection:
        for table in metadata.sorted_tables:
            connection.execute(insert(table), rows(table))


def contents(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    with database.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in metadata.sorted_tables
        }


def move(source: Database, target: Database) -> list[Copied]:
    with source.begin() as old, target.begin() as new:
        return copy_all(old, new, lambda rows: None)


def test_every_table_is_the_same_there_and_back_again(
    database_url: str, opened: Callable[[str], Database]
) -> None:
    first, second, third = opened("sqlite:///first.db"), opened(database_url), opened("sqlite:///third.db")
    fill(first)
    before = contents(first)
    there, back = move(first, second), move(second, third)
    assert there == back
    assert {each.table: each.rows for each in there} == dict.fromkeys(metadata.tables, ROWS)
    assert len({each.digest for each in there}) == len(there)
    # repr: 1 == 1.0 == True
    assert repr(contents(first)) == repr(before) == repr(contents(second)) == repr(contents(third))


def test_an_id_that_was_given_is_never_given_again(
    database_url: str, opened: Callable[[str], Database]
) -> None:
    first, second, third = opened("sqlite:///first.db"), opened(database_url), opened("sqlite:///third.db")
    fill(first)
    with first.begin() as connection:
        connection.execute(delete(subscribers).where(subscribers.c.id > 1))
    move(first, second)
    assert new_id(second) == ROWS + 1
    move(second, third)
    assert new_id(third) == ROWS + 2


def new_id(database: Database) -> int:
    row = {"name": "tides", "title": "Tides", "created_at": NOW}
    person = {"email": "new@quay.example", "email_key": "new@quay.example"}
    person |= {"created_at": NOW, "updated_at": NOW}  # type: ignore[dict-item]
    with database.begin() as connection:
        connection.execute(delete(lists).where(lists.c.name == "tides"))
        connection.execute(insert(lists).values(row))
        connection.execute(delete(subscribers).where(subscribers.c.email_key == "new@quay.example"))
        return int(
            connection.execute(insert(subscribers).values(person).returning(subscribers.c.id)).scalar_one()
        )


def test_what_is_not_empty_is_left_as_it_is(database_url: str, opened: Callable[[str], Database]) -> None:
    source, target = opened("sqlite:///first.db"), opened(database_url)
    fill(source)
    with target.begin() as connection:
        connection.execute(insert(fields).values(name="town", type="text"))
    before = contents(target)
    with pytest.raises(UsageError, match="not empty: there is something in fields"):
        move(source, target)
    assert contents(target) == before


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.peers
def test_what_postgresql_cannot_hold_moves_nothing(
    database_url: str, opened: Callable[[str], Database]
) -> None:
    source, target = opened("sqlite:///first.db"), opened(database_url)
    with source.begin() as connection:
        connection.execute(insert(fields).values(name="town", type="text"))
        connection.execute(insert(lists).values(name="weekly", title="The \0 Weekly", created_at=NOW))
    with pytest.raises(StorageError, match=r"the table lists holds what PostgreSQL can't: .*NUL"):
        move(source, target)
    with target.connect() as connection:
        assert count_rows(connection) == 0


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.peers
def test_what_reads_otherwise_than_it_was_written_moves_nothing(
    database_url: str, opened: Callable[[str], Database]
) -> None:
    source, target = opened("sqlite:///first.db"), opened(database_url)
    fill(source)
    with target.begin() as connection:
        connection.exec_driver_sql(
            "CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS "
            "'BEGIN NEW.title = upper(NEW.title); RETURN NEW; END'"
        )
        connection.exec_driver_sql(
            "CREATE TRIGGER louder BEFORE INSERT ON lists FOR EACH ROW EXECUTE FUNCTION shout()"
        )
    with pytest.raises(StorageError, match="the table lists reads otherwise where it was written to: 3 rows"):
        move(source, target)
    with target.connect() as connection:
        assert count_rows(connection) == 0
