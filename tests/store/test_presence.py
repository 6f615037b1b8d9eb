"""Who is at work and whose turn it is: the same for a database in a file and for one on a server."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from postgresql import Server
from sqlalchemy import text

from mailer.errors import AtWork, ExitCode, StorageBusy, StorageFull, UsageError
from mailer.store.database import Database, open_database
from mailer.store.presence import BEGINNING, Doing, Presence, Present, at_work, turn

US = rf"mailer {{command}} \(process {os.getpid()}\) on \S+ since 20"
SHORT = 0.05  # seconds


@pytest.fixture
def database(database_url: str, tmp_path: Path) -> Iterator[Database]:
    database = open_database(database_url, tmp_path)
    yield database
    database.dispose()


@pytest.fixture
def presence(database: Database, tmp_path: Path) -> Presence:
    return database.presence(tmp_path / "journals")


@pytest.fixture
def another(database: Database, tmp_path: Path) -> Presence:
    """Another program's look at the same database."""
    return database.presence(tmp_path / "journals")


def ours(command: str) -> str:
    return US.format(command=command)


def test_who_is_at_work_keeps_it_from_being_exchanged_and_is_named(
    presence: Presence, another: Presence
) -> None:
    with presence.at_work("serve"), another.at_work("run"):
        with pytest.raises(UsageError, match=ours("serve")) as caught, another.alone():
            pass
        assert caught.match(ours("run"))
    with another.alone():
        pass


@pytest.mark.parametrize("number", [BEGINNING, 7])
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.peers
def test_one_has_a_turn_and_is_named(presence: Presence, another: Presence, number: int) -> None:
    """Records of files know processes, not threads: they are tried with two processes elsewhere."""
    assert another.whose_turn(number) is None
    with presence.turn(number, "send-issue"):
        holder = another.whose_turn(number)
        assert holder is not None
        assert (holder.command, holder.pid) == ("send-issue", os.getpid())
        with pytest.raises(AtWork, match=ours("send-issue")), another.turn(number, "run", wait=SHORT):
            pass
        with another.turn(8, "run"):
            pass
    with another.turn(number, "run"):
        pass


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.peers
def test_a_turn_is_over_with_its_session(presence: Presence, another: Presence, database: Database) -> None:
    with presence.turn(7, "send-issue"):
        cut_off(database, "mailer send-issue%")
        with another.turn(7, "run"):
            pass


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.peers
def test_a_session_that_is_lost_while_it_waits_may_be_had_again(
    presence: Presence, another: Presence, database: Database
) -> None:
    def waits() -> None:
        with pytest.raises(StorageBusy, match="can't be reached"), another.turn(7, "run", wait=30):
            pass

    with presence.turn(7, "send-issue"):
        thread = threading.Thread(target=waits)
        thread.start()
        while not cut_off(database, "mailer run%"):
            pass
        thread.join()


def cut_off(database: Database, name: str) -> bool:
    """Cut off the sessions of this name; return whether there was one."""
    ended = text(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE application_name LIKE :name AND datname = current_database()"
    )
    with database.begin() as connection:
        return bool(connection.execute(ended, {"name": name}).all())


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.peers
def test_while_it_is_moved_nobody_starts(presence: Presence, another: Presence) -> None:
    with (
        presence.alone(),
        pytest.raises(StorageBusy, match="is being moved, by mailer db") as caught,
        another.at_work("run"),
    ):
        pass
    assert caught.value.exit_code is ExitCode.AGAIN


FORKS = """
import os, sys, time
from pathlib import Path
from mailer.store.database import open_database
database = open_database(sys.argv[1], Path(sys.argv[2]))
with database.presence(Path(sys.argv[2])).turn(7, "send-issue"):
    database.dispose()
    if os.fork():
        print("forked", flush=True)
        sys.stdin.read()
        os._exit(0)
    time.sleep(60)
"""


@pytest.mark.peers
def test_a_forked_process_does_not_hold_its_parents_turn(postgresql: Server, tmp_path: Path) -> None:
    url = postgresql.database()
    parent = subprocess.Popen(
        [sys.executable, "-c", FORKS, url, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    database = open_database(url, tmp_path)
    presence = database.presence(tmp_path)
    try:
        assert parent.stdout and parent.stdin
        assert parent.stdout.readline() == b"forked\n"
        assert presence.whose_turn(7)
        parent.kill()
        parent.wait()
        with presence.turn(7, "run", wait=10):
            pass
    finally:
        os.killpg(parent.pid, 9)
        database.dispose()
        for pipe in (parent.stdin, parent.stdout):
            pipe.close() if pipe else None


def test_what_a_process_says_of_itself_everybody_sees(presence: Presence, another: Presence) -> None:
    us = Present.here("send-issue")
    assert another.seen() == []
    with presence.at_work("send-issue"):
        (idle,) = another.seen()
        assert (idle.present.command, idle.present.pid, idle.doing) == ("send-issue", os.getpid(), Doing())
        presence.says(us, Doing(7, 1200, 812.5))
        presence.says(us, Doing(7, 90, 3.0))
        (busy,) = another.seen()
        assert (busy.present.pid, busy.doing, busy.unseen) == (os.getpid(), Doing(7, 90, 3.0), None)
        presence.says(us, None)
        assert [each.doing for each in another.seen()] == [Doing()]
    assert another.seen() == []


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.peers
def test_of_whom_nothing_is_heard_that_is_said_for_an_hour(presence: Presence, database: Database) -> None:
    lost = Present("work", 4711, "pier", "2026-11-28T08:00:00+00:00")
    presence.says(lost, Doing(7, 90, 3.0))
    for past, unseen in (("1 minute", 60), ("2 hours", 7200)):
        with database.begin() as connection:
            connection.execute(text(f"UPDATE machines SET seen_at = now() - interval '{past}'"))
        (seen,) = presence.seen()
        assert (seen.present, seen.unseen) == (lost, unseen)
    presence.says(Present.here("work"), None)
    assert presence.seen() == []


def test_it_is_read_where_nobody_was_at_work_yet(presence: Presence, tmp_path: Path) -> None:
    assert presence.seen() == []
    assert not (tmp_path / "journals").exists()


def test_where_the_disk_is_full_that_is_said_and_nothing_is_left(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))  # no octet can be written, as on a disk that is full
    try:
        for says in (at_work(tmp_path, "run"), turn(tmp_path / "turns" / "begin", "run")):
            with pytest.raises(StorageFull, match="can't be written"), says:
                pytest.fail("nobody knows of it")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list((tmp_path / "at-work").glob("run.*")) == []
    with at_work(tmp_path, "run"):
        pass
