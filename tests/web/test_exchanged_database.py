"""`mailer serve` under a database that is exchanged: what is answered 200 is in the one that is there."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from harbour import DATABASE, KEY, NOW, serving
from members import join

from mailer.domain.signed_links import LinkToken, sign_token
from mailer.people.directory import Directory
from mailer.people.lists import Lists
from mailer.store.backup import back_up
from mailer.store.database import open_database

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
READER = "reader@bay.example"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database with one reader, and a backup of it: `monday.db`."""
    (tmp_path / ".env").write_text(f"SECRET_KEY={KEY.decode()}\nDATABASE_URL={DATABASE}\n")
    database = open_database(DATABASE, tmp_path)
    Lists(database).create("weekly", NOW, "Harbour Gazette Weekly")
    join(database, READER, "weekly")
    database.dispose()
    back_up(tmp_path / "mailer.db", tmp_path / "monday.db")
    return tmp_path / "mailer.db"


@pytest.fixture
def client(path: Path) -> Iterator[httpx.Client]:
    with (
        serving(path.parent, path.with_name("log")) as url,
        httpx.Client(base_url=url, timeout=120) as opened,
    ):
        assert opened.get(LINK).status_code == 200
        yield opened


LINK = f"/u/{sign_token(KEY, LinkToken(1, 1, 1))}"


def standing(path: Path) -> str:
    """The reader's status in the database under that name."""
    database = open_database(f"sqlite:///{path.name}", path.parent)
    (person,) = Directory(database).subscribers()
    database.dispose()
    return person.lists["weekly"]


def test_nothing_of_the_database_is_open_between_answers(path: Path, client: httpx.Client) -> None:
    assert client.post(LINK, data=ONE_CLICK).status_code == 200
    assert [each.name for each in path.parent.glob("mailer.db*") if each.is_file()] == ["mailer.db"]


@pytest.mark.parametrize("way", ["mv", "cp", "cp and mv"])
def test_a_backup_put_in_its_place_by_hand_is_what_is_unsubscribed_from(
    path: Path, client: httpx.Client, way: str
) -> None:
    assert client.post(LINK, data=ONE_CLICK).status_code == 200
    backup = path.with_name("monday.db")
    if way == "mv":
        backup.replace(path)
    elif way == "cp":
        path.write_bytes(backup.read_bytes())  # the same file still, with another content
    else:
        shutil.copy(backup, path.with_name("new.db"))
        path.rename(path.with_name("old.db"))
        path.with_name("new.db").rename(path)
    assert standing(path) == "subscribed"
    assert "Unsubscribe from" in client.get(LINK).text
    assert client.post(LINK, data=ONE_CLICK).status_code == 200
    assert standing(path) == "unsubscribed"


def test_while_the_database_is_away_nothing_is_answered_200(path: Path, client: httpx.Client) -> None:
    away = path.with_name("away.db")
    path.rename(away)
    answers = [client.get(LINK), client.post(LINK), client.post(LINK, data=ONE_CLICK), client.get("/readyz")]
    assert {answer.status_code for answer in answers} == {503}
    assert client.get("/healthz").status_code == 200  # the process is there
    assert not path.exists()
    path.touch()
    assert client.post(LINK, data=ONE_CLICK).status_code == 503
    path.write_text("no database")
    assert client.post(LINK, data=ONE_CLICK).status_code == 503
    away.replace(path)
    assert standing(path) == "subscribed"
    assert client.post(LINK, data=ONE_CLICK).status_code == 200
    assert standing(path) == "unsubscribed"
