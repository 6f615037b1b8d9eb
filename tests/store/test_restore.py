"""A backup takes the database's place when nobody is at work, and all at once."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from members import TEST, join, part, shut_out
from told_apart import fields, write

from mailer.domain.address import Address
from mailer.errors import DatabaseReplaced, StorageBusy, UsageError
from mailer.people.directory import Directory
from mailer.people.lists import Lists
from mailer.services.database import Restored, restore
from mailer.services.edit import Pause, pause
from mailer.services.merge import change_address, merge
from mailer.store.backup import back_up
from mailer.store.database import open_database
from mailer.store.presence import at_work

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
URL = "sqlite:///mailer.db"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database with one field, of which there is a backup from before."""
    database = open_database(URL, tmp_path)
    back_up(tmp_path / "mailer.db", tmp_path / "monday.db")
    write(database, "since")
    database.dispose()
    return tmp_path / "mailer.db"


def put_back(path: Path) -> Restored:
    return restore(path.with_name("monday.db"), path, path.with_name("mailer.db.journals"), NOW)


def files(path: Path) -> set[str]:
    return {each.name for each in path.parent.glob("mailer.db*") if each.is_file()}


def test_the_backup_is_there_and_the_old_one_is_whole_beside_it(path: Path) -> None:
    aside = put_back(path).aside
    assert aside is not None
    assert files(path) == {"mailer.db", aside.name}
    assert (fields(path), fields(aside)) == (set(), {"since"})
    assert path.stat().st_mode & 0o777 == aside.stat().st_mode & 0o777 == 0o600
    again = put_back(path).aside  # in the same second
    assert again not in (None, aside)
    assert fields(aside) == {"since"}


def test_a_link_to_the_database_stays_one(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "elsewhere" / "link.db"
    link.parent.mkdir()
    link.symlink_to(path)
    restore(tmp_path / "monday.db", link, tmp_path / "mailer.db.journals", NOW)
    assert link.is_symlink()
    assert fields(path) == set()


def test_without_a_database_there_is_one_afterwards(path: Path) -> None:
    path.unlink()
    assert put_back(path).aside is None
    assert fields(path) == set()


def test_one_that_is_damaged_is_put_aside_with_all_that_belongs_to_it(path: Path) -> None:
    path.write_bytes(b"no database any more" * 500)
    path.with_name("mailer.db-wal").write_bytes(b"nor a log")
    aside = put_back(path).aside
    assert aside is not None
    assert files(path) == {"mailer.db", aside.name, f"{aside.name}-wal"}
    assert aside.read_bytes().startswith(b"no database any more")
    assert fields(path) == set()


def test_what_a_killed_process_left_in_the_log_is_put_aside_and_not_restored(path: Path) -> None:
    database = open_database(URL, path.parent)
    write(database, "in the log")
    for name in ("mailer.db", "mailer.db-wal", "mailer.db-shm"):
        shutil.copy(path.with_name(name), path.with_name(f"copy of {name}"))
    database.dispose()
    for name in ("mailer.db", "mailer.db-wal", "mailer.db-shm"):
        path.with_name(f"copy of {name}").replace(path.with_name(name))
    aside = put_back(path).aside
    assert aside is not None
    assert fields(aside) == {"since", "in the log"}
    assert fields(path) == set()


@pytest.mark.peers  # it waits for a lock that another one has
def test_nobody_may_have_it_open(path: Path) -> None:
    with_it_open = open_database(URL, path.parent)
    with with_it_open.connect() as connection:
        connection.exec_driver_sql("SELECT * FROM fields").all()
        with pytest.raises(StorageBusy, match="locked by another program"):
            put_back(path)
    with_it_open.dispose()
    assert fields(path) == {"since"}
    assert files(path) == {"mailer.db"}
    put_back(path)


def test_who_opened_it_before_and_writes_after_is_told(path: Path) -> None:
    database = open_database(URL, path.parent, keep_open=False)
    put_back(path)
    with pytest.raises(DatabaseReplaced):
        write(database, "lost")


WORKING = """
import sys
from pathlib import Path
from mailer.store.presence import at_work
with at_work(Path(sys.argv[1]), sys.argv[2]):
    print("at work", flush=True)
    sys.stdin.read()
"""


@contextmanager
def working(path: Path, command: str) -> Iterator[subprocess.Popen[str]]:
    arguments = [sys.executable, "-c", WORKING, str(path.with_name("mailer.db.journals")), command]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "at work\n"
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.peers
def test_who_is_at_work_is_named_and_whoever_died_is_not(path: Path) -> None:
    with working(path, "serve") as serve, working(path, "run") as run:
        with pytest.raises(UsageError, match="in use") as caught:
            put_back(path)
        assert f"mailer serve (process {serve.pid})" in str(caught.value)
        assert f"mailer run (process {run.pid})" in str(caught.value)
        assert "Stop" in str(caught.value.next_step)
        os.kill(serve.pid, signal.SIGKILL)
        serve.wait()
        with pytest.raises(UsageError) as caught:
            put_back(path)
        assert "serve" not in str(caught.value)
    put_back(path)
    assert fields(path) == set()
    assert not list((path.parent / "mailer.db.journals" / "at-work").iterdir())


def test_being_at_work_leaves_nothing(path: Path) -> None:
    with (
        at_work(path.with_name("mailer.db.journals"), "tick"),
        pytest.raises(UsageError, match="mailer tick"),
    ):
        put_back(path)
    put_back(path)


def test_who_left_since_the_backup_was_taken_stays_away(tmp_path: Path) -> None:
    database = open_database(URL, tmp_path)
    for name in (both := ("weekly", "tides")):
        Lists(database).create(name, NOW)
    stays, leaves, refuses = (
        join(database, f"{who}@bay.example", *both) for who in ("stays", "leaves", "refuses")
    )
    back_up(tmp_path / "mailer.db", tmp_path / "monday.db")
    newer, gone = join(database, "newer@bay.example", *both), join(database, "gone@bay.example", *both)
    later = NOW + timedelta(hours=1)
    part(database, "leaves@bay.example", "weekly", now=later)
    part(database, "refuses@bay.example", now=later)
    part(database, "gone@bay.example", "weekly", now=later)
    shut_out(database, "elsewhere@bay.example", "complained")
    database.dispose()
    done = put_back(tmp_path / "mailer.db")
    assert done.left == 4
    restored = open_database(URL, tmp_path)
    everyone = Directory(restored).subscribers()
    assert {each.id: (each.email, dict(each.lists), each.suppressed) for each in everyone} == {
        stays: ("stays@bay.example", {"weekly": "subscribed", "tides": "subscribed"}, None),
        leaves: ("leaves@bay.example", {"weekly": "unsubscribed", "tides": "subscribed"}, None),
        refuses: ("refuses@bay.example", {"weekly": "unsubscribed", "tides": "unsubscribed"}, "requested"),
        gone: ("gone@bay.example", {"weekly": "unsubscribed"}, None),
    }
    with pytest.raises(UsageError, match="unsubscribed and is not brought back"):
        join(restored, "gone@bay.example", *both)
    another = join(restored, "another@bay.example", *both)
    assert another > max(newer, gone)  # an id in a link is never given to somebody else
    restored.dispose()


def test_who_refused_by_another_address_or_pauses_since_gets_nothing(tmp_path: Path) -> None:
    database = open_database(URL, tmp_path)
    Lists(database).create("weekly", NOW)
    for who in ("moved", "joined", "paused"):
        join(database, f"{who}@bay.example", "weekly")
    back_up(tmp_path / "mailer.db", tmp_path / "monday.db")
    moved, joined, paused, other = (
        Address.parse(f"{who}@{where}.example")
        for who, where in (("moved", "bay"), ("joined", "bay"), ("paused", "bay"), ("joined", "pier"))
    )
    change_address(database, moved, Address.parse("moved@pier.example"), TEST, NOW)
    shut_out(database, "moved@pier.example", "complained")
    join(database, other.typed, "weekly")
    merge(database, other, joined, TEST, NOW)
    shut_out(database, other.typed, "requested")
    until = NOW + timedelta(days=30)
    pause(database, Pause(paused, None, until, TEST), NOW)
    database.dispose()
    put_back(tmp_path / "mailer.db")
    restored = open_database(URL, tmp_path)
    assert {each.email: (each.suppressed, each.paused) for each in Directory(restored).subscribers()} == {
        moved.typed: ("complained", {}),
        joined.typed: ("requested", {}),
        paused.typed: (None, {"weekly": until}),
    }
    restored.dispose()


def test_who_left_a_list_that_the_backup_does_not_know_stays_off_it(tmp_path: Path) -> None:
    database = open_database(URL, tmp_path)
    back_up(tmp_path / "mailer.db", tmp_path / "monday.db")
    Lists(database).create("tides", NOW)
    join(database, "ada@bay.example", "tides")
    part(database, "ada@bay.example", "tides")
    database.dispose()
    assert put_back(tmp_path / "mailer.db").left == 1
    restored = open_database(URL, tmp_path)
    assert not Lists(restored).all()
    Lists(restored).create("tides", NOW)
    with pytest.raises(UsageError, match="unsubscribed and is not brought back"):
        join(restored, "ada@bay.example", "tides")
    restored.dispose()


def test_who_came_back_before_the_backup_was_taken_stays(tmp_path: Path) -> None:
    database = open_database(URL, tmp_path)
    Lists(database).create("weekly", NOW)
    join(database, "ada@bay.example", "weekly", now=NOW)
    part(database, "ada@bay.example", "weekly", now=NOW)
    back_up(tmp_path / "mailer.db", tmp_path / "left.db")
    join(database, "ada@bay.example", "weekly", anew=True, now=NOW + timedelta(hours=1))
    database.dispose()
    back_up(tmp_path / "mailer.db", tmp_path / "monday.db")
    (tmp_path / "left.db").replace(tmp_path / "mailer.db")
    assert put_back(tmp_path / "mailer.db").left == 0
    restored = open_database(URL, tmp_path)
    assert [dict(each.lists) for each in Directory(restored).subscribers()] == [{"weekly": "subscribed"}]
    restored.dispose()
