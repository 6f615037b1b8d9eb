"""Nine o'clock where each reader is, as one send: each at their moment, once, unless they left by then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from standing_clock import SATURDAY, Clock, join, look, workspace, write_issue

from mailer.bootstrap import App
from mailer.domain.address import Address
from mailer.domain.consent import Source, SourceKind
from mailer.domain.delivery import State
from mailer.errors import UsageError
from mailer.sandbox.scripted_server import ScriptedServer
from mailer.services.begin import begin, plan
from mailer.services.erase import erase
from mailer.services.local_time import local_time
from mailer.services.prepare import PreparedSend, SendRequest, prepare
from mailer.services.schedules import add, move
from mailer.services.unsubscribe import Unsubscribe, unsubscribe

pytestmark = pytest.mark.peers

ZONES = {
    "apia": "Pacific/Apia",
    "kathmandu": "Asia/Kathmandu",
    "lisbon": "Europe/Lisbon",
    "nowhere": "",
    "york": "America/New_York",
}
# When it is nine there on the 29th: by the zone of those who have none, too.
TIMES = {
    "apia": datetime(2026, 11, 28, 20, tzinfo=UTC),
    "kathmandu": datetime(2026, 11, 29, 3, 15, tzinfo=UTC),
    "lisbon": datetime(2026, 11, 29, 9, tzinfo=UTC),
    "nowhere": datetime(2026, 11, 29, 9, tzinfo=UTC),
    "york": datetime(2026, 11, 29, 14, tzinfo=UTC),
}


@pytest.fixture
def app(tmp_path: Path, database_url: str, clock: Clock, server: ScriptedServer) -> Iterator[App]:
    made = workspace(tmp_path, database_url, clock, server)
    for name, zone in ZONES.items():
        join(made, name, **({"timezone": zone} if zone else {}))
    yield made
    made.let_go()


def prepared(app: App) -> PreparedSend:
    return prepare(app, SendRequest(write_issue(app, "tide"), "tide", ("weekly",)))


def got(server: ScriptedServer) -> list[str]:
    return sorted(each.recipients[0].partition("@")[0] for each in server.taken)


def test_each_gets_it_when_it_is_that_where_they_are_and_once(app, clock, server):
    ready = prepared(app)
    local = local_time(app, "2026-11-29 09:00")
    assert plan(ready, local=local).departures == {
        TIMES["apia"]: 1,
        TIMES["kathmandu"]: 1,
        TIMES["lisbon"]: 2,
        TIMES["york"]: 1,
    }
    begun = begin(ready, local=local)
    assert begun.plan
    assert begun.plan.departures == plan(ready, again=True, local=local).departures
    assert "  goes      Sat 2026-11-28 20:00 UTC  1\n" in begun.plan.text()
    for moment in sorted(set(TIMES.values())):
        clock.time = moment - timedelta(seconds=1)
        look(app)
        assert got(server) == sorted(name for name, at in TIMES.items() if at < moment)
        clock.time = moment
        look(app)
        look(app)
        assert got(server) == sorted(name for name, at in TIMES.items() if at <= moment)
    totals = app.queries.totals(begun.send)
    assert (totals.states, totals.later) == ({State.ACCEPTED: 5}, 0)
    assert app.queries.discrepancies(begun.send) == []


def test_what_waits_for_its_time_is_neither_sent_now_nor_taken_for_done(app, clock):
    send = begin(prepared(app), local=local_time(app, "2026-11-29 09:00")).send
    done, _ = look(app)
    assert done.reports == []
    totals = app.queries.totals(send)
    assert (totals.states, totals.later, totals.next_due) == ({State.QUEUED: 5}, 5, TIMES["apia"])
    assert [each.id for each in app.ledger.unfinished()] == [send.id]
    assert app.queries.discrepancies(send) == []


def test_who_leaves_or_is_erased_before_their_time_gets_nothing(app, clock, server):
    send = begin(prepared(app), local=local_time(app, "2026-11-29 09:00")).send
    left = Unsubscribe(Address.parse("york@inbox.example"), ("weekly",), Source(SourceKind.COMMAND))
    unsubscribe(app.database, left, app.now())
    erase(app, Address.parse("lisbon@inbox.example"))
    clock.time = SATURDAY + timedelta(days=2)
    look(app)
    assert got(server) == ["apia", "kathmandu", "nowhere"]
    assert app.queries.totals(send).states == {State.ACCEPTED: 3, State.CANCELLED: 2}
    assert app.queries.discrepancies(send) == []


def test_a_send_that_is_cancelled_goes_to_nobody_whose_time_was_to_come(app, clock, server):
    send = begin(prepared(app), local=local_time(app, "2026-11-29 09:00")).send
    clock.time = TIMES["apia"]
    look(app)
    app.ledger.cancel(send, "ada", app.now())
    clock.time += timedelta(days=2)
    look(app)
    assert got(server) == ["apia"]
    assert app.queries.totals(send).states == {State.ACCEPTED: 1, State.CANCELLED: 4}


def test_where_that_is_past_it_is_the_next_day_or_at_once(app, clock, server):
    clock.time = datetime(2026, 11, 29, 10, tzinfo=UTC)
    begin(prepared(app), local=local_time(app, "09:00"))
    look(app)
    assert got(server) == []
    clock.time = TIMES["york"]
    look(app)
    assert got(server) == ["york"]
    clock.time = TIMES["lisbon"] + timedelta(days=1)
    look(app)
    assert len(got(server)) == 5


@pytest.mark.parametrize(
    ("typed", "problem"),
    [("2026-11-27 09:00", "is past everywhere"), ("soon", "is not a time of the day")],
)
def test_a_time_that_helps_nobody_is_refused(app, typed, problem):
    with pytest.raises(UsageError, match=problem):
        local_time(app, typed)


@pytest.mark.parametrize(("hour", "day"), [(6, 29), (20, 29), (21, 30), (23, 30)])
def test_a_time_without_a_day_is_of_today_or_of_tomorrow_once_that_is_past_everywhere(app, clock, hour, day):
    clock.time = datetime(2026, 11, 29, hour, 30, tzinfo=UTC)
    assert local_time(app, "09:00").wall == datetime.fromisoformat(f"2026-11-{day} 09:00")


@pytest.mark.parametrize("first", ["2026-11-30 09:00", "2026-12-24 07:00"])
def test_a_schedule_begins_before_it_is_that_anywhere(app, clock, first):
    request = SendRequest(write_issue(app, "tide"), "tide", ("weekly",))
    added = add(app, request, first, print, by_local_time=True)
    if "12-24" in first:
        added = replace(added, schedule=move(app, added.schedule.id, "2026-11-30 09:00"))
    for by_local_time, word in ((True, "move"), (False, "remove")):
        with pytest.raises(UsageError) as refused:
            add(app, request, "2026-12-01 09:00", print, by_local_time=by_local_time)
        assert f"mailer schedule {word} 1" in refused.value.next_step
    assert added.schedule.when == "Mon 2026-11-30 09:00 where each reader is"
    clock.time = datetime(2026, 11, 29, 18, 59, tzinfo=UTC)
    look(app)
    assert app.ledger.sends() == []
    clock.time += timedelta(minutes=1)
    look(app)
    (send,) = app.ledger.sends()
    assert app.queries.departures(send) == {
        TIMES["apia"] + timedelta(days=1): 1,
        TIMES["kathmandu"] + timedelta(days=1): 1,
        TIMES["lisbon"] + timedelta(days=1): 2,
        TIMES["york"] + timedelta(days=1): 1,
    }
