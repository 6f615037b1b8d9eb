"""Who takes jobs: to each send come as many as it can use, whatever became of those who were called first."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from harbour_workspace import Workspace
from postgresql import Server

from mailer.bootstrap import App
from mailer.jobs.port import Help
from mailer.services.begin import begin
from mailer.services.prepare import SendRequest, prepare
from mailer.services.working import call_missing

pytestmark = pytest.mark.peers
CALLED = 4  # to so many people


@pytest.fixture
def app(postgresql: Server, tmp_path: Path) -> Iterator[App]:
    (tmp_path / "issues").mkdir()
    settings = {"DATABASE_URL": postgresql.database(), "SECRET_KEY": "not-so-secret", "SMTP_PORT": "1"}
    workspace = Workspace(tmp_path, settings | {"POSTAL_ADDRESS": "1 Quay Street, Port Example"})
    workspace.run("lists", "create", "weekly")
    workspace.people(900)
    workspace.issue()
    app = App(tmp_path, workspace.environment())
    yield app
    app.let_go()


def sought(app: App) -> dict[int, int]:
    with app.database.connect() as connection:
        return app.jobs.sought(connection)


def test_when_some_of_those_who_were_called_are_gone_as_many_are_called_again(app):
    (issue,) = (app.root / "issues").iterdir()
    send = begin(prepare(app, SendRequest(issue, "harbour"))).send
    assert sought(app) == {send.id: CALLED}
    asyncio.run(in_vain(app, CALLED - 1))
    assert sought(app) == {send.id: 1}
    call_missing(app, app.jobs)
    assert sought(app) == {send.id: CALLED}
    call_missing(app, app.jobs)
    assert sought(app) == {send.id: CALLED}


async def in_vain(app: App, number: int) -> None:
    """Take jobs of which nothing comes, as where the database goes away meanwhile."""
    stop, taken = asyncio.Event(), list[Help]()

    async def take(job: Help) -> None:
        taken.append(job)
        if len(taken) == number:
            stop.set()

    await app.jobs.work(take, stop)
