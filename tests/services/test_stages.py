"""A send in stages: to some first, to more when that went well; it stops by itself."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from members import TEST, part
from sqlalchemy import delete, func, insert, select
from standing_clock import SATURDAY, Clock, look, workspace, write_issue

from mailer.bootstrap import App
from mailer.domain.address import Address
from mailer.domain.delivery import Halt, Settlement, State
from mailer.domain.outcome import Stage
from mailer.domain.returned import Kind, RecipientVerdict, Returned, Verdict
from mailer.domain.rollout import Rollout
from mailer.domain.send import Send
from mailer.errors import ExitCode, PlanRefused, UsageError
from mailer.ledger.holding import Holding
from mailer.ledger.in_hand import ready
from mailer.people.enrol import Consent, Entry, enrol
from mailer.sandbox.scripted_server import ScriptedServer, rehearsal
from mailer.services.begin import begin, plan
from mailer.services.continuing import Decisions, Portion, go_on, take_up
from mailer.services.halt import cancel, cancellable, pause, resume
from mailer.services.prepare import PreparedSend, SendRequest, prepare
from mailer.services.report import report_on
from mailer.services.return_settings import policy_of
from mailer.services.returns import ReturnedMail, ReturnRecords
from mailer.services.schedules import add, move, remove
from mailer.services.stages import advance_all, refuse_other_stages
from mailer.store.schema import chunks, outcomes

pytestmark = pytest.mark.peers

PEOPLE = 40
HALF_AN_HOUR = timedelta(minutes=30)
ROLLOUT = Rollout.parse("10%,50%,100%", "30m", "failed > 10% or complaints > 5%")


class Refusals:
    """How many of those who are named next a server knows nobody of."""

    left = 0

    def __call__(self, stage: Stage, count: int) -> str | None:
        if stage is Stage.RCPT and self.left:
            self.left -= 1
            return f"550 5.1.1 No such user here, by number {count}"
        return None


@pytest.fixture
def refusals() -> Refusals:
    return Refusals()


@pytest.fixture
def server(refusals: Refusals) -> Iterator[ScriptedServer]:
    with rehearsal(ScriptedServer(refusals)) as made:
        yield made


@pytest.fixture
def app(tmp_path: Path, clock: Clock, server: ScriptedServer) -> App:
    return filled(workspace(tmp_path, "sqlite:///mailer.db", clock, server))


@pytest.fixture
def either(tmp_path: Path, database_url: str, clock: Clock, server: ScriptedServer) -> Iterator[App]:
    """The same on a database of either kind."""
    made = filled(workspace(tmp_path, database_url, clock, server))
    yield made
    made.let_go()


def filled(made: App) -> App:
    weekly = Consent(tuple(made.lists.ids(["weekly"])), TEST, SATURDAY)
    with made.database.begin() as connection:
        everyone = (Address.parse(f"reader{number}@inbox.example") for number in range(PEOPLE))
        enrol(connection, [Entry(each, {}) for each in everyone], weekly)
    return made


def prepared(app: App) -> PreparedSend:
    return prepare(app, SendRequest(write_issue(app, "tide"), "tide", ("weekly",)))


def begun(app: App, rollout: Rollout = ROLLOUT) -> Send:
    return begin(prepared(app), rollout=rollout).send


def got(server: ScriptedServer) -> list[str]:
    return [each.recipients[0] for each in server.taken]


def complained(app: App, send: Send, number: int) -> None:
    accepted = select(outcomes.c.subscriber_id).where(outcomes.c.state == State.ACCEPTED)
    with app.database.connect() as connection:
        people = connection.scalars(accepted.limit(number)).all()
    told = (RecipientVerdict("", Kind.COMPLAINT, "", "taken for spam", ""),)
    mails = [
        ReturnedMail(
            f"complaint of {each}",
            "a test",
            Verdict(Kind.COMPLAINT, told, returned=Returned(send.id, each)),
        )
        for each in people
    ]
    ReturnRecords(lambda: app.database, policy_of(app.settings)).take(mails, app.now())


def test_each_stage_goes_when_the_one_before_is_through_and_has_held(either, clock, server):
    ready_one = prepared(either)
    said = plan(ready_one, rollout=ROLLOUT).text()
    assert "  stage 2 of 3: 16 people, 30m after stage 1 is through (50.0% have it then)\n" in said
    send = begin(ready_one, rollout=ROLLOUT).send
    done, _ = look(either)
    assert len(got(server)) == 4
    assert done.exit_code is ExitCode.AGAIN
    (report,) = done.reports
    assert "  stage 1 of 3: 4 people, done; stage 2 goes from " in report.text()
    assert report.totals.next_due == SATURDAY + HALF_AN_HOUR
    clock.time += HALF_AN_HOUR - timedelta(seconds=1)
    look(either)
    assert len(got(server)) == 4
    clock.time = SATURDAY + HALF_AN_HOUR
    look(either)
    look(either)
    assert len(got(server)) == 20
    clock.time += HALF_AN_HOUR
    done, _ = look(either)
    assert len(set(got(server))) == len(got(server)) == PEOPLE
    assert done.exit_code is ExitCode.COMPLETE
    assert either.queries.discrepancies(send) == []
    totals = either.queries.totals(send)
    assert [(each.people, each.opened_at) for each in totals.stages] == [
        (4, SATURDAY),
        (16, SATURDAY + HALF_AN_HOUR),
        (20, SATURDAY + 2 * HALF_AN_HOUR),
    ]
    assert [each.figures and each.figures.accepted for each in totals.stages] == [4, 20, 40]


def test_nobody_is_called_to_a_stage_that_has_not_come(app):
    send = begun(app)
    with app.database.connect() as connection:
        number = connection.scalar(select(func.count()).where(chunks.c.send_id == send.id))
        assert (number, ready(connection, app.now())) == (3, {send.id: 1})


def test_the_clock_opens_no_stage_of_a_send_that_somebody_sends_by_portions(app, clock, server):
    send = begun(app)
    go_on(app, send, Portion(limit=10))  # more than there are in the stage
    assert app.ledger.reread(send).halted is Halt.LIMITED
    clock.time += timedelta(days=1)
    look(app)
    assert len(got(server)) == 4
    go_on(app, send, Portion(limit=10))
    assert len(got(server)) == 14
    resume(app, "tide")
    for _ in range(2):
        look(app)
        clock.time += HALF_AN_HOUR
    look(app)
    assert len(set(got(server))) == len(got(server)) == PEOPLE


def test_it_stops_by_itself_and_says_why(app, clock, server, refusals):
    send, refusals.left = begun(app), 1
    look(app)  # the whole stage was tried: one of four
    send = app.ledger.reread(send)
    assert send.halted is Halt.STOPPED
    assert send.halted_by == "failed > 10%: 1 of 4 (25.00%)"
    clock.time += timedelta(days=1)
    done, said = look(app)
    assert len(got(server)) == 3
    assert done.reports == []
    assert "is stopped by itself (failed > 10%: 1 of 4 (25.00%)) on" in said[0]
    assert said[-1] == "  next: mailer resume tide"
    report = report_on(app, send)
    assert report.exit_code is ExitCode.REFUSED
    assert report.next_steps[1:] == [
        "to let it go on all the same: mailer resume tide",
        "or never: mailer cancel tide",
    ]
    with pytest.raises(PlanRefused, match="stopped by itself"):
        go_on(app, send)


def test_a_person_lets_it_go_on_and_what_comes_then_is_judged(either, clock, server, refusals):
    send, refusals.left = begun(either), 1
    look(either)
    clock.time += timedelta(days=1)
    (resumed,) = resume(either, "tide")
    assert resumed.totals.open == 36
    refusals.left = 3
    look(either)
    assert either.ledger.reread(send).halted_by == "failed > 10%: 3 of 16 (18.75%)"
    resume(either, "tide")
    clock.time += HALF_AN_HOUR
    refusals.left = 1
    look(either)
    totals = either.queries.totals(send)
    assert totals.states == {State.ACCEPTED: 35, State.FAILED: 5}
    assert either.queries.discrepancies(send) == []


def settled(person: int, state: State) -> Settlement:
    return Settlement(
        person, state, SATURDAY, Stage.CONTENT, "250 Ok" if state is State.ACCEPTED else "550 No"
    )


def test_no_more_is_taken_once_it_can_not_be_otherwise(either):
    send = begun(either, Rollout.parse("60%,100%", "0s", "failed > 10%"))
    with either.database.begin() as connection:  # as in an audience of thousands, a stage has several chunks
        first, _ = connection.execute(select(chunks).order_by(chunks.c.id)).all()
        for people in (first.people[:10], first.people[10:]):
            row = {"first": people[0], "last": people[-1], "people": people, "queued": len(people)}
            connection.execute(insert(chunks).values(send_id=send.id, stage=1, is_open=True, **row))
        connection.execute(delete(chunks).where(chunks.c.id == first.id))
    holding = Holding(either.database, send, "one")
    claims = holding.take(either.now())
    assert len(claims) == 10
    states = [State.FAILED] * 2 + [State.ACCEPTED] * 7  # two of the twenty-four of the stage is no tenth
    holding.record([settled(each.delivery_id, state) for each, state in zip(claims, states, strict=False)])
    assert holding.halted() is None
    holding.record([settled(claims[-1].delivery_id, State.FAILED)])
    assert Holding(either.database, send, "two").take(either.now()) == []
    assert holding.halted() is Halt.STOPPED
    assert either.ledger.reread(send).halted_by == "failed > 10%: 3 of 10 (30.00%)"
    assert either.queries.discrepancies(send) == []


def test_complaints_stop_it_while_it_holds(app, clock, server):
    send = begun(app)
    look(app)
    complained(app, send, 1)
    clock.time += timedelta(minutes=5)
    done, _ = look(app)
    (report,) = done.reports
    assert report.send.halted_by == "complaints > 5%: 1 of 4 (25.00%)"
    clock.time += timedelta(days=1)
    look(app)
    assert len(got(server)) == 4


def test_so_do_readers_who_leave(either, clock, server):
    send = begun(
        either, Rollout.parse("10%,100%", "30m", "unsubscribed >= 1 and bounced > 9 or unsubscribed > 1")
    )
    look(either)
    for email in got(server)[:2]:
        part(either.database, email, "weekly", now=either.now())
    look(either)
    assert either.ledger.reread(send).halted_by == "unsubscribed > 1: 2 of 4 (50.00%)"


def test_in_the_foreground_it_is_waited_for(app, server):
    send = begun(app, Rollout.parse("10%,100%", "0s", "never"))
    said: list[str] = []
    report = go_on(app, send, tell=said.append)
    assert (report.settled, report.exit_code) == (PEOPLE, ExitCode.COMPLETE)
    assert said == []  # nothing to wait for
    assert len(set(got(server))) == PEOPLE


def test_a_send_that_holds_is_not_taken_for_one_with_nothing_to_do(app):
    send = begun(app)
    look(app)
    report = take_up(app, send, Decisions())
    assert report.holds
    assert (report.queued, report.totals.open) == (0, 36)


def test_workers_on_many_machines_open_the_next_stage_too(app, clock):
    send = begun(app)
    look(app)
    advance_all(app)
    with app.database.connect() as connection:
        assert ready(connection, app.now()) == {}
    clock.time += HALF_AN_HOUR
    advance_all(app)
    advance_all(app)
    with app.database.connect() as connection:
        assert ready(connection, app.now()) == {send.id: 1}


def test_of_several_processes_that_look_one_opens_it(either, clock):
    send = begun(either)
    look(either)
    clock.time += HALF_AN_HOUR
    others = [App(either.root, settings=either.settings, clock=clock) for _ in range(3)]
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(advance_all, others))
    for each in others:
        each.let_go()
    opened = [each.number for each in either.queries.totals(send).stages if each.opened_at]
    assert opened == [1, 2]
    with either.database.connect() as connection:
        assert ready(connection, either.now()) == {send.id: 1}


def test_pause_and_cancel_mean_all_stages(app, clock, server):
    send = begun(app)
    look(app)
    pause(app, "tide")
    clock.time += timedelta(days=1)
    look(app)
    assert len(got(server)) == 4
    resume(app, "tide")
    cancel(app, cancellable(app, "tide"))
    look(app)
    assert app.queries.totals(send).states == {State.ACCEPTED: 4, State.CANCELLED: 36}
    assert report_on(app, send).next_steps == ["mailer verify tide"]
    assert app.queries.discrepancies(send) == []


def test_a_schedule_begins_it_in_its_stages(app, clock, server):
    request = SendRequest(write_issue(app, "tide"), "tide", ("weekly",))
    added = add(app, request, "in 1h", print, rollout=ROLLOUT)
    assert added.schedule.rollout == ROLLOUT
    clock.time += timedelta(hours=1)
    look(app)
    assert len(got(server)) == 4


def test_other_stages_than_it_was_begun_with_are_refused(app):
    send = begun(app)
    refuse_other_stages(send, None)
    refuse_other_stages(send, ROLLOUT)
    with pytest.raises(UsageError, match="was begun with --stages 10%,50%,100%"):
        refuse_other_stages(send, Rollout.parse("100%"))


def test_a_schedule_that_is_under_way_is_ended_by_ending_its_send(app, clock):
    request = SendRequest(write_issue(app, "tide"), "tide", ("weekly",))
    number = add(app, request, "in 1 min", print, rollout=ROLLOUT).schedule.id
    clock.time += timedelta(minutes=2)
    look(app)
    for change in (partial(remove, app, number), partial(move, app, number, "in 2h")):
        with pytest.raises(UsageError, match=f"schedule {number} is begun") as refused:
            change()
        assert refused.value.next_step == "To end it: mailer cancel tide"
