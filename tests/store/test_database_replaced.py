"""Another file under the database's name is noticed, and nothing is written to the one of before."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import event
from told_apart import fields, write

from mailer.bootstrap import App
from mailer.errors import DatabaseReplaced, ExitCode
from mailer.store.database import open_database
from mailer.store.sqlite import FileDatabase

URL = "sqlite:///mailer.db"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    open_database(URL, tmp_path).dispose()
    return tmp_path / "mailer.db"


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Another database, with a field of its own."""
    database = open_database("sqlite:///other.db", tmp_path)
    write(database, "other")
    database.dispose()
    return tmp_path / "other.db"


def read(database: FileDatabase) -> set[str]:
    with database.connect() as connection:
        return set(connection.exec_driver_sql("SELECT name FROM fields").scalars())


def renamed(path: Path, other: Path) -> None:
    other.replace(path)


def copied_to_a_new_file(path: Path, other: Path) -> None:
    path.rename(path.with_suffix(".before"))
    shutil.copy(other, path)


def made_anew(path: Path, other: Path) -> None:
    path.rename(path.with_suffix(".before"))
    open_database(URL, path.parent).dispose()


def removed(path: Path, other: Path) -> None:
    path.rename(path.with_suffix(".before"))


@pytest.mark.parametrize("keep_open", [True, False])
@pytest.mark.parametrize("exchange", [renamed, copied_to_a_new_file, made_anew, removed])
def test_neither_reading_nor_writing_goes_on(
    path: Path, other: Path, exchange: Callable[[Path, Path], None], keep_open: bool
) -> None:
    database = open_database(URL, path.parent, keep_open=keep_open)
    write(database, "town")
    exchange(path, other)
    assert database.replaced
    for again in range(2):  # what was learned from the old file never counts in the new one
        with pytest.raises(DatabaseReplaced, match=r"taken the place of|is gone") as caught:
            write(database, f"lost {again}")
        with pytest.raises(DatabaseReplaced):
            read(database)
        assert caught.value.exit_code == ExitCode.AGAIN
        assert caught.value.next_step
    database.dispose()
    assert "lost 0" not in (fields(path) if path.exists() else ())


def test_a_transaction_that_waited_for_the_exchange_writes_to_neither(path: Path, other: Path) -> None:
    database, has_looked = open_database(URL, path.parent), threading.Event()
    event.listen(database, "checkout", lambda *_: has_looked.set())
    exchanging = sqlite3.connect(path, isolation_level=None)
    exchanging.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write, database, "late")
        assert has_looked.wait(120)
        path.rename(path.with_suffix(".before"))
        other.rename(path)
        exchanging.execute("COMMIT")
        with pytest.raises(DatabaseReplaced):
            writing.result()
    exchanging.close()
    database.dispose()
    assert fields(path) == {"other"}
    assert fields(path.with_suffix(".before")) == set()


def test_what_was_committed_to_a_file_that_was_put_aside_meanwhile_is_not_said_to_be_done(
    path: Path, other: Path
) -> None:
    database = open_database(URL, path.parent, keep_open=False)
    with pytest.raises(DatabaseReplaced), database.begin() as connection:
        connection.exec_driver_sql("INSERT INTO fields (name, type) VALUES ('town', 'text')")
        path.rename(path.with_suffix(".before"))
        other.rename(path)
    assert fields(path) == {"other"}  # which is not read with the log of the one before


@pytest.mark.parametrize("use", [read, lambda database: write(database, "late")])
def test_who_keeps_no_file_open_has_no_two_transactions_side_by_side(
    path: Path, use: Callable[[FileDatabase], object]
) -> None:
    one, other_one = (open_database(URL, path.parent, keep_open=False) for _ in range(2))
    let_in = threading.Event()
    event.listen(other_one, "checkout", lambda *_: let_in.set())
    with ThreadPoolExecutor(1) as pool:
        with one.connect() as connection:
            connection.exec_driver_sql("SELECT * FROM fields")
            second = pool.submit(use, other_one)
            assert not let_in.wait(0.2)
        second.result()
    assert let_in.is_set()


def test_nothing_of_it_is_news(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    database = open_database(URL, path.parent, keep_open=False)
    write(database, "town")
    database.dispose()
    assert not caplog.records


def test_who_waits_to_write_lets_others_read(path: Path) -> None:
    database, tries = open_database(URL, path.parent, keep_open=False), threading.Semaphore(0)
    event.listen(database, "checkin", lambda *_: tries.release())
    other_program = sqlite3.connect(path, isolation_level=None)
    other_program.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write, database, "late")
        assert tries.acquire(timeout=120)  # it gave its turn back, and will look again
        assert read(database) == set()
        assert not writing.done()
        other_program.execute("COMMIT")
        writing.result()
    other_program.close()
    assert fields(path) == {"late"}


def test_a_file_that_is_gone_is_not_made_by_whoever_had_it_open(path: Path) -> None:
    database = open_database(URL, path.parent, keep_open=False)
    path.unlink()
    with pytest.raises(DatabaseReplaced, match="is gone"):
        read(database)
    assert not path.exists()


def test_between_transactions_nothing_is_open_unless_asked_for(path: Path) -> None:
    def open_files() -> set[str]:
        return {str(file.readlink()) for file in Path("/proc/self/fd").iterdir() if file.exists()}

    database = open_database(URL, path.parent, keep_open=False)
    write(database, "town")
    assert read(database) == {"town"}
    assert not [name for name in open_files() if name.startswith(str(path))]
    assert [each.name for each in path.parent.glob("mailer.db*")] == ["mailer.db"]


def test_an_app_that_stays_goes_on_with_the_file_that_is_there(path: Path, other: Path) -> None:
    app = App(path.parent, {"DATABASE_URL": URL})
    app.stay()
    assert read(app.database) == set()
    other.replace(path)
    assert read(app.database) == {"other"}
    path.rename(path.with_suffix(".away"))
    with pytest.raises(DatabaseReplaced, match="is gone"):
        read(app.database)
    path.touch()  # as a program does that opens the name without looking
    with pytest.raises(DatabaseReplaced, match="is gone"):
        read(app.database)
    path.with_suffix(".away").replace(path)
    assert read(app.database) == {"other"}
    app.let_go()


def test_an_app_of_one_command_does_not(path: Path, other: Path) -> None:
    app = App(path.parent, {"DATABASE_URL": URL})
    assert read(app.database) == set()
    other.replace(path)
    with pytest.raises(DatabaseReplaced):
        read(app.database)
    app.let_go()
