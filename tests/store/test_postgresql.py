"""A database on a PostgreSQL server: made once, safe to read and write from several sides, reached by TLS."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from alembic.autogenerate import compare_metadata
from migrated import context
from postgresql import PASSWORD, Server
from sqlalchemy import Connection, func, insert, select, text
from sqlalchemy.exc import IntegrityError

from mailer.errors import ExitCode, MailerError, StorageBusy, StorageError
from mailer.store.database import HEAD, Database, open_database, open_upgraded
from mailer.store.postgresql import WRITING
from mailer.store.schema import fields, metadata, suppressions

pytestmark = pytest.mark.peers

DATA = Path(__file__).parents[1] / "data"
DESCRIBED = {
    "columns": """
        SELECT table_name, column_name, data_type, character_maximum_length, collation_name, is_nullable,
            column_default
        FROM information_schema.columns WHERE table_schema = 'public'
    """,
    "indexes": "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "constraints": """
        SELECT CAST(CAST(conrelid AS regclass) AS text), conname,
            -- PostgreSQL writes what is checked in other words once it was dumped.
            CASE WHEN contype <> 'c' THEN pg_get_constraintdef(oid) END
        FROM pg_constraint
        WHERE connamespace = CAST('public' AS regnamespace)
    """,
}


@pytest.fixture
def database(postgresql: Server, tmp_path: Path) -> Iterator[Database]:
    database = open_database(postgresql.database(), tmp_path)
    yield database
    database.dispose()


@pytest.fixture
def empty(postgresql: Server) -> str:
    return postgresql.database("template0")


def add(connection: Connection, name: str) -> None:
    connection.execute(insert(fields).values(name=name, type="text"))


def names(connection: Connection) -> set[str]:
    return set(connection.scalars(select(fields.c.name)))


def refused(url: str, folder: Path) -> MailerError:
    """Open the database in vain and return why; its password is nowhere in that."""
    with pytest.raises(MailerError) as caught:
        open_database(url, folder)
    assert PASSWORD not in f"{caught.value}{caught.value.next_step}"
    return caught.value


def test_the_first_to_come_makes_the_tables_of_the_schema(empty: str, tmp_path: Path) -> None:
    database, before = open_upgraded(empty, tmp_path)
    with database.connect() as connection:
        assert compare_metadata(context(connection), metadata) == []
    database.dispose()
    again, after = open_upgraded(empty, tmp_path)
    again.dispose()
    assert (before, after) == (None, HEAD)
    assert list(tmp_path.iterdir()) == []


def test_the_migrations_since_make_the_same(postgresql: Server, empty: str, tmp_path: Path) -> None:
    """From the tables of the first version that knew PostgreSQL."""
    name = empty.partition("@/")[2].partition("?")[0]
    postgresql.run((DATA / "postgresql_0006.sql").read_text(), database=name)
    database, before = open_upgraded(empty, tmp_path)
    new = open_database(postgresql.database(), tmp_path)
    assert before == "0006"
    assert described(database) == described(new)
    for each in (database, new):
        each.dispose()


def described(database: Database) -> dict[str, set[tuple[object, ...]]]:
    """The columns, indexes and constraints of each table, as PostgreSQL describes them."""
    with database.connect() as connection:
        found = {
            kind: {tuple(row) for row in connection.execute(text(query))} for kind, query in DESCRIBED.items()
        }
        assert compare_metadata(context(connection), metadata) == []
    return found


def test_of_several_at_once_one_makes_the_tables(empty: str, tmp_path: Path) -> None:
    opened: list[Database] = []
    threads = [
        threading.Thread(target=lambda: opened.append(open_database(empty, tmp_path))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 4
    for database in opened:
        database.dispose()


def test_it_promises_what_people_and_ledger_need(database: Database) -> None:
    """The server's own synchronous_commit is off."""
    with database.begin() as connection:
        found = {
            name: connection.scalar(text(f"SHOW {name}"))
            for name in ("synchronous_commit", "lock_timeout", "timezone", "transaction_isolation")
        }
    assert found == {
        "synchronous_commit": "on",
        "lock_timeout": "5s",
        "timezone": "UTC",
        "transaction_isolation": "read committed",
    }


def test_who_reads_sees_one_moment(database: Database) -> None:
    with database.connect() as reader:
        assert names(reader) == set()
        with database.begin() as writer:
            add(writer, "town")
        assert names(reader) == set()
    with database.connect() as reader:
        assert names(reader) == {"town"}


def test_who_reads_cannot_write(database: Database) -> None:
    with database.connect() as reader, pytest.raises(StorageError, match="can only be read"):
        add(reader, "town")


def test_an_error_leaves_nothing_written(database: Database) -> None:
    with pytest.raises(IntegrityError), database.begin() as writer:
        add(writer, "town")
        add(writer, "town")
    with database.connect() as reader:
        assert names(reader) == set()


def test_no_address_is_in_a_traceback(database: Database) -> None:
    row = {"who": "ada@quay.example", "reason": "bounced", "since": datetime(2026, 11, 23, tzinfo=UTC)}
    with pytest.raises(IntegrityError) as caught, database.begin() as connection:
        connection.execute(insert(suppressions), row)
        connection.execute(insert(suppressions), row)
    told = "".join(traceback.format_exception(caught.value))
    assert "pk_suppressions" in told
    assert "ada@quay.example" not in told


def test_one_writes_at_a_time_unless_it_looks_after_itself(database: Database) -> None:
    with database.begin() as first:
        add(first, "town")
        with database.begin(alone=False) as beside:
            add(beside, "quay")
        with database.begin(alone=False) as second:
            second.execute(text("SET LOCAL lock_timeout = 50"))
            with pytest.raises(StorageBusy, match="locked by another program") as caught:
                second.execute(text(f"SELECT pg_advisory_xact_lock({WRITING})"))
    assert caught.value.exit_code is ExitCode.AGAIN
    with database.connect() as reader:
        assert names(reader) == {"town", "quay"}


def test_who_writes_as_of_one_moment_sees_nothing_of_others(database: Database) -> None:
    with database.begin(alone=False, one_moment=True) as first:
        assert names(first) == set()
        with database.begin() as second:
            add(second, "town")
        add(first, "quay")
        assert names(first) == {"quay"}
    with database.begin() as after:
        assert names(after) == {"quay", "town"}
        assert after.scalar(text("SHOW transaction_isolation")) == "read committed"


def test_a_database_of_another_program_is_left_alone(postgresql: Server, empty: str, tmp_path: Path) -> None:
    name = empty.partition("@/")[2].partition("?")[0]
    postgresql.run("CREATE TABLE alembic_version (version_num text)", database=name)
    assert "is the database of another program" in str(refused(empty, tmp_path))


def test_one_of_a_newer_version_is_refused(database: Database, postgresql: Server, tmp_path: Path) -> None:
    with database.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    error = refused(postgresql.url(str(database.url.database)), tmp_path)
    assert "newer version of mailer (revision 9999" in str(error)


def test_an_encoding_that_cannot_hold_every_name_is_refused(postgresql: Server, tmp_path: Path) -> None:
    postgresql.run("CREATE DATABASE narrow TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    assert "encoded as LATIN1" in str(refused(postgresql.url("narrow"), tmp_path))


def test_who_may_not_make_tables_is_told_who_may(postgresql: Server, tmp_path: Path) -> None:
    postgresql.run("CREATE DATABASE theirs TEMPLATE template0")
    error = refused(postgresql.url("theirs", user=f"careful:{PASSWORD}"), tmp_path)
    assert error.exit_code is ExitCode.USAGE
    assert "does not let this user" in str(error)


def test_a_wrong_password_or_name_is_a_matter_of_settings(postgresql: Server, tmp_path: Path) -> None:
    wrong = refused(postgresql.url("ours", user="careful:harbour"), tmp_path)
    assert (wrong.exit_code, "password authentication failed" in str(wrong)) == (ExitCode.USAGE, True)
    missing = refused(postgresql.url("nowhere", user=f"careful:{PASSWORD}"), tmp_path)
    assert (missing.exit_code, '"nowhere" does not exist' in str(missing)) == (ExitCode.USAGE, True)


def test_a_server_that_is_away_may_come_back(tmp_path: Path) -> None:
    error = refused(f"postgresql://careful:{PASSWORD}@/mailer?host={quote(str(tmp_path))}", tmp_path)
    assert isinstance(error, StorageBusy)
    assert str(error) == (
        f"the server of postgresql:///mailer?host={tmp_path} can't be reached: No such file or directory"
    )


def test_a_connection_that_was_cut_off_is_made_anew(database: Database, postgresql: Server) -> None:
    with pytest.raises(StorageBusy, match="can't be reached"), database.begin() as connection:
        pid = connection.scalar(text("SELECT pg_backend_pid()"))
        postgresql.run(f"SELECT pg_terminate_backend({pid}, 5000)")
        add(connection, "town")
    with database.begin() as connection:
        add(connection, "town")
    with database.connect() as reader:
        assert names(reader) == {"town"}


def test_more_than_there_are_connections_have_to_wait(database: Database) -> None:
    held = [database.connect() for _ in range(4)]
    for each in held:
        names(each)
    database.pool._timeout = 0.01  # type: ignore[attr-defined]
    with pytest.raises(StorageBusy, match="used by too many at once"):
        database.connect()
    for each in held:
        each.close()


def test_the_certificate_has_to_be_by_an_authority_that_is_trusted(
    postgresql: Server, tmp_path: Path
) -> None:
    url = postgresql.url_by_tls("ours")
    assert "can't be trusted" in str(refused(url, tmp_path))
    with_authority = f"{url}&sslrootcert={quote(str(postgresql.ca_file))}"
    database = open_database(with_authority, tmp_path)
    with database.connect() as connection:
        used = connection.scalar(text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"))
    database.dispose()
    assert used is True


def test_the_certificate_has_to_name_the_host(postgresql: Server, tmp_path: Path) -> None:
    url = postgresql.url_by_tls("ours", "quay.example")
    error = refused(f"{url}&sslrootcert={quote(str(postgresql.ca_file))}", tmp_path)
    assert "can't be trusted" in str(error)
    assert "sslrootcert=" in str(error.next_step)


def test_the_roots_of_the_system_are_known(
    postgresql: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(postgresql.ca_file))
    open_database(postgresql.url_by_tls("ours"), tmp_path).dispose()


def test_without_psycopg_the_error_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    error = refused("postgresql://writer:canary@db.example/mailer", tmp_path)
    assert error.exit_code is ExitCode.USAGE
    assert error.next_step == "Install it: pip install 'mailer-dispatch[postgresql]'"


def test_the_server_gives_up_the_locks_of_who_is_gone_without_a_word(
    postgresql: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(postgresql.ca_file))
    database = open_database(postgresql.url_by_tls("ours"), tmp_path)
    names = ("tcp_keepalives_idle", "tcp_user_timeout", "idle_in_transaction_session_timeout")
    query = select(*(func.current_setting(name) for name in names))
    with database.begin(alone=False) as connection:
        assert connection.execute(query).one() == ("2", "6000", "10s")
    with database.connect() as connection:
        assert connection.execute(query).one() == ("2", "6000", "0"), "who reads may be read by a person"
    database.dispose()
