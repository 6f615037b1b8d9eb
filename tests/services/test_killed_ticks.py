"""Ticks killed at any of their statements, and three at once: each issue goes out once, on its day."""

from __future__ import annotations

import os
import signal
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event, update
from standing_clock import Clock, join, look, workspace, write_issue

from mailer.bootstrap import App
from mailer.domain.audience import Audience
from mailer.domain.delivery import State
from mailer.domain.recurrence import Recurrence
from mailer.sandbox.scripted_server import ScriptedServer, rehearsal
from mailer.services.recurring import add_folder
from mailer.store.schema import chunks

# There is the thread of the mail server, which none of the children needs.
pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")]

MONDAY = datetime(2026, 11, 30, 8, tzinfo=UTC)
WEEK = timedelta(days=7)
READERS = ("ada", "bram", "cee")
KILLED = -signal.SIGKILL


class Fleet:
    """A workspace, its clock and its mail server, for all histories."""

    def __init__(self, app: App, clock: Clock, server: ScriptedServer) -> None:
        self.app, self.clock, self.server = app, clock, server


@pytest.fixture(scope="module")
def fleet(tmp_path_factory, kept_database_url: str) -> Iterator[Fleet]:
    clock = Clock()
    with rehearsal(ScriptedServer()) as server:
        app = workspace(tmp_path_factory.mktemp("workspace"), kept_database_url, clock, server)
        for name in READERS:
            join(app, name)
        add_folder(app, app.root / "issues", Audience(("weekly",)), Recurrence("0 8 * * MON"))
        write_issue(app, "issue-0000")
        clock.time = MONDAY
        look(app)  # what sends is loaded once, and not by each child
        yield Fleet(app, clock, server)
        app.let_go()


def child(work: Callable[[], object]) -> int:
    """Do `work` in a process of its own, and return its number."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        work()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def ended(pids: list[int]) -> list[int]:
    return [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]


def die_at(statement: int) -> None:
    """Have this process killed before its so manieth statement."""
    seen = 0

    def count(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", count)


def looks(app: App, number: int, killed_at: int = 0) -> list[int]:
    """Have so many processes tick at once, killed before one of their statements; return how they ended."""

    def one() -> None:
        if killed_at:
            die_at(killed_at)
        look(app)

    app.let_go()
    return ended([child(one) for _ in range(number)])


def let_leases_end(app: App, now: datetime) -> None:
    """Let time pass for the database's server, too: who was killed holds nothing for long."""
    with app.database.begin() as connection:
        held = update(chunks).where(chunks.c.leased_until.is_not(None))
        connection.execute(held.values(leased_until=now - timedelta(days=3650)))
    app.let_go()


weeks = st.lists(
    st.tuples(
        st.integers(1, 120),  # before which statement a tick is killed; a whole one has fewer than that
        st.integers(0, 3000),  # seconds late that it looks, so that the next ones are within the grace
        st.booleans(),  # whether the clock is set back an hour afterwards
    ),
    min_size=1,
    max_size=1,
)


@settings(max_examples=4, phases=[Phase.generate])  # one workspace for all: none can be made smaller
@given(weeks)
def test_whatever_becomes_of_a_tick_an_issue_goes_out_on_its_day_once(fleet, history):
    app, clock, server = fleet.app, fleet.clock, fleet.server
    for statement, late, set_back in history:
        week = 1 + (clock.time - MONDAY) // WEEK
        clock.time, issue = MONDAY + week * WEEK, f"issue-{week:04}"
        write_issue(app, issue)
        before = len(server.taken)
        clock.time -= timedelta(seconds=1)
        look(app)
        assert len(server.taken) == before
        clock.time += timedelta(seconds=1 + late)
        assert set(looks(app, 1, statement)) <= {KILLED, 0}
        if set_back:
            clock.time -= timedelta(hours=1)
        clock.time += timedelta(minutes=2)
        let_leases_end(app, clock.time)
        assert looks(app, 3) == [0, 0, 0]
        clock.time = max(clock.time, MONDAY + week * WEEK + timedelta(seconds=late)) + timedelta(minutes=2)
        let_leases_end(app, clock.time)
        look(app)
        copies = Counter(each.recipients[0].partition("@")[0] for each in server.taken[before:])
        (send,) = (each for each in app.ledger.sends() if each.slug == issue)
        states = app.queries.totals(send).states
        assert set(states) <= {State.ACCEPTED, State.UNCERTAIN}
        assert sum(states.values()) == len(READERS)
        assert set(copies.values()) == {1}
        assert states.get(State.ACCEPTED, 0) <= len(copies)
        app.let_go()
    due = {each.due_at for each in app.schedules.all() if each.parent_id}
    assert len(due) == len(app.ledger.sends())
    assert {(at.weekday(), at.hour, at.minute) for at in due} == {(0, 8, 0)}
