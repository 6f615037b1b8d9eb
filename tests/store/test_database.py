"""The database file: private, migrated, safe to open and to write from two sides at once."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.script import ScriptDirectory
from migrated import context
from sqlalchemy import Engine, create_engine

from mailer.errors import SettingsError, StorageBusy, StorageError
from mailer.store.address import file_at
from mailer.store.database import HEAD, open_database, open_upgraded
from mailer.store.migrations.run import alembic_config, migrate
from mailer.store.schema import metadata

URL = "sqlite:///subscribers/mailer.db"


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return open_database(URL, tmp_path)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o277])
def test_file_and_folders_are_private_under_any_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        engine = open_database("sqlite:///data/people/mailer.db", tmp_path)
        with engine.begin() as connection:
            connection.exec_driver_sql("INSERT INTO fields (name, type) VALUES ('town', 'text')")
            files = {path.name: mode(path) for path in (tmp_path / "data/people").iterdir()}
    finally:
        os.umask(before)
    assert files == {"mailer.db": 0o600, "mailer.db-wal": 0o600, "mailer.db-shm": 0o600}
    assert (mode(tmp_path / "data"), mode(tmp_path / "data/people")) == (0o700, 0o700)


def test_what_is_there_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "subscribers").mkdir(mode=0o750)
    (tmp_path / "subscribers").chmod(0o750)
    open_database(URL, tmp_path)
    assert mode(tmp_path / "subscribers") == 0o750


def test_it_promises_what_the_ledger_needs(engine: Engine) -> None:
    with engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}


def test_the_migrations_make_the_tables_that_a_new_database_has(engine: Engine, tmp_path: Path) -> None:
    """A new one is made at once, as it is now; what is there is brought to that step by step."""
    migrated = create_engine(f"sqlite:///{tmp_path}/migrated.db")
    with migrated.begin() as connection:
        migrate(connection)
    with migrated.connect() as connection:
        assert compare_metadata(context(connection), metadata) == []
    migrated.dispose()
    assert described(tmp_path / "subscribers/mailer.db") == described(tmp_path / "migrated.db")


def described(path: Path) -> dict[str, str]:
    """Every table and index as SQLite describes it, white space and the order of constraints aside."""
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    connection.close()
    return {
        name: " ".join(sorted(re.findall(r"[^\s(),]+|[()]", sql)))
        for name, sql in rows
        if "alembic" not in name
    }


def test_head_is_the_newest_migration() -> None:
    assert ScriptDirectory.from_config(alembic_config()).get_current_head() == HEAD


def test_opening_again_says_the_revision_it_had(tmp_path: Path) -> None:
    assert open_upgraded(URL, tmp_path)[1] is None
    assert open_upgraded(URL, tmp_path)[1] == HEAD


def test_an_empty_file_is_a_new_database(tmp_path: Path) -> None:
    (tmp_path / "mailer.db").touch()
    with open_database("sqlite:///mailer.db", tmp_path).connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM lists").scalar() == 0


@pytest.mark.peers
def test_a_current_database_opens_without_alembic(engine: Engine, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from mailer.store.database import open_database\n"
        f"open_database({URL!r}, Path({str(tmp_path)!r})).dispose()\n"
        "assert 'sqlalchemy' in sys.modules and 'alembic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


FIRST_USE = """
import sys, time
from pathlib import Path
from mailer.store.database import open_database
import mailer.store.migrations.run
print("ready", flush=True)
sys.stdin.readline()
engine = open_database("sqlite:///subscribers/mailer.db", Path(sys.argv[1]))
with engine.begin() as connection:
    connection.exec_driver_sql("INSERT INTO fields (name, type) VALUES (?, 'text')", (sys.argv[2],))
"""


@pytest.mark.peers
def test_processes_that_open_a_new_database_at_once_all_succeed(tmp_path: Path) -> None:
    for round_ in range(3):
        root = tmp_path / str(round_)
        root.mkdir()
        started = [
            subprocess.Popen(
                [sys.executable, "-c", FIRST_USE, str(root), f"field{n}"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for n in range(4)
        ]
        for process in started:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        errors = [process.communicate("go\n", timeout=120)[1] for process in started]
        assert [process.returncode for process in started] == [0, 0, 0, 0], errors
        with open_database(URL, root).connect() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM fields").scalar() == 4


@pytest.mark.peers  # it waits for a lock that another one has
def test_begin_takes_the_write_lock_at_once_and_readers_do_not_wait(engine: Engine, tmp_path: Path) -> None:
    other = open_database(URL, tmp_path)
    with other.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=20")
    with engine.begin() as writer:
        writer.exec_driver_sql("INSERT INTO fields (name, type) VALUES ('town', 'text')")
        with other.connect() as reader:
            assert reader.exec_driver_sql("SELECT count(*) FROM fields").scalar() == 0
        with pytest.raises(StorageBusy, match="locked") as caught, other.begin():
            pass
    assert caught.value.exit_code == 75
    assert caught.value.next_step
    with other.begin() as writer:
        assert writer.exec_driver_sql("SELECT count(*) FROM fields").scalar() == 1


def test_writers_that_read_first_wait_for_each_other(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO fields (name, type) VALUES ('count', '0')")

    def count() -> None:
        for _ in range(20):
            with engine.begin() as connection:
                before = int(connection.exec_driver_sql("SELECT type FROM fields").scalar_one())
                connection.exec_driver_sql("UPDATE fields SET type = ?", (str(before + 1),))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT type FROM fields").scalar() == "80"


def test_an_error_rolls_back_everything_since_begin(engine: Engine) -> None:
    with pytest.raises(ZeroDivisionError), engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO fields (name, type) VALUES ('town', 'text')")
        connection.exec_driver_sql("CREATE TABLE more (x)")
        raise ZeroDivisionError
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM fields").scalar() == 0
        assert (
            connection.exec_driver_sql("SELECT count(*) FROM sqlite_master WHERE name='more'").scalar() == 0
        )


def test_a_newer_database_is_refused(tmp_path: Path, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StorageError, match=r"newer version of mailer \(revision 9999") as caught:
        open_database(URL, tmp_path)
    assert "Upgrade mailer" in str(caught.value.next_step)


def test_the_database_of_another_program_is_refused_and_untouched(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "other.db")
    connection.execute("CREATE TABLE songs (title)")
    connection.commit()
    connection.close()
    before = (tmp_path / "other.db").read_bytes()
    with pytest.raises(StorageError, match="another program"):
        open_database("sqlite:///other.db", tmp_path)
    assert (tmp_path / "other.db").read_bytes() == before


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://writer:secret@db.example/mailer", "mysql"),
        ("subscribers/mailer.db", "not a URL"),
        ("sqlite://", "no file"),
        ("sqlite:///:memory:", "no file"),
        ("sqlite:///file:x.db?mode=ro&uri=true", "no file"),
    ],
)
def test_other_urls_are_refused_without_showing_their_password(tmp_path: Path, url: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says) as caught:
        open_database(url, tmp_path)
    assert caught.value.exit_code == 2
    assert "secret" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_an_absolute_path_stands_for_itself(tmp_path: Path) -> None:
    assert file_at("sqlite:////srv/mailer.db", tmp_path) == Path("/srv/mailer.db")
    assert file_at(URL, tmp_path) == tmp_path / "subscribers/mailer.db"
