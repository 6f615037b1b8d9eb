"""A workspace that can only be read can be looked at, and whatever would change it says so."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailer.bootstrap import App
from mailer.cli import mailer
from mailer.errors import StorageError, UsageError
from mailer.services.database import restore
from mailer.store.backup import back_up
from mailer.store.database import HEAD
from mailer.workspace.scaffold import make_workspace

pytestmark = pytest.mark.peers

LOOKS = [
    "status",
    "lists list",
    "lists show weekly",
    "subscribers list",
    "why ada.quint@quay.example",
    "preview harbour --text --list weekly",
    "check harbour --list weekly",
    "schedule list",
    "db upgrade",
]
CHANGES = [
    "subscribers add x@y.example --list weekly",
    "subscribers unsubscribe ada.quint@quay.example --all",
    "send-issue harbour --list weekly --yes",
    "tick",
    "serve --port 0",
]


def call(root: Path, words: str) -> None:
    mailer.main(["-C", str(root), *words.split()], standalone_mode=False)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    root = tmp_path / "workspace"
    make_workspace(root)
    call(root, "lists create weekly")
    call(root, "subscribers add ada.quint@quay.example --list weekly")
    return root


@pytest.fixture
def read_only(workspace: Path, tmp_path: Path) -> Iterator[Path]:
    """The workspace once more, where nothing can be written."""
    seen = tmp_path / "seen"
    seen.mkdir()
    commands = [["mount", "--bind", workspace, seen], ["mount", "-o", "remount,ro,bind", seen]]
    if not shutil.which("mount") or any(
        subprocess.run(command, capture_output=True, check=False).returncode for command in commands
    ):
        pytest.skip("needs root, to mount a folder for reading only")
    yield seen
    subprocess.run(["umount", seen], check=True)


@pytest.mark.parametrize("words", LOOKS)
def test_it_can_be_looked_at(read_only: Path, words: str) -> None:
    call(read_only, words)


@pytest.mark.parametrize("words", CHANGES)
def test_what_would_change_it_says_that_it_is_read_only(read_only: Path, words: str) -> None:
    with pytest.raises(StorageError, match="is read-only") as caught:
        call(read_only, words)
    assert caught.value.exit_code == 2
    assert "writable" in str(caught.value.next_step)


def test_what_stands_in_the_log_is_seen(
    workspace: Path, read_only: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    app = App(workspace)
    app.lists.create("tides", app.now())  # and the log stays, since the database is open still
    assert (workspace / "subscribers" / "mailer.db-wal").stat().st_size
    call(read_only, "lists list")
    assert "tides" in capsys.readouterr().out
    app.let_go()


def test_one_of_an_older_version_says_what_it_needs(workspace: Path, read_only: Path) -> None:
    with sqlite3.connect(workspace / "subscribers" / "mailer.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    connection.close()
    with pytest.raises(StorageError, match=f"at revision 0001, this version needs revision {HEAD}") as caught:
        call(read_only, "status")
    assert str(caught.value.next_step).endswith(" db upgrade")


def test_it_can_be_backed_up_and_restored_from(workspace: Path, read_only: Path, tmp_path: Path) -> None:
    database = read_only / "subscribers" / "mailer.db"
    back_up(database, tmp_path / "copy.db")
    restore(database, tmp_path / "restored.db", tmp_path / "journals", App(workspace).now())
    assert (tmp_path / "restored.db").is_file()


def test_nothing_is_restored_into_it(workspace: Path, read_only: Path, tmp_path: Path) -> None:
    call(workspace, f"backup {tmp_path / 'copy.db'}")
    with pytest.raises(StorageError, match="is read-only"):
        call(read_only, f"restore {tmp_path / 'copy.db'}")


def test_a_backup_that_cant_be_written_there_is_told_from_the_database(read_only: Path) -> None:
    with pytest.raises(UsageError, match=r"the backup .*copy\.db can't be written: Read-only") as caught:
        call(read_only, f"backup {read_only / 'copy.db'}")
    assert "DATABASE_URL" not in str(caught.value.next_step)


def test_what_is_restored_from_is_told_from_the_database(workspace: Path) -> None:
    for content in (
        b"by far no database at all",
        (workspace / "subscribers" / "mailer.db").read_bytes()[:9000],
    ):
        (workspace / "half.db").write_bytes(content)
        with pytest.raises(UsageError, match=r"half\.db can't be read as a backup") as caught:
            call(workspace, f"restore {workspace / 'half.db'}")
        assert "Name a file that" in str(caught.value.next_step)
