"""Sequences on a clock of the test's own: each step once, at its moment, to nobody who said no."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path

import pytest
from sequence_workspace import COMMAND, got, person, standing, write_due, write_sequence, write_step
from sqlalchemy import select
from standing_clock import SATURDAY, Clock, join, look, workspace

from mailer.bootstrap import App
from mailer.domain.consent import Source, SourceKind
from mailer.errors import PlanRefused, UsageError
from mailer.people.enrol import Consent, Entry, enrol
from mailer.people.pausing import pause as pause_person
from mailer.sandbox.scripted_server import ScriptedServer
from mailer.services.edit import Edit, edit
from mailer.services.erase import erase
from mailer.services.merge import change_address, merge
from mailer.services.sequence_people import start, start_segment, stop_everybody, stop_people
from mailer.services.sequences import activate, pause
from mailer.services.subscribe import Subscribe, subscribe
from mailer.services.unsubscribe import Unsubscribe, unsubscribe
from mailer.store.schema import deliveries, sequence_members, sequence_steps

pytestmark = pytest.mark.peers

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
OURS = Source(SourceKind.COMMAND, "test")


@pytest.fixture
def app(tmp_path: Path, database_url: str, clock: Clock, server: ScriptedServer) -> Iterator[App]:
    made = workspace(tmp_path, database_url, clock, server)
    join(made, "ada")
    yield made
    made.let_go()


def put_in(app: App, name: str, rules: str = COMMAND, **steps: str) -> Path:
    folder = write_sequence(app, name, rules, **steps)
    activate(app, name)
    return folder


def leave(app: App, name: str = "ada") -> None:
    unsubscribe(app.database, Unsubscribe(person(name), ("weekly",), OURS), app.now())


def come_back(app: App, name: str = "ada") -> None:
    subscribe(app.database, Subscribe(person(name), ("weekly",), OURS, anew=True), app.now())


def pass_days(app: App, clock: Clock, days: float) -> None:
    clock.time += timedelta(days=days)
    assert write_due(app) == []


def mailed(server: ScriptedServer) -> list[str]:
    return [str(message_from_bytes(each.content)["Subject"]) for each in server.taken]


def test_steps_are_mailed_each_once_by_days_and_times(app, clock, server):
    put_in(app, "first", s1_hello="", s2_quay='after: 3d\nat: "09:00"', s3_tide="after: 2h")
    assert start(app, "first", [person("ada")]) == 1
    for moment, known in (
        (SATURDAY, 1),
        (datetime(2026, 12, 1, 8, 59, 59, tzinfo=UTC), 1),
        (datetime(2026, 12, 1, 9, tzinfo=UTC), 2),
        (datetime(2026, 12, 1, 11, tzinfo=UTC), 3),
        (datetime(2027, 12, 1, 11, tzinfo=UTC), 3),
    ):
        clock.time = moment
        for _ in range(2):
            assert look(app)[0].errors == []
        assert mailed(server) == ["About hello", "About quay", "About tide"][:known]
    assert standing(app) == ["finished"]
    head = message_from_bytes(server.taken[0].content)
    assert "List-Unsubscribe" in head
    assert head["Feedback-ID"] == "1-hello:weekly:sequence:gazette.example"


@pytest.mark.parametrize("how", ["leaves", "comes back", "is suppressed"])
def test_who_leaves_gets_nothing_more_even_if_they_come_back(app, clock, how):
    put_in(app, "first", s1_hello="", s2_tide="after: 1d")
    start(app, "first", [person("ada")])
    pass_days(app, clock, 0)
    clock.time += HOUR
    if how == "is suppressed":
        unsubscribe(app.database, Unsubscribe(person("ada"), None, OURS), app.now())
    else:
        leave(app)
    if how == "comes back":
        clock.time += HOUR
        come_back(app)
    pass_days(app, clock, 3)
    (found,) = standing(app)
    assert found.startswith("left: ")
    assert [step for _, step, _ in got(app)] == ["hello"]
    if how == "comes back":
        with pytest.raises(UsageError, match="was in first before"):
            start(app, "first", [person("ada")])
        start(app, "first", [person("ada")], again=True)
        pass_days(app, clock, 0)
        pass_days(app, clock, 1)
        assert [step for _, step, _ in got(app)] == ["hello", "tide"]
        with app.database.connect() as connection:
            assert len(connection.scalars(select(deliveries.c.send_id)).all()) == 3


def test_who_left_between_letter_and_mail_gets_none(app, clock, server):
    put_in(app, "first", s1_hello="")
    start(app, "first", [person("ada")])
    pass_days(app, clock, 0)
    leave(app)
    look(app)
    assert server.taken == []


def test_who_pauses_waits_and_goes_on_then(app, clock):
    put_in(app, "first", s1_hello="", s2_tide="after: 1d")
    start(app, "first", [person("ada")])
    pass_days(app, clock, 0)
    with app.database.begin() as connection:
        pause_person(connection, 1, None, clock.time + 10 * DAY, OURS, app.now())
    for days in (2, 7.9, 0.1, 5):
        pass_days(app, clock, days)
    assert [(step, at) for _, step, at in got(app)] == [
        ("hello", "2026-11-28 08:00"),
        ("tide", "2026-12-08 08:00"),
    ]


def test_a_goal_ends_it_and_a_segment_passes_by(app, clock):
    for name in ("bo", "cy"):
        join(app, name, tags="boat")
    rules = COMMAND + 'goal = "tag:member"\n'
    put_in(app, "first", rules, s1_hello="", s2_boat="after: 1d\nonly: tag:boat", s3_tide="after: 1d")
    start(app, "first", [person(name) for name in ("ada", "bo", "cy")])
    pass_days(app, clock, 0)
    edit(app.database, Edit(person("cy"), {"tags": "boat, member"}), app.now())
    pass_days(app, clock, 1)
    pass_days(app, clock, 1)
    assert [(name, step) for name, step, _ in got(app)] == [
        ("ada", "hello"),
        ("bo", "hello"),
        ("cy", "hello"),
        ("ada", "boat: not in segment tag:boat"),
        ("bo", "boat"),
        ("ada", "tide"),
        ("bo", "tide"),
    ]
    assert standing(app, "cy") == ["goal: in segment tag:member"]


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


def test_begins_by_the_tag_that_somebody_gets_and_not_by_one_that_they_had(app, clock):
    edit(app.database, Edit(person("ada"), {"tags": "Press"}), app.now())
    join(app, "bo")
    put_in(app, "first", 'list = "weekly"\nstart = { tag = "press" }\n', s1_hello="")
    pass_days(app, clock, 0)
    clock.time += HOUR
    edit(app.database, Edit(person("bo"), {"tags": "press, north"}), app.now())
    edit(app.database, Edit(person("ada"), {"tags": "press, north"}), app.now())
    pass_days(app, clock, 0)
    pass_days(app, clock, 1)
    assert got(app) == [("bo", "hello", "2026-11-28 09:00")]
    assert standing(app, "ada") == ["before"]
    assert start(app, "first", [person("ada")]) == 1  # a command is another word
    pass_days(app, clock, 1)
    assert [name for name, _, _ in got(app)] == ["bo", "ada"]


def test_begins_each_year_by_a_date_where_the_reader_is(app, clock):
    born = {"ada": "1990-12-01", "bo": "1992-02-29", "cy": "1980-12-01", "dee": "1970-06-01"}
    for name, zone in (("bo", "Europe/Lisbon"), ("cy", "Asia/Kathmandu"), ("dee", "America/New_York")):
        join(app, name, timezone=zone, birthday=born[name])
    edit(app.database, Edit(person("ada"), {"birthday": born["ada"]}), app.now())
    rules = 'list = "weekly"\nstart = { date = "birthday", each = "year" }\n'
    put_in(app, "birthday", rules, s1_wishes='at: "09:00"')
    for day in ("2026-11-30", "2027-02-27", "2027-05-31", "2027-11-30", "2028-02-27", "2028-05-31"):
        midnight = datetime.fromisoformat(day).replace(tzinfo=UTC)
        for hours in (0, 3.25, 9, 14, 24, 27.25, 33, 38, 51.25, 57, 62):  # nine o'clock in each zone
            clock.time = midnight + hours * HOUR
            assert write_due(app) == []
    days = [(name, at[:10]) for name, _, at in got(app)]
    assert sorted(days) == sorted(
        [
            ("cy", "2026-12-01"),
            ("ada", "2026-12-01"),
            ("bo", "2027-02-28"),
            ("dee", "2027-06-01"),
            ("cy", "2027-12-01"),
            ("ada", "2027-12-01"),
            ("bo", "2028-02-29"),
            ("dee", "2028-06-01"),
        ]
    )


def test_reminders_of_a_date_stop_when_the_date_is_another_one(app, clock):
    edit(app.database, Edit(person("ada"), {"renewal": "2026-12-20"}), app.now())
    rules = 'list = "weekly"\nstart = { date = "renewal", before = "7d" }\n'
    put_in(app, "renewal", rules, s1_soon='at: "09:00"', s2_now='after: 6d\nat: "09:00"')
    clock.time = datetime(2026, 12, 12, tzinfo=UTC)
    for _ in range(48):
        pass_days(app, clock, 1 / 24)
    assert [(step, at) for _, step, at in got(app)] == [("soon", "2026-12-13 09:00")]
    edit(app.database, Edit(person("ada"), {"renewal": "2027-12-20"}), app.now())
    pass_days(app, clock, 9)
    assert standing(app) == ["left: the date is another one now"]
    clock.time = datetime(2027, 12, 12, tzinfo=UTC)
    for _ in range(9):
        pass_days(app, clock, 1)
    assert [step for _, step, _ in got(app)] == ["soon", "soon", "now"]


def test_a_birthday_that_nobody_looked_at_is_over(app, clock):
    edit(app.database, Edit(person("ada"), {"birthday": "1990-12-01"}), app.now())
    rules = 'list = "weekly"\nstart = { date = "birthday", each = "year" }\n'
    put_in(app, "birthday", rules, s1_wishes='at: "09:00"')
    clock.time = datetime(2026, 11, 30, 12, tzinfo=UTC)
    write_due(app)  # it is seen to come, and then nothing looks for two days
    clock.time = datetime(2026, 12, 3, 12, tzinfo=UTC)
    write_due(app)
    assert got(app) == [("ada", "wishes: too late", "2026-12-03 12:00")]


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
    clock.time += HOUR
    assert write_due(app) == []  # said once
    assert len(got(app)) == 1
    write_step(folder, "s1_welcome", "slug: hello")
    write_due(app)
    assert [step for _, step, _ in got(app)] == ["hello", "quay"]


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


def test_who_is_taken_out_by_a_command_gets_nothing_more(app, clock):
    join(app, "bo")
    put_in(app, "first", s1_hello="", s2_tide="after: 1d")
    assert start_segment(app, "first", "email is known") == 2
    assert start_segment(app, "first", "email is known") == 0
    pass_days(app, clock, 0)
    assert stop_people(app, "first", [person("ada")]) == 1
    with pytest.raises(UsageError, match="gets nothing more of first as it is"):
        stop_people(app, "first", [person("ada")])
    assert stop_everybody(app, "first") == 1
    pass_days(app, clock, 2)
    assert len(got(app)) == 2


def test_who_may_not_be_mailed_can_not_begin(app):
    put_in(app, "first", s1_hello="")
    join(app, "bo")
    leave(app, "bo")
    with pytest.raises(UsageError, match="which is for the list weekly: unsubscribed"):
        start(app, "first", [person("ada"), person("bo")])
    assert standing(app, "ada") == []  # all or none
    with pytest.raises(UsageError, match="nobody here has the address"):
        start(app, "first", [person("nobody")])


def test_two_records_of_one_person_stand_once_with_all_that_either_got(app, clock):
    join(app, "bo")
    put_in(app, "first", s1_hello="", s2_quay="after: 1d", s3_tide="after: 1d")
    start(app, "first", [person("ada")])
    pass_days(app, clock, 0)
    pass_days(app, clock, 1)  # ada got hello and quay
    start(app, "first", [person("bo")])
    pass_days(app, clock, 0)  # bo got hello
    look(app)
    merge(app.database, person("bo"), person("ada"), OURS, app.now())
    pass_days(app, clock, 1)
    pass_days(app, clock, 1)
    assert [(name, step) for name, step, _ in got(app)] == [("bo", "hello"), ("bo", "quay"), ("bo", "tide")]
    assert standing(app, "bo") == ["finished"]


def test_what_was_taken_back_when_records_were_joined_comes_to_who_is_left(app, clock, server):
    join(app, "bo")
    put_in(app, "first", s1_hello="", s2_tide="after: 1d")
    start(app, "first", [person("ada")])
    pass_days(app, clock, 0)  # its mail waits still
    merge(app.database, person("bo"), person("ada"), OURS, app.now())
    for _ in range(3):
        look(app)
        clock.time += DAY
    assert mailed(server) == ["About hello", "About tide"]
    assert {each.recipients[0] for each in server.taken} == {"bo@inbox.example"}


def test_who_left_by_one_record_has_left(app, clock):
    join(app, "bo")
    put_in(app, "first", s1_hello="", s2_tide="after: 1d")
    start(app, "first", [person("ada"), person("bo")])
    pass_days(app, clock, 0)
    look(app)
    leave(app, "bo")
    merge(app.database, person("ada"), person("bo"), OURS, app.now())
    pass_days(app, clock, 2)
    (found,) = standing(app)
    assert found.startswith("left")
    assert len(got(app)) == 1


def test_another_address_is_the_same_person_and_who_is_erased_is_gone(app, clock):
    put_in(app, "first", s1_hello="", s2_tide="after: 1d")
    start(app, "first", [person("ada")])
    pass_days(app, clock, 0)
    look(app)
    change_address(app.database, person("ada"), person("countess"), OURS, app.now())
    pass_days(app, clock, 1)
    assert [(name, step) for name, step, _ in got(app)] == [("countess", "hello"), ("countess", "tide")]
    erase(app, person("countess"))
    with app.database.connect() as connection:
        assert connection.scalars(select(sequence_members.c.subscriber_id)).all() == []
        assert connection.scalars(select(sequence_steps.c.subscriber_id)).all() == []


def test_three_at_once_write_each_letter_once(app, clock):
    with app.database.begin() as connection:
        terms = Consent((1,), OURS, app.now())
        enrol(connection, [Entry(person(f"reader{number}")) for number in range(1200)], terms)
    put_in(app, "first", s1_hello="", s2_tide="after: 0d")
    assert start_segment(app, "first", "email is known") == 1201
    others = [App(app.root, app._environ, clock=clock) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(write_due, others)) == [[], [], []]
    for each in others:
        each.let_go()
    with app.database.connect() as connection:
        assert len(connection.scalars(select(deliveries.c.send_id)).all()) == 2402
        assert len(connection.scalars(select(sequence_steps.c.step)).all()) == 2402
