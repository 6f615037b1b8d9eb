"""The database, its journals, its disk: whole, damaged, of another version, open to others, without room."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailer.doctor.database import (
    RECIPIENT_OCTETS,
    SPARE_OCTETS,
    FileSystem,
    examine_database,
    judge_database,
    judge_journals,
    judge_room,
    size,
)
from mailer.doctor.database_look import DatabaseLook, JournalLook, look_at, look_at_journals
from mailer.doctor.result import Grade, Result
from mailer.ledger.journal import Journal
from mailer.store.database import HEAD, open_database

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    open_database("sqlite:///mailer.db", tmp_path).dispose()
    return tmp_path / "mailer.db"


def examined(path: Path) -> dict[str, Result]:
    return {each.name: each for each in examine_database(path, path.with_name(f"{path.name}.journals"))}


def test_a_database_where_all_is_well(database: Path) -> None:
    before = sorted((each.name, each.stat().st_size) for each in database.parent.iterdir())
    found = examined(database)
    assert {each.verdict for each in found.values()} == {Grade.OK}
    assert set(found) == {
        "database.whole", "database.version", "database.private", "database.journals", "disk.space",
    }  # fmt: skip
    assert sorted((each.name, each.stat().st_size) for each in database.parent.iterdir()) == before


def test_one_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    found = examined(tmp_path / "subscribers" / "mailer.db")
    assert found["database.file"].verdict is Grade.NOTE
    assert list(tmp_path.iterdir()) == []


def test_one_in_use_is_read_too(tmp_path: Path) -> None:
    engine = open_database("sqlite:///mailer.db", tmp_path)
    with engine.begin():
        found = examined(tmp_path / "mailer.db")
    engine.dispose()
    assert found["database.whole"].verdict is Grade.OK


def test_a_damaged_one(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE ballast (text)")
        connection.executemany("INSERT INTO ballast VALUES (?)", [("x" * 900,) for _ in range(2000)])
        connection.commit()
        connection.execute("PRAGMA journal_mode=DELETE")
    octets = bytearray(database.read_bytes())
    octets[len(octets) // 2 :] = os.urandom(len(octets) - len(octets) // 2)
    database.write_bytes(octets)
    found = examined(database)
    worst = found.get("database.whole") or found["database.file"]
    assert worst.verdict is Grade.ERROR
    assert "backup" in worst.next_step


@pytest.mark.parametrize("content", [b"no database at all" * 100, b"PK\3\4" * 500])
def test_a_file_that_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "mailer.db").write_bytes(content)
    result = examined(tmp_path / "mailer.db")["database.file"]
    assert result.verdict is Grade.ERROR
    assert "not a database" in result.text


@pytest.mark.parametrize(
    ("revision", "verdict", "words"),
    [("9999", Grade.ERROR, "newer version"), ("0001", Grade.NOTE, f"brings it to {HEAD}")],
)
def test_one_of_another_version(database: Path, revision: str, verdict: Grade, words: str) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
        connection.commit()
    result = examined(database)["database.version"]
    assert result.verdict is verdict
    assert words in result.text


def test_one_of_another_program(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "mailer.db")) as connection:
        connection.execute("CREATE TABLE tides (at)")
    assert examined(tmp_path / "mailer.db")["database.version"].verdict is Grade.ERROR


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o604])
def test_one_that_others_can_read(database: Path, mode: int) -> None:
    database.chmod(mode)
    result = examined(database)["database.private"]
    assert result.verdict is Grade.WARNING
    assert f"{mode:04o}" in result.text
    assert result.next_step == f"chmod 600 {database}"


def test_what_a_database_carries_along(tmp_path: Path) -> None:
    path = tmp_path / "mailer.db"
    look = DatabaseLook(HEAD, "", True, octets=200 << 20, free=150 << 20, log=70 << 20, audience=0)
    found = {each.name: each.verdict for each in judge_database(path, look)}
    assert found["database.free"] is Grade.NOTE
    assert found["database.log"] is Grade.WARNING
    unread = DatabaseLook(HEAD, "", False, octets=9 << 30, free=0, log=0, audience=0)
    assert {each.name: each.verdict for each in judge_database(path, unread)}["database.whole"] is Grade.NOTE


def test_the_largest_list_is_counted(tmp_path: Path) -> None:

    from members import join

    from mailer.people.lists import Lists

    engine = open_database("sqlite:///mailer.db", tmp_path)
    for name in ("weekly", "tides"):
        Lists(engine).create(name, NOW)
    for number in range(5):
        join(engine, f"reader{number}@bay.example", *(("weekly", "tides") if number < 2 else ("weekly",)))
    engine.dispose()
    assert look_at(tmp_path / "mailer.db").audience == 5
    assert "(5 people)" in examined(tmp_path / "mailer.db")["disk.space"].text


def test_journals_of_the_living_and_the_dead(tmp_path: Path) -> None:
    folder = tmp_path / "mailer.db.journals"
    assert look_at_journals(folder) == JournalLook()
    living, finished, dead = (Journal(folder, NOW) for _ in range(3))
    finished.close(keep=False)
    dead.close(keep=True)
    look = look_at_journals(folder)
    assert (look.living, look.dead, look.kept) == (1, 1, 1)
    assert look.octets > 0
    assert judge_journals(look).verdict is Grade.WARNING
    assert "after-a-crash.md" in judge_journals(look).next_step
    living.close(keep=False)


@pytest.mark.parametrize(
    ("look", "verdict"),
    [
        (JournalLook(), Grade.OK),
        (JournalLook(living=4), Grade.OK),
        (JournalLook(kept=5000, octets=9 << 20), Grade.NOTE),
        (JournalLook(unread=1), Grade.ERROR),
    ],
)
def test_what_journals_mean(look: JournalLook, verdict: Grade) -> None:
    assert judge_journals(look).verdict is verdict


def test_room_for_the_largest_list(tmp_path: Path) -> None:
    enough = FileSystem(tmp_path, SPARE_OCTETS + 1000 * RECIPIENT_OCTETS, True)
    assert [each.verdict for each in judge_room(enough, 1000)] == [Grade.OK]
    assert [each.verdict for each in judge_room(enough, 1001)] == [Grade.ERROR]
    locked = [each.name for each in judge_room(FileSystem(tmp_path, 1 << 40, False), 0)]
    assert locked == ["disk.writable", "disk.space"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("only root can mount a small disk")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m,mode=0700", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("this machine does not let root mount")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.peers
def test_a_full_disk_and_a_read_only_one(small_disk: Path) -> None:
    open_database("sqlite:///mailer.db", small_disk).dispose()
    assert examined(small_disk / "mailer.db")["disk.space"].verdict is Grade.ERROR
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    found = examined(small_disk / "mailer.db")
    assert found["disk.writable"].verdict is Grade.ERROR


@pytest.mark.peers
def test_a_full_journal_folder_beside_a_database_with_room(tmp_path: Path, small_disk: Path) -> None:
    open_database("sqlite:///mailer.db", tmp_path).dispose()
    (small_disk / "ballast").write_bytes(bytes(2 << 20))
    results = examine_database(tmp_path / "mailer.db", small_disk)
    assert [each.verdict for each in results if each.name == "disk.space"] == [Grade.OK, Grade.ERROR]


@contextmanager
def plain_user() -> Iterator[None]:
    """Go on as nobody, to whom modes apply."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_folder_and_journals_of_another_user(tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents):
        if folder == Path("/tmp"):
            break
        folder.chmod(0o755)
    open_database("sqlite:///mailer.db", tmp_path).dispose()
    Journal(tmp_path / "mailer.db.journals", NOW).close(keep=True)
    (tmp_path / "mailer.db.journals").chmod(0o755)
    if os.geteuid() != 0:
        pytest.skip("needs root, to be somebody else")
    with plain_user():
        found = examined(tmp_path / "mailer.db")
        journals = look_at_journals(tmp_path / "mailer.db.journals")
    assert found["database.file"].verdict is Grade.ERROR
    assert found["disk.writable"].verdict is Grade.ERROR
    assert journals.unread == 1


@pytest.mark.parametrize(
    ("octets", "words"),
    [(0, "0 octets"), (999, "999 octets"), (1500, "1.5 KB"), (64 << 20, "67 MB"), (3 << 40, "3,299 GB")],
)
def test_sizes(octets: int, words: str) -> None:
    assert size(octets) == words
