"""Every gate stands inside: whoever calls, what must not be sent is neither begun nor gone on with."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import event, insert, select, update

from mailer.bootstrap import App
from mailer.domain.address import Address
from mailer.domain.audience import Audience
from mailer.domain.consent import Source, SourceKind
from mailer.domain.send import Send
from mailer.errors import PlanRefused, UsageError
from mailer.message.mime.template import VERSION
from mailer.sandbox.scripted_server import ScriptedServer, rehearsal
from mailer.services.begin import begin, plan
from mailer.services.continuing import Decisions, go_on, take_up
from mailer.services.correct import Correcting
from mailer.services.prepare import PreparedSend, SendRequest, prepare
from mailer.services.rounds import rounds
from mailer.services.schedules import schedule_standings
from mailer.services.subscribe import Subscribe, subscribe
from mailer.services.unsubscribe import Unsubscribe, unsubscribe
from mailer.store.schema import alerts, revisions

ISSUE = """\
---
title: The harbour clock
list: weekly
{}---
Good morning, {{{{ subscriber.name|default("reader") }}}}.

The clock on the ice house is going again.
"""


@pytest.fixture
def app(tmp_path: Path) -> App:
    """A workspace with a list of three, and a mail server that must not be asked."""
    (tmp_path / "issues").mkdir()
    settings = {"SMTP_PORT": "1", "POSTAL_ADDRESS": "1 Quay Street, Port Example"}
    made = App(tmp_path, settings)
    made.lists.create("weekly", made.now(), "Harbour Gazette")
    for name in ("ada", "ben", "cy"):
        wanted = Subscribe(Address.parse(f"{name}@inbox.example"), ("weekly",), Source(SourceKind.COMMAND))
        subscribe(made.database, wanted, made.now())
    return made


def prepared(app: App, more: str = "", name: str = "harbour") -> PreparedSend:
    """Return the issue with these lines in its front matter, under this name."""
    file = app.root / "issues" / f"{name}.md"
    file.write_text(ISSUE.format(more), encoding="utf-8")
    return prepare(app, SendRequest(file, name))


def frozen(app: App) -> list[tuple[str, int]]:
    return [(send.slug, app.queries.totals(send).audience) for send in app.ledger.sends()]


def test_an_issue_is_prepared_without_a_look_at_everybody_on_its_list(app):
    statements = list[str]()
    event.listen(app.database, "before_cursor_execute", lambda *told: statements.append(told[2]))
    prepared(app)
    assert [each for each in statements if "subscriptions" in each] == []


def test_a_send_is_frozen_and_proved_before_anything_is_sent(app):
    begun = begin(prepared(app))
    assert begun.plan is not None
    assert begun.plan.recipients == 3
    assert frozen(app) == [("harbour", 3)]


@pytest.mark.parametrize("call", [plan, begin])
def test_an_issue_with_errors_is_refused_and_nothing_frozen(app, call):
    with pytest.raises(PlanRefused, match=r"harbour is not fit to be sent; nothing was sent:\n.*\(draft\)"):
        call(prepared(app, "draft: true\n"))
    assert frozen(app) == []


def test_only_force_sends_an_issue_with_errors(app):
    assert plan(prepared(app, "draft: true\n"), force=True).recipients == 3
    assert begin(prepared(app, "draft: true\n"), force=True).plan is not None


@pytest.mark.parametrize("call", [plan, begin])
def test_an_issue_whose_file_was_renamed_is_refused_and_nothing_frozen(app, call):
    begin(prepared(app))
    (app.root / "issues" / "harbour.md").unlink()
    with pytest.raises(PlanRefused, match="clock looks like harbour, which went to list weekly"):
        call(prepared(app, name="clock"))
    assert frozen(app) == [("harbour", 3)]
    begin(prepared(app, name="clock"), again=True)
    assert frozen(app) == [("harbour", 3), ("clock", 3)]


def test_an_issue_that_was_edited_is_refused_and_nothing_frozen(app):
    begin(prepared(app))
    with pytest.raises(PlanRefused, match="harbour was edited since its send to list weekly began"):
        begin(prepared(app, "description: It strikes.\n"))
    assert frozen(app) == [("harbour", 3)]


HALTS: dict[str, Callable[[App, Send], object]] = {
    "paused": lambda app, send: app.ledger.pause(send, "ada", app.now()),
    "cancelled": lambda app, send: app.ledger.cancel(send, "ada", app.now()),
}


@pytest.mark.parametrize("word", HALTS)
def test_a_send_that_a_person_halted_is_neither_begun_nor_gone_on_with(app, word):
    ready = prepared(app)
    send = begin(ready).send
    HALTS[word](app, send)
    states = app.queries.totals(send).states
    for call in (
        lambda: begin(ready),
        lambda: take_up(app, send, Decisions()),
        lambda: go_on(app, send),
    ):
        with pytest.raises(PlanRefused, match=f"harbour to list weekly (is|was) {word} by ada"):
            call()
    assert app.queries.totals(send).states == states
    assert frozen(app) == [("harbour", 3)]


@pytest.mark.peers
def test_who_left_since_the_audience_was_frozen_gets_nothing(app):
    with rehearsal(ScriptedServer()) as server:
        app = App(app.root, {"SMTP_PORT": str(server.port), "POSTAL_ADDRESS": "1 Quay Street, Port Example"})
        ready = prepared(app)
        send = begin(ready).send
        left = Unsubscribe(Address.parse("ben@inbox.example"), ("weekly",), Source(SourceKind.COMMAND))
        unsubscribe(app.database, left, app.now())
        report = go_on(app, send)
    assert {taken.recipients for taken in server.taken} == {("ada@inbox.example",), ("cy@inbox.example",)}
    assert report.exit_code == 0


def test_a_list_that_there_is_not_is_named_before_anything_is_begun(app):
    file = app.root / "issues" / "harbour.md"
    file.write_text(ISSUE.format(""), encoding="utf-8")
    with pytest.raises(UsageError, match="montly"):
        prepare(app, SendRequest(file, "harbour", lists=("montly",)))
    with pytest.raises(UsageError, match="montly"):
        prepare(app, SendRequest(file, "harbour", excluded=("montly",)))


def test_a_text_with_errors_corrects_nothing(app):
    send = begin(prepared(app)).send
    edited = prepared(app, "draft: true\n")
    with pytest.raises(PlanRefused, match=r"not fit to be sent; nothing was sent:\n.*\(draft\)"):
        Correcting(edited).plan()
    assert app.ledger.reread(send).revision == send.revision
    assert Correcting(edited, force=True).plan().waiting == 3


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ("draft: true\nsubject: The tide\n", "not fit to be sent"),
        ("slug: regatta\n", "regatta looks like harbour"),
    ],
)
def test_the_clock_begins_nothing_that_a_person_could_not(app: App, more: str, problem: str) -> None:
    begun = begin(prepared(app)).send
    app.ledger.pause(begun, "ada", app.now())
    (app.root / "issues" / "harbour.md").unlink()
    audience = prepared(app, more, name="clock").job.audience
    app.schedules.add("issues/clock.md", audience, app.now(), "UTC", app.now())
    with rounds(app) as made:
        done = made.make(lambda words: None, lambda send: False)
    (standing,) = schedule_standings(app)
    assert (standing.state, frozen(app)) == ("failed", [("harbour", 3)])
    assert problem in standing.words
    assert done.exit_code == 3


def test_a_send_that_an_older_program_began_keeps_its_message_ids_and_its_revision(app):
    send = begin(prepared(app)).send
    ada = next(app.ledger.frozen(send))
    now = app.sending().personaliser_of(send).message_id(ada)
    with app.database.begin() as connection:
        stored = zlib.decompress(connection.scalar(select(revisions.c.template)))
        older = zlib.compress(stored.replace(b'"version":%d' % VERSION, b'"version":1'))
        connection.execute(update(revisions).values(template=older))
    then = app.sending().personaliser_of(send)
    assert then.version == 1
    assert then.message_id(ada) != now
    # The same issue, compiled by the program of today, is no other text: the send goes on.
    assert prepared(app).job.template.revision == send.revision
    assert begin(prepared(app)).send.id == send.id


def alarmed(app: App) -> None:
    """Let something be wrong with what comes back."""
    words = {"key": "blocked:inbox.example", "words": "inbox.example blocks our mail", "since": app.now()}
    with app.database.begin() as connection:
        connection.execute(insert(alerts), words)


def test_while_too_much_comes_back_no_send_begins_and_what_began_goes_on(app):
    begin(prepared(app))
    alarmed(app)
    with pytest.raises(PlanRefused, match="blocks our mail") as caught:
        begin(prepared(app, name="tides"))
    assert "mailer returns alerts --dismiss" in caught.value.next_step
    assert begin(prepared(app)).plan is None
    assert frozen(app) == [("harbour", 3)]


def test_what_is_due_waits_while_too_much_comes_back(app):
    prepared(app, name="tides")
    app.schedules.add("issues/tides.md", Audience(("weekly",)), app.now(), "UTC", app.now())
    alarmed(app)
    said: list[str] = []
    with rounds(app) as made:
        made.make(said.append, lambda send: True)
    (standing,) = schedule_standings(app)
    assert standing.state == "held" and "blocks our mail" in standing.words
    assert frozen(app) == [] and said == ["Alert: inbox.example blocks our mail"]
