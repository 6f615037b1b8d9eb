"""mailer db upgrade, as typed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mailer.store.database import HEAD

pytestmark = pytest.mark.peers


def upgrade(workspace: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mailer", "-C", str(workspace), "db", "upgrade"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", **environment},
    )


def test_it_says_from_where_to_where(tmp_path: Path) -> None:
    path = tmp_path / "subscribers/mailer.db"
    first, second = upgrade(tmp_path), upgrade(tmp_path)
    assert (first.returncode, first.stdout) == (0, f"{path}: from nothing to revision {HEAD}.\n")
    assert (second.returncode, second.stdout) == (0, f"{path} is at revision {HEAD} already.\n")


def test_the_setting_names_another_file(tmp_path: Path) -> None:
    assert upgrade(tmp_path, DATABASE_URL="sqlite:///people.db").returncode == 0
    assert (tmp_path / "people.db").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://writer:canary@db.example/mailer", "only SQLite and PostgreSQL are supported"),
        ("sqlite:///.", "can't be opened"),
    ],
)
def test_a_database_that_cannot_be_used_ends_with_2(tmp_path: Path, url: str, says: str) -> None:
    ended = upgrade(tmp_path, DATABASE_URL=url)
    assert ended.returncode == 2
    assert says in ended.stderr
    assert "next: " in ended.stderr
    assert "canary" not in ended.stderr
