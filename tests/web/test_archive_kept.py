"""Pages of the archive are kept: how often the database is asked for them, and what changes them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest
from sqlalchemy import event
from starlette.applications import Starlette
from starlette.routing import Route

from mailer.bootstrap import App
from mailer.people.lists import Lists
from mailer.web.archive.serving import ArchivePages
from mailer.web.archive.workspace import archive_site
from mailer.web.rooms import pages_of

HOST = "http://gazette.example"
PATHS = ("", "weekly/", "weekly/atom.xml", "sitemap.xml")


@pytest.fixture
def app(tmp_path: Path) -> App:
    made = App(tmp_path, {"SECRET_KEY": "not-so-secret", "DATABASE_URL": "sqlite:///mailer.db"})
    Lists(made.database).create("weekly", made.now(), "Harbour Gazette", said={"is_public": True})
    return made


def answers(app: App, every: float, paths: Sequence[str], then: str = "") -> list[httpx.Response]:
    """Ask for `paths`, one after the other; once the list has the title `then`, for the last one again."""

    async def asked() -> list[httpx.Response]:
        site = archive_site(app, "https://gazette.example/archive/", pages_of(app), searchable=True)
        route = Route("/archive/{path:path}", ArchivePages(site, every).show)
        transport = httpx.ASGITransport(Starlette(routes=[route]))
        async with httpx.AsyncClient(
            transport=transport, base_url="http://gazette.example/archive/"
        ) as client:
            found = [await client.get(path) for path in paths]
            if then:
                Lists(app.database).change("weekly", {"title": then}, app.now())
                found.append(await client.get(paths[-1]))
            return found

    return asyncio.run(asked())


def test_however_many_ask_the_database_is_asked_once(app: App) -> None:
    asked: list[str] = []
    event.listen(app.database, "before_cursor_execute", lambda *said: asked.append(said[2]))
    answers(app, float("inf"), PATHS)
    once = len(asked)
    asked.clear()
    found = answers(app, float("inf"), PATHS * 50)
    assert {each.status_code for each in found} == {200}
    assert len(asked) == once


def test_a_page_is_another_one_when_what_it_shows_has_changed(app: App) -> None:
    before, after = answers(app, 0, ["weekly/"], then="Quay Gazette")
    assert "Harbour Gazette" in before.text
    assert "Quay Gazette" in after.text
    assert before.headers["etag"] != after.headers["etag"]
