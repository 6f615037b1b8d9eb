"""What goes wrong with the database leaves as one of our errors, with the exit code and the next step."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from mailer.errors import ExitCode, StorageBusy, StorageError, StorageFull
from mailer.store import schema  # noqa: F401  (loaded before root gives up its rights)
from mailer.store.database import open_database

URL = "sqlite:///mailer.db"
NOBODY = 65534


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return open_database(URL, tmp_path)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that any user may reach, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="mailer-test-"))
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


@contextmanager
def plain_user() -> Iterator[None]:
    """Root may write anywhere, so for a while be nobody."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def made(folder: Path) -> Path:
    """Make a database in `folder` that belongs to whom `plain_user` will be."""
    engine = open_database(URL, folder)
    write(engine)
    engine.dispose()
    if os.geteuid() == 0:
        os.chown(folder / "mailer.db", NOBODY, NOBODY)
    return folder / "mailer.db"


def write(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT OR REPLACE INTO fields (name, type) VALUES ('town', 'text')")


def test_a_read_only_file_says_so(open_folder: Path) -> None:
    made(open_folder).chmod(0o400)
    with plain_user(), pytest.raises(StorageError, match="read-only") as caught:
        write(open_database(URL, open_folder))
    assert caught.value.exit_code == ExitCode.USAGE
    assert "writable" in str(caught.value.next_step)


def test_a_read_only_folder_says_so(open_folder: Path) -> None:
    made(open_folder)
    open_folder.chmod(0o555)
    with plain_user(), pytest.raises(StorageError, match=r"read-only|can't be opened") as caught:
        write(open_database(URL, open_folder))
    assert caught.value.next_step


def test_a_new_database_in_a_read_only_folder_says_so(open_folder: Path) -> None:
    open_folder.chmod(0o555)
    with plain_user(), pytest.raises(StorageError, match="can't be made: Permission denied"):
        open_database("sqlite:///subscribers/mailer.db", open_folder)
    with plain_user(), pytest.raises(StorageError, match="can't be made: Permission denied"):
        open_database(URL, open_folder)


def test_a_connection_that_only_reads_says_read_only(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only=ON")
        with pytest.raises(StorageError, match="read-only"):
            connection.exec_driver_sql("INSERT INTO fields (name, type) VALUES ('town', 'text')")


def test_a_folder_in_place_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "mailer.db").mkdir()
    with pytest.raises(StorageError, match="can't be opened"):
        open_database(URL, tmp_path)


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "subscribers").touch()
    with pytest.raises(StorageError, match="can't be made"):
        open_database("sqlite:///subscribers/mailer.db", tmp_path)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "mailer.db").write_text("email,name\n" * 1000)
    with pytest.raises(StorageError, match="not a database"):
        open_database(URL, tmp_path)


def test_a_damaged_database(engine: Engine, tmp_path: Path) -> None:
    write(engine)
    engine.dispose()
    path = tmp_path / "mailer.db"
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    with (
        pytest.raises(StorageError, match="damaged") as caught,
        open_database(URL, tmp_path).begin() as connection,
    ):
        connection.exec_driver_sql("SELECT * FROM fields, lists, subscribers")
    assert "backup" in str(caught.value.next_step)


@pytest.mark.peers  # it waits for a lock that another one has
def test_a_locked_database_is_for_later(engine: Engine, tmp_path: Path) -> None:
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=20")
    holder = sqlite3.connect(tmp_path / "mailer.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StorageBusy) as caught:
        write(engine)
    holder.close()
    assert caught.value.exit_code == ExitCode.AGAIN
    write(engine)


def test_a_full_database_is_an_internal_error_and_nothing_is_half_written(engine: Engine) -> None:
    with engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 1}")
    with pytest.raises(StorageFull, match="full") as caught, engine.begin() as connection:
        for n in range(1000):
            connection.exec_driver_sql("INSERT INTO fields (name, type) VALUES (?, 'text')", (f"{n:0100}",))
    assert caught.value.exit_code == ExitCode.INTERNAL
    assert "Make room" in str(caught.value.next_step)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM fields").scalar() == 0


FILL = """
import resource, sys
from pathlib import Path
from mailer.errors import StorageFull
from mailer.store.database import open_database
engine = open_database("sqlite:///mailer.db", Path(sys.argv[1]))
if len(sys.argv) > 2:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
done = 0
try:
    while True:
        with engine.begin() as connection:
            for n in range(100):
                name = f"{done + n:0200}"
                connection.exec_driver_sql("INSERT INTO fields (name, type) VALUES (?, 'text')", (name,))
        done += 100
except StorageFull:
    print(done)
"""


def fill(folder: Path, *limit: str) -> int:
    """Write until it can't be recorded, in a process of its own; return how many rows it saw committed."""
    command = [sys.executable, "-c", FILL, str(folder), *limit]
    return int(subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout)


def rows(folder: Path) -> object:
    engine = open_database(URL, folder)
    with engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT count(*) FROM fields").scalar()
    engine.dispose()
    return found


@pytest.mark.peers
def test_when_the_system_refuses_to_write_what_was_committed_stands(engine: Engine, tmp_path: Path) -> None:
    engine.dispose()
    done = fill(tmp_path, "400000")
    assert done > 0
    assert rows(tmp_path) == done


@pytest.mark.peers
@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("mount"), reason="only root can mount a small disk")
def test_a_disk_that_is_full(tmp_path: Path) -> None:
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", tmp_path], check=False)
    if mounted.returncode:
        pytest.skip("this machine does not let root mount")
    try:
        done = fill(tmp_path)
        assert done > 0
        assert rows(tmp_path) == done
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def test_our_own_mistakes_are_not_dressed_up(engine: Engine) -> None:
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO fields (name, type) VALUES ('town', NULL)")


@pytest.mark.parametrize("read_only", ["the file", "the folder", "both"])
def test_what_may_only_be_read_is_read(open_folder: Path, read_only: str) -> None:
    path = made(open_folder)
    path.chmod(0o444 if read_only in ("the file", "both") else 0o644)
    open_folder.chmod(0o555 if read_only in ("the folder", "both") else 0o777)
    with plain_user():
        assert rows(open_folder) == 1
    assert [each.name for each in open_folder.iterdir()] == ["mailer.db"]
