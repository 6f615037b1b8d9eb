"""The files of a sequence change, break, or are other ones; on a clock of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time, timedelta
from pathlib import Path

import pytest
from sequence_workspace import (
    COMMAND,
    got,
    pass_days,
    person,
    put_in,
    standing,
    write_due,
    write_sequence,
    write_step,
)
from standing_clock import Clock, join, look, workspace

from mailer.bootstrap import App
from mailer.domain.consent import Source, SourceKind
from mailer.errors import IssueError, MailerError, PlanRefused, UsageError
from mailer.sandbox.scripted_server import ScriptedServer
from mailer.services.begin import begin
from mailer.services.edit import Edit, edit
from mailer.services.notices import sheets
from mailer.services.prepare import SendRequest, prepare
from mailer.services.segments import create
from mailer.services.segments import delete as forget
from mailer.services.sequence_due import any_to_follow
from mailer.services.sequence_files import read_rules
from mailer.services.sequence_people import start
from mailer.services.sequence_steps import follow
from mailer.services.sequences import activate, pause, standing_of
from mailer.services.subscribe import Subscribe, subscribe
from mailer.services.unsubscribe import Unsubscribe, unsubscribe

pytestmark = pytest.mark.peers

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
OURS = Source(SourceKind.COMMAND, "test")


@pytest.fixture
def app(tmp_path: Path, clock: Clock, server: ScriptedServer) -> Iterator[App]:
    made = workspace(tmp_path, "sqlite:///mailer.db", clock, server)
    join(made, "ada")
    yield made
    made.let_go()


def leave(app: App, name: str = "ada") -> None:
    unsubscribe(app.database, Unsubscribe(person(name), ("weekly",), OURS), app.now())


def test_a_step_that_names_what_is_not_known_passes_them_by(app, clock):
    join(app, "bo")
    edit(app.database, Edit(person("bo"), {"name": "Bo"}), app.now())
    folder = write_sequence(app, "first", s1_hello="")
    write_step(folder, "s2_quay", "after: 1d", "{{ subscriber.name|default('reader') }}")
    activate(app, "first")
    start(app, "first", [person("ada"), person("bo")])
    pass_days(app, clock, 0)
    write_step(folder, "s2_quay", "after: 1d", "{{ subscriber.name }}")
    pass_days(app, clock, 1)
    (first, second) = got(app)[2:]
    assert first[1].startswith("quay: ")
    assert second[:2] == ("bo", "quay")


def test_edits_change_what_comes_and_nobody_gets_a_step_twice(app, clock):
    join(app, "bo")
    folder = put_in(app, "first", s1_hello="", s3_quay="after: 2d", s5_tide="after: 2d")
    start(app, "first", [person("ada")])
    pass_days(app, clock, 0)
    pass_days(app, clock, 2)  # ada got hello and quay
    start(app, "first", [person("bo")])
    pass_days(app, clock, 0)
    # Put in before where ada stands, and after where bo does; another time; another number; another text.
    write_step(folder, "s2_map", "after: 1d")
    (folder / "5-tide.md").unlink()
    write_step(folder, "s7_tide", "after: 1d", "as it reads now")
    pass_days(app, clock, 1)
    pass_days(app, clock, 2)
    pass_days(app, clock, 1)
    assert [(name, step) for name, step, _ in got(app)] == [
        ("ada", "hello"),
        ("ada", "quay"),
        ("bo", "hello"),
        ("ada", "tide"),
        ("bo", "map"),
        ("bo", "quay"),
        ("bo", "tide"),
    ]
    write_step(folder, "s9_more", "after: 1d")
    pass_days(app, clock, 9)
    assert standing(app) == ["finished"]  # and stays so


def test_a_step_under_another_name_holds_the_sequence_until_it_is_said_which_it_is(app, clock):
    folder = put_in(app, "first", s1_hello="", s2_quay="after: 1d")
    start(app, "first", [person("ada")])
    pass_days(app, clock, 0)
    (folder / "1-hello.md").rename(folder / "1-welcome.md")
    clock.time += DAY
    (error,) = write_due(app)
    assert "1-welcome.md is a new step, and the step hello is gone" in error.problem
    assert "slug: hello" in error.next_step
    assert "slug: hello" in standing_of(app, "first").problem
    clock.time += HOUR
    assert write_due(app) == []  # said once
    assert len(got(app)) == 1
    write_step(folder, "s1_welcome", "slug: hello")
    write_due(app)
    assert [step for _, step, _ in got(app)] == ["hello", "quay"]


@pytest.mark.parametrize("meanwhile", [write_due, lambda app: pause(app, "first")])
def test_a_step_that_was_away_for_a_while_comes_to_nobody_twice(app, clock, meanwhile):
    folder = put_in(app, "first", s1_hello="", s2_quay="after: 9d")
    start(app, "first", [person("ada")])
    pass_days(app, clock, 0)
    (folder / "1-hello.md").unlink()
    meanwhile(app)
    write_step(folder, "s1_welcome")
    with pytest.raises(PlanRefused, match="the step hello is gone") as refused:
        activate(app, "first")
    assert "mailer sequences activate first --new-step" in refused.value.next_step
    write_due(app)
    assert len(got(app)) == 1
    activate(app, "first", new_step=True)
    pass_days(app, clock, 0)
    assert [step for _, step, _ in got(app)] == ["hello", "welcome"]


def test_a_broken_step_holds_its_sequence_and_no_other(app, clock):
    folder = put_in(app, "first", s1_hello="", s2_quay="after: 1d")
    put_in(app, "other", s1_tide="")
    start(app, "first", [person("ada")])
    start(app, "other", [person("ada")])
    (folder / "2-quay.md").write_text("---\ntitle: Quay\nNo end.\n", encoding="utf-8")
    done, _ = look(app)
    (error,) = done.errors
    assert "2-quay.md" in error.problem
    assert done.exit_code == 2
    (told,) = sheets(app, 9)
    assert (told.notice.event, told.notice.title) == ("sequence.held", "The sequence first is held")
    assert told.notice.lines == (error.problem, f"Next: {error.next_step}")
    assert look(app)[0].errors == []
    assert [step for _, step, _ in got(app)] == ["tide"]
    write_step(folder, "s2_quay", "after: 1d")
    write_due(app)
    pass_days(app, clock, 1)
    assert sorted(step for _, step, _ in got(app)) == ["hello", "quay", "tide"]


def test_one_with_an_error_that_check_finds_is_not_put_in_force_and_not_sent(app, clock):
    folder = write_sequence(app, "first", s1_hello="")
    write_step(folder, "s2_quay", "after: 1d", "*|FNAME|*")
    with pytest.raises(PlanRefused, match="merge-tag"):
        activate(app, "first")
    write_step(folder, "s2_quay", "after: 1d")
    activate(app, "first")
    start(app, "first", [person("ada")])
    pass_days(app, clock, 0)
    write_step(folder, "s2_quay", "after: 1d", "*|FNAME|*")
    clock.time += DAY
    (error,) = write_due(app)
    assert "2-quay.md is not fit to be sent" in error.problem
    assert len(got(app)) == 1


def test_a_paused_one_waits_and_another_list_is_no_matter_of_course(app, clock):
    app.lists.create("tides", app.now(), "Tide Tables")
    folder = put_in(app, "first", s1_hello="", s2_quay="after: 1d")
    start(app, "first", [person("ada")])
    pause(app, "first")
    pass_days(app, clock, 3)
    assert got(app) == []
    activate(app, "first")
    pass_days(app, clock, 0)
    assert len(got(app)) == 1
    (folder / "sequence.toml").write_text(COMMAND.replace("weekly", "tides"), encoding="utf-8")
    clock.time += DAY
    (error,) = write_due(app)
    assert "is tides now, and it is in force for weekly" in error.problem
    assert len(got(app)) == 1


def test_a_round_that_is_under_way_hears_that_it_is_paused(app):
    put_in(app, "first", s1_hello="")
    start(app, "first", [person("ada")])
    found = any_to_follow(app)
    pause(app, "first")
    assert follow(app, found, lambda: False, {}) == []
    assert got(app) == []


def test_who_left_the_list_gets_nothing_by_way_of_another_one(app, clock):
    app.lists.create("tides", app.now(), "Tide Tables")
    subscribe(app.database, Subscribe(person("ada"), ("tides",), OURS), app.now())
    folder = put_in(app, "first", s1_hello="", s2_quay="after: 1d")
    start(app, "first", [person("ada")])
    pass_days(app, clock, 0)
    leave(app)
    (folder / "sequence.toml").write_text(COMMAND.replace("weekly", "tides"), encoding="utf-8")
    activate(app, "first")
    pass_days(app, clock, 1)
    assert [step for _, step, _ in got(app)] == ["hello"]
    assert standing(app) == ["left: is not on the list any more"]


def test_who_may_not_be_mailed_can_not_begin(app):
    put_in(app, "first", s1_hello="")
    join(app, "bo")
    leave(app, "bo")
    with pytest.raises(UsageError, match="which is for the list weekly: unsubscribed"):
        start(app, "first", [person("ada"), person("bo")])
    assert standing(app, "ada") == []  # all or none
    with pytest.raises(UsageError, match="nobody here has the address"):
        start(app, "first", [person("nobody")])


def test_a_segment_that_a_sequence_asks_for_is_not_forgotten(app):
    create(app, "boats", "tag:boat", "")
    put_in(app, "first", COMMAND + 'goal = "segment:boats and tag:press"\n', s1_hello="")
    with pytest.raises(UsageError, match="the sequence first asks who is in the segment boats"):
        forget(app, "boats")


def test_a_step_is_no_issue_that_goes_at_once(app):
    folder = write_sequence(app, "first", s1_hello="only: tag:boat")
    prepared = prepare(app, SendRequest(folder / "1-hello.md", "hello", ("weekly",)))
    with pytest.raises(IssueError, match="only: is for a step of a sequence"):
        begin(prepared)


def test_a_step_that_some_got_goes_to_the_whole_list_only_if_that_is_said(app, clock):
    folder = put_in(app, "first", s1_hello="")
    start(app, "first", [person("ada")])
    pass_days(app, clock, 0)
    file = folder / "1-hello.md"
    with pytest.raises(PlanRefused, match="looks like sequence:first:hello") as refused:
        begin(prepare(app, SendRequest(file, str(file), ("weekly",))))
    assert refused.value.next_step == (
        f"To send it to everybody all the same: mailer send-issue {file} --list weekly --again"
    )


GOOD = {"sequence.toml": COMMAND, "1-hello.md": "---\ntitle: Hello\n---\nGood morning.\n"}
HEAD = "---\ntitle: Tide\n"


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"sequence.toml": "list = weekly\n"}, "sequence.toml:1: Invalid value"),
        ({"sequence.toml": 'start = "command"\n'}, "says no list"),
        ({"sequence.toml": 'list = "weekly"\n'}, "says no start: write"),
        ({"sequence.toml": 'list = "weekli"\nstart = "command"\n'}, "sequence.toml:1: .*did you mean weekly"),
        (
            {"sequence.toml": COMMAND + 'gaol = "x"\n'},
            "sequence.toml:3: 'gaol' is nothing .*mean goal",
        ),
        ({"sequence.toml": COMMAND + "goal = 3\n"}, "sequence.toml:3: goal = 3 is not"),
        ({"sequence.toml": COMMAND + 'goal = "tag:"\n'}, "sequence.toml:3: column 4"),
        (
            {"sequence.toml": 'list = "weekly"\nstart = "comand"\n'},
            "sequence.toml:2: start = 'comand'",
        ),
        ({"sequence.toml": 'list = "weekly"\nstart = { tag = "" }\n'}, "sequence.toml:2: start"),
        ({"sequence.toml": 'list = "weekly"\nstart = { date = "born" }\n'}, "date = 'born' is no field here"),
        (
            {"sequence.toml": 'list = "weekly"\nstart = { date = "born", each = "month" }\n'},
            'each = .month. is neither "year" nor "once"',
        ),
        (
            {"sequence.toml": 'list = "weekly"\nstart = { date = "born", before = "2h" }\n'},
            "before = '2h' is no number of days",
        ),
        ({"1-hello.md": GOOD["1-hello.md"].replace("title", "draft: true\ntitle")}, "has no step"),
        ({"2-tide.md": HEAD + "---\nHigh water.\n"}, "2-tide.md: says no after"),
        ({"2-tide.md": HEAD + "after: soon\n---\nHigh water.\n"}, "2-tide.md:3: after: 'soon' is no stretch"),
        ({"2-tide.md": HEAD + "after: 9999d\n---\nHigh water.\n"}, "2-tide.md:3: .* longer than 3650 days"),
        (
            {"2-tide.md": HEAD + "after: 1d\nat: noon\n---\nHigh water.\n"},
            "2-tide.md:4: at: 'noon' is not",
        ),
        ({"2-tide.md": HEAD + "after: 1d\nlist: x\n---\nHigh water.\n"}, "2-tide.md:4: list: a step goes to"),
        ({"2-tide.md": HEAD + "after: 1d\nsegment: x\n---\nHigh water.\n"}, "2-tide.md:4: segment: a step"),
        ({"2-tide.md": HEAD + "after: 1d\nonly: nobody\n---\nHigh water.\n"}, "no segment nobody"),
        (
            {"2-hello.md": HEAD + "after: 1d\n---\nHigh water.\n"},
            "2-hello.md: is called hello, as",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_file_and_line(app, files, words):
    folder = app.root / "sequences" / "first"
    folder.mkdir(parents=True)
    for name, text in (GOOD | files).items():
        (folder / name).write_text(text, encoding="utf-8")
    with pytest.raises(MailerError, match=words) as raised:
        read_rules(app, "first")
    assert raised.value.exit_code == 2
    assert raised.value.next_step


@pytest.mark.parametrize("name", ["frist", "../first", "First", ""])
def test_a_sequence_that_is_not_there_is_named(app, name):
    write_sequence(app, "first", s1_hello="")
    with pytest.raises(UsageError, match="there is no sequence"):
        read_rules(app, name)


def test_steps_follow_each_other_by_the_numbers_of_their_files(app):
    folder = write_sequence(app, "first", s1_hello="", s10_last="after: 1d", s9_nine="after: 1d")
    (folder / "5-five").mkdir()
    (folder / "5-five" / "index.md").write_text(
        "---\ntitle: Five\nafter: 2h\nat: 7:30\n---\nFive.\n", encoding="utf-8"
    )
    write_step(folder, "s2_quay", "after: 1d\nslug: key")
    steps = read_rules(app, "first").plan.steps
    assert [each.key for each in steps] == ["hello", "key", "five", "nine", "last"]
    assert steps[2].at == time(7, 30)
