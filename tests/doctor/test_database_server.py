"""A database on a PostgreSQL server, as `doctor` sees it: nothing is made or written there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from postgresql import PASSWORD, Server
from sqlalchemy import text

from mailer.doctor.database_server import ServerLook, examine_server, judge_server_database, look_at_server
from mailer.doctor.result import Grade, Result
from mailer.store.address import read_url
from mailer.store.database import HEAD, open_database

WELL = ServerLook(
    version=15,
    version_text="15.18",
    guards=(),
    commits="on",
    copy=False,
    by_network=True,
    tls="TLSv1.3",
    octets=9_000_000,
    revision=HEAD,
    audience=3,
)


def judged(look: ServerLook) -> dict[str, Result]:
    return {each.name: each for each in judge_server_database(look)}


def test_where_all_is_well_pg_dump_makes_the_backups() -> None:
    found = judged(WELL)
    assert {name for name, each in found.items() if each.verdict is not Grade.OK} == {"database.backup"}
    assert "pg_dump" in found["database.backup"].text
    assert found["database.server"].text == "PostgreSQL 15.18, 9.0 MB"


@pytest.mark.parametrize(
    ("name", "grade", "look", "says"),
    [
        ("safety", Grade.ERROR, replace(WELL, guards=("fsync",)), "has fsync off: after a power cut"),
        ("safety", Grade.OK, replace(WELL, commits="off"), "mailer switches it on"),
        ("server", Grade.ERROR, replace(WELL, copy=True), "can only be read"),
        ("server", Grade.WARNING, replace(WELL, version=12), "no corrections any more"),
        ("version", Grade.ERROR, replace(WELL, revision="9999"), "of a newer version"),
        ("version", Grade.NOTE, replace(WELL, revision=None), "it is empty"),
        ("tls", Grade.NOTE, replace(WELL, tls=""), "not encrypted"),
    ],
)
def test_what_is_wrong_is_named(name: str, grade: Grade, look: ServerLook, says: str) -> None:
    found = judged(look)[f"database.{name}"]
    assert (found.verdict, says in found.text) == (grade, True)
    assert found.next_step or grade in (Grade.OK, Grade.NOTE)


@pytest.mark.peers
def test_a_server_that_can_be_asked(postgresql: Server, tmp_path: Path) -> None:
    """The server of the tests forgets: fsync is off."""
    url = postgresql.url_by_tls("ours") + f"&sslrootcert={postgresql.ca_file}"
    look = look_at_server(read_url(url))
    assert look.guards == ("fsync", "full_page_writes")
    assert (look.commits, look.copy, look.by_network, look.revision) == ("off", False, True, HEAD)
    assert look.tls.startswith("TLSv1.")
    assert (look.octets > 1_000_000, look.audience) == (True, 0)
    found = {each.name: each.verdict for each in examine_server(read_url(url), tmp_path / "journals")}
    assert found["database.safety"] is Grade.ERROR
    assert found["disk.space"] is found["database.journals"] is Grade.OK


@pytest.mark.peers
def test_an_empty_one_stays_empty(postgresql: Server, tmp_path: Path) -> None:
    url = postgresql.database("template0")
    found = {each.name: each for each in examine_server(read_url(url), tmp_path / "journals")}
    assert "it is empty" in found["database.version"].text
    assert "database.tls" not in found
    database = open_database(url, tmp_path)  # as a new one
    with database.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM lists")) == 0
    database.dispose()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.peers
def test_one_that_cannot_be_reached(postgresql: Server, tmp_path: Path) -> None:
    url = read_url(postgresql.url("nowhere", user=f"careful:{PASSWORD}"))
    found = {each.name: each for each in examine_server(url, tmp_path / "journals")}
    assert found["database.server"].verdict is Grade.ERROR
    assert '"nowhere" does not exist' in found["database.server"].text
    assert found["database.server"].next_step
