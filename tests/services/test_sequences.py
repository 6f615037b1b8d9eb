"""Sequences on a clock of the test's own: each step once, at its moment, to nobody who said no."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from sequence_workspace import COMMAND, got, pass_days, person, put_in, standing, write_due
from sqlalchemy import func, select
from standing_clock import SATURDAY, join, look

from mailer.bootstrap import App
from mailer.domain.consent import Source, SourceKind
from mailer.domain.suppression import Suppression
from mailer.errors import UsageError
from mailer.ledger.holding import Holding
from mailer.ledger.marking import MarkedHolding
from mailer.people.enrol import Consent, Entry, enrol
from mailer.people.pausing import pause as pause_person
from mailer.sandbox.scripted_server import ScriptedServer
from mailer.services import suppressions
from mailer.services.confirm_link import ConfirmLinks
from mailer.services.edit import Edit, Pause, edit, pause
from mailer.services.erase import erase
from mailer.services.merge import change_address, merge
from mailer.services.sequence_people import start, start_segment, stop_everybody, stop_people
from mailer.services.signup import Reception, Submission, desk, opened, sign_up
from mailer.services.subscribe import Subscribe, subscribe
from mailer.services.unsubscribe import Unsubscribe, unsubscribe
from mailer.store.dialect import is_shared
from mailer.store.schema import deliveries, sequence_members, sequence_steps

pytestmark = pytest.mark.peers

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
OURS = Source(SourceKind.COMMAND, "test")


def leave(app: App, name: str = "ada") -> None:
    unsubscribe(app.database, Unsubscribe(person(name), ("weekly",), OURS), app.now())


def come_back(app: App, name: str = "ada") -> None:
    subscribe(app.database, Subscribe(person(name), ("weekly",), OURS, anew=True), app.now())


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


@pytest.mark.parametrize("how", ["leaves", "comes back", "is suppressed", "is mailed again"])
def test_who_leaves_gets_nothing_more_even_if_they_come_back(app, clock, how):
    put_in(app, "first", s1_hello="", s2_tide="after: 1d")
    start(app, "first", [person("ada")])
    pass_days(app, clock, 0)
    clock.time += HOUR
    if how == "is suppressed":
        unsubscribe(app.database, Unsubscribe(person("ada"), None, OURS), app.now())
    elif how == "is mailed again":
        suppressions.add(
            app.database, Suppression(person("ada").key, "bounced", "", app.now()), OURS, app.now()
        )
        clock.time += HOUR
        lifting = suppressions.look(app.database, person("ada").key)
        suppressions.lift(app.database, lifting, OURS, "mended", app.now(), they_asked=False)
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


def test_while_a_mail_waits_the_next_one_does_and_comes_so_long_after_it(app, clock):
    put_in(app, "first", s1_hello="", s2_tide="after: 1d", s3_quay="after: 1d")
    start(app, "first", [person("ada")])
    for _ in range(5 * 24):  # the mail server is away
        assert write_due(app, mail=False) == []
        clock.time += HOUR
    assert [step for _, step, _ in got(app)] == ["hello"]
    pass_days(app, clock, 0)  # it is there again
    pass_days(app, clock, 23 / 24)
    assert len(got(app)) == 1
    pass_days(app, clock, 1 / 24)
    pass_days(app, clock, 1)
    assert [step for _, step, _ in got(app)] == ["hello", "tide", "quay"]


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


def test_who_comes_back_early_goes_on_at_once(app, clock):
    put_in(app, "first", s1_hello="", s2_tide="after: 1d")
    start(app, "first", [person("ada")])
    pass_days(app, clock, 0)
    pause(app.database, Pause(person("ada"), None, clock.time + 100 * DAY, OURS), app.now())
    pass_days(app, clock, 2)
    pause(app.database, Pause(person("ada"), None, None, OURS), app.now())
    pass_days(app, clock, 0)
    assert [step for _, step, _ in got(app)] == ["hello", "tide"]


@pytest.mark.parametrize("in_hand", [False, True])
def test_who_pauses_while_a_letter_waits_gets_it_on_return_and_then_the_next(app, clock, in_hand):
    put_in(app, "first", s1_hello="", s2_quay="after: 20d", s3_tide="after: 20d")
    start(app, "first", [person("ada")])
    pass_days(app, clock, 0)
    times = []
    for step in ("quay", "tide"):  # the last one, too, by which she is through
        clock.time += 20 * DAY
        write_due(app, mail=False)
        (send,) = [each for each in app.ledger.unfinished() if step in each.slug]
        hand = (MarkedHolding if is_shared(app.database) else Holding)(app.database, send, f"worker {step}")
        claims = hand.take(app.now()) if in_hand else []
        pause(app.database, Pause(person("ada"), None, clock.time + 10 * DAY, OURS), app.now())
        assert hand.withdraw([each.delivery_id for each in claims], app.now()) == ({1} if in_hand else set())
        assert hand.take(app.now()) == []
        hand.give_back(app.now())
        for days in (0, 1, 8.5):
            before = got(app)
            pass_days(app, clock, days)
            assert (standing(app), got(app)) == (["active"], before)
        pass_days(app, clock, 0.5)
        times.append(f"{clock.time:%Y-%m-%d %H:%M}")
        assert got(app)[-1] == ("ada", step, times[-1])
    pass_days(app, clock, 100)
    assert standing(app) == ["finished"]
    assert [at for _, _, at in got(app)] == ["2026-11-28 08:00", *times]


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
    write_due(app, mail=False)  # it waits still
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
    put_in(app, "first", s1_hello="")
    put_in(app, "other", s1_tide="")
    assert (
        start_segment(app, "first", "email is known") == start_segment(app, "other", "email is known") == 1201
    )
    others = [App(app.root, app._environ, clock=clock) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(partial(write_due, mail=False), others)) == [[], [], []]
    for each in others:
        each.let_go()
    with app.database.connect() as connection:
        assert len(connection.scalars(select(deliveries.c.send_id)).all()) == 2402
        assert len(connection.scalars(select(sequence_steps.c.step)).all()) == 2402


PLACES = {
    "lisbon": "Europe/Lisbon",
    "howe": "Australia/Lord_Howe",
    "kathmandu": "Asia/Kathmandu",
    "apia": "Pacific/Apia",
    "york": "America/New_York",
}


def test_through_a_year_each_gets_each_step_at_nine_where_they_are_once(app, clock):
    zones = {"ada": "UTC", **PLACES}
    for name, zone in PLACES.items():
        join(app, name, timezone=zone)
    rules = COMMAND
    steps = {f"s{number}_part{number}": 'after: 60d\nat: "09:00"' for number in range(6)}
    put_in(app, "year", rules, **steps)
    start(app, "year", [person(name) for name in zones])
    # From one thing that is due to the next, by a wide step and back over each by three looks.
    m = sequence_members.c
    while True:
        with app.database.connect() as connection:
            coming = connection.scalar(select(func.min(m.next_at)))
        if coming is None:
            break
        for moment in (coming - timedelta(milliseconds=1), coming, coming):
            clock.time = max(clock.time, moment)
            assert write_due(app) == []
    letters = got(app)
    assert len(letters) == len(set(letters)) == 6 * 6
    for name, zone in zones.items():
        times = [
            datetime.fromisoformat(at).replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
            for who, _, at in letters
            if who == name
        ]
        assert {f"{each:%H:%M}" for each in times} == {"09:00"}
        first = SATURDAY.astimezone(ZoneInfo(zone)).date()
        assert [(each.date() - first).days for each in times] == [60, 120, 180, 240, 300, 360]
        assert len({each.utcoffset() for each in times}) == (2 if name in ("lisbon", "howe", "york") else 1)


@pytest.mark.parametrize("double", [True, False])
def test_begins_by_their_own_word_and_not_by_a_file_or_a_command(app, clock, double):
    here = app._environ | {"BASE_URL": "http://127.0.0.1:8000", "SECRET_KEY": "a key", "SIGNUP_SECONDS": "0"}
    app = App(app.root, here, clock=clock)
    app.lists.change("weekly", {"is_public": True, "double_opt_in": double}, app.now())
    put_in(app, "first", 'list = "weekly"\nstart = "confirmation"\n', s1_hello="")
    put_in(app, "tagged", 'list = "weekly"\nstart = { tag = "press" }\n', s1_tide="")
    join(app, "bo", tags="press")  # a command, which is not their word; but the tag is one
    at = desk(app)
    assert at
    entry = Submission("eve@inbox.example", ["weekly"], {}, "en", "Sign up", stamp=opened(app))
    assert sign_up(app, at, entry) == {}
    clock.time += HOUR
    Reception(app).settle()
    pass_days(app, clock, 0)
    if double:
        assert [name for name, _, _ in got(app, "first")] == []
        with app.database.connect() as connection:
            ((fields,),) = connection.execute(
                select(deliveries.c.fields).where(deliveries.c.fields.is_not(None))
            )
        links = ConfirmLinks(app)
        token = links.read(fields["link"].rpartition("/")[2])
        assert token
        for _ in range(2):
            links.confirm(token, entry)
        pass_days(app, clock, 0)
    assert [(name, step) for name, step, _ in got(app)] == [("bo", "tide"), ("eve", "hello")]
    app.let_go()
