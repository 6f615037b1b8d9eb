"""What a daemon asks of the database while nothing is due, with all the schedules that somebody may have."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, event
from standing_clock import SATURDAY, Clock, join, workspace, write_issue

from mailer.domain.audience import Audience
from mailer.domain.digest import Digest
from mailer.domain.recurrence import Recurrence
from mailer.sandbox.scripted_server import ScriptedServer
from mailer.services.begin import begin
from mailer.services.local_time import local_time
from mailer.services.prepare import prepare, request_for
from mailer.services.recurring import add_folder, add_recurring
from mailer.services.rounds import Round, check_settings, rounds

pytestmark = pytest.mark.peers

WEEKLY = Audience(("weekly",))
EVERY = timedelta(seconds=10)  # as `mailer run` looks


@contextmanager
def statements() -> Iterator[list[str]]:
    seen: list[str] = []

    def note(connection, cursor, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def test_at_most_one_query_a_second_and_nobody_waits_for_it(
    tmp_path: Path, database_url: str, clock: Clock, server: ScriptedServer
) -> None:
    app = workspace(tmp_path, database_url, clock, server)
    join(app, "ada")
    join(app, "york", timezone="America/New_York")
    for number in range(30):
        (tmp_path / f"folder{number}").mkdir()
        add_folder(app, tmp_path / f"folder{number}", WEEKLY, Recurrence(f"{number} 8 * * MON"))
    for number in range(20):
        digest = Digest((f"https://quay{number}.example/feed",), 1, 10, False, "digest")
        add_recurring(app, digest.feeds[0], WEEKLY, Recurrence(f"{number} 9 * * MON", digest=digest))
    # Sends of all kinds: done, waiting for nine o'clock, cancelled.
    clock.time = SATURDAY
    for name in ("tide", "ferry", "anchor"):
        local = local_time(app, "2026-11-30 09:00") if name != "tide" else None
        send = begin(prepare(app, request_for(write_issue(app, name), name, WEEKLY)), local=local).send
        if name == "anchor":
            app.ledger.cancel(send, "ada", app.now())
    app.stay(keep_open=True)
    with rounds(app) as made:
        made.make(print, lambda send: True)
        for _ in range(30):
            clock.time += EVERY
            with statements() as seen:
                check_settings(app)
                assert made.make(print, lambda send: True) == Round()
                app.let_go()
            queries = [each for each in seen if not each.startswith(("BEGIN", "COMMIT", "PRAGMA"))]
            assert len(queries) <= EVERY.seconds, queries
            assert {each.split()[0] for each in queries} == {"SELECT"}
            assert "BEGIN IMMEDIATE" not in seen
