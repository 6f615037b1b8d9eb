"""What machines are told of `mailer run`, read by the libraries that they read it with."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from quay import Client
from standing_clock import Clock, join, look, workspace, write_issue

from mailer.bootstrap import App
from mailer.domain.audience import Audience
from mailer.sandbox.scripted_server import ScriptedServer, rehearsal
from mailer.services.measures import measures
from mailer.services.run_state import BUSY, TARDY, RunState, told
from mailer.web.run_pages import run_pages

OPENMETRICS = {"Accept": "application/openmetrics-text; version=1.0.0"}


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> Iterator[App]:
    with rehearsal(ScriptedServer()) as server:
        made = workspace(tmp_path, database_url, Clock(), server)
        yield made
        made.let_go()


def ask(app: App, state: RunState, path: str) -> httpx.Response:
    return Client(run_pages(state, measures(app, state, os.getpid()))).get(path, headers=OPENMETRICS)


def numbers(app: App, state: RunState) -> dict[tuple[str, ...], float]:
    answer = ask(app, state, "/metrics")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_the_numbers_are_those_of_the_ledger(app):
    state = RunState(10, monotonic())
    state.hear(told("ended", monotonic(), seconds=0.25, errors=2, away=False))
    for name in ("ada", "york"):
        join(app, name)
    write_issue(app, "tide")
    now = app.now()
    app.schedules.add("issues/tide.md", Audience(("weekly",)), now, "UTC", now)
    app.schedules.add("issues/ferry.md", Audience(("weekly",)), now + timedelta(days=9), "UTC", now)
    look(app)
    found = numbers(app, state)
    assert found["mailer_deliveries", "issue", "accepted"] == 2
    assert found["mailer_deliveries", "issue", "queued"] == 0
    assert found["mailer_schedules", "begun"] == found["mailer_schedules", "waiting"] == 1
    assert (found["mailer_run_looks_total",], found["mailer_run_errors_total",]) == (1, 2)
    assert found["mailer_run_look_seconds",] == 0.25
    assert found["mailer_database_up",] == 1
    assert found["mailer_run_process_resident_memory_bytes",] > 1e6
    late = app._clock
    assert isinstance(late, Clock)
    late.time = datetime(2026, 12, 8, tzinfo=UTC)
    assert numbers(app, state)["mailer_schedules_late",] == 1
    assert len(found) < 60  # however many people and sends


def test_without_a_database_the_rest_is_told(tmp_path):
    app = App(tmp_path, {"DATABASE_URL": "sqlite:///mailer.db"})
    assert app.database
    app.let_go()
    app.stay()
    assert app.database_file
    app.database_file.rename(tmp_path / "away.db")
    state = RunState(10, monotonic())
    found = numbers(app, state)
    assert found["mailer_database_up",] == 0
    assert not any(name.startswith("mailer_deliveries") for name, *_ in found)
    assert found["mailer_run_looking",] == 1


def test_it_is_counted_again_only_after_a_rest(app):
    state = RunState(10, monotonic())
    registry = measures(app, state, os.getpid())
    first = registry.get_sample_value("mailer_count_seconds")
    for _ in range(3):
        assert registry.get_sample_value("mailer_count_seconds") == first


def health(app: App, state: RunState) -> list[tuple[int, str]]:
    answers = [ask(app, state, path) for path in ("/healthz", "/readyz")]
    return [(each.status_code, each.text) for each in answers]


def test_health_says_what_is_the_matter(app):
    now = monotonic()
    state = RunState(10, now)
    assert health(app, state) == [(200, "ok\n"), (503, "`mailer run` has not looked yet\n")]
    state.hear(told("ended", now, seconds=0.1, errors=0, away=False))
    assert health(app, state) == [(200, "ok\n")] * 2
    state.hear(told("ended", now, seconds=0.1, errors=1, away=True))
    assert health(app, state)[0] == (200, "ok\n")
    assert health(app, state)[1] == (503, "the database is away, and waited for\n")


def test_it_is_stuck_where_no_sign_of_life_comes():
    state = RunState(10, 1000)
    state.hear(told("begins", 1000))
    assert state.trouble(1000 + BUSY) == ""
    assert "in the middle of a look" in state.trouble(1001 + BUSY)
    state.hear(told("ended", 5000, seconds=4000, errors=0, away=False))
    assert state.trouble(5000 + 30 + TARDY) == ""
    assert "it is to look each 10 s" in state.trouble(5001 + 30 + TARDY)
    state.hear(told("lives", 5100))
    assert state.trouble(5101) == ""
