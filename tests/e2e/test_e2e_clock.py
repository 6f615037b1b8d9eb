"""Delivery on a clock: what is due goes out once, whoever looks."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import sqlite3
import subprocess
import time
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta

import pytest
from harbour_workspace import ISSUE, children

from mailer.domain.moment import utc_text
from mailer.domain.outcome import Stage
from mailer.engine.workers import WORTHWHILE
from mailer.sandbox.scripted_server import Act

LATER = "2099-12-01 08:00"


def soon(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def make_due(workspace, *numbers: int) -> None:
    """Let the schedules with these numbers be due, as if their time had come a little while ago."""
    lately = utc_text(datetime.now(UTC) - timedelta(minutes=5))
    with closing(sqlite3.connect(workspace.root / "subscribers" / "mailer.db")) as database, database:
        for number in numbers:
            database.execute("UPDATE schedules SET due_at = ? WHERE id = ?", [lately, number])


def test_a_schedule_is_echoed_in_both_zones_and_goes_out_when_due(workspace, server):
    workspace.people(3)
    workspace.settings["TZ"] = "Europe/Berlin"
    said = workspace.run("schedule", "add", "harbour", "--at", LATER).stdout
    assert "08:00 CET (Europe/Berlin) = 07:00 UTC" in said
    assert workspace.run("tick").stdout == ""
    assert server.taken == []
    make_due(workspace, 1)
    assert "Began harbour to list weekly (schedule 1): 3 people" in workspace.run("tick").stdout
    assert len(server.taken) == 3
    assert workspace.run("tick").stdout == ""
    (done,) = workspace.data("schedule", "list")
    assert (done["state"], done["note"]) == ("done", "3 of 3 got it")
    assert "schedule 1 is done" in workspace.run("schedule", "remove", "1", expect=2).stderr
    workspace.run("schedule", "remove", "7", expect=2)


def test_the_same_issue_is_scheduled_once_for_a_list_and_can_be_moved(workspace):
    workspace.run("lists", "create", "daily")
    workspace.run("schedule", "add", "harbour", "-l", "weekly", "-l", "daily", "--at", LATER)
    workspace.run("schedule", "add", "harbour", "--at", LATER)
    copy = workspace.issue(ISSUE.replace("title:", "slug: harbour\ntitle:"), "copy.md")
    for again in (
        ["2026-11-22-harbour", "-l", "daily", "-l", "weekly"],
        [copy, "-l", "weekly", "-l", "daily"],
    ):
        refused = workspace.run("schedule", "add", *again, "--at", "2098-12-01 08:00", expect=2).stderr
        assert "schedule 1 sends harbour to lists " in refused
        assert "2099-12-01 08:00" in refused
    move = refused.partition("To move it: ")[2].strip()
    assert "2098-12-01 08:00" in workspace.run(*shlex.split(move)[1:]).stdout
    assert workspace.data("schedule", "list")[0]["due_at"].startswith("2098-12-01")
    workspace.run("schedule", "move", "9", "--at", LATER, expect=2)
    workspace.run("schedule", "remove", "1")
    copy.unlink()
    workspace.run("schedule", "add", "harbour", "-l", "weekly", "-l", "daily", "--at", LATER)
    assert [each["state"] for each in workspace.data("schedule", "list")].count("waiting") == 2


def test_a_schedule_whose_issue_went_out_says_so_and_began_nothing(workspace, server):
    workspace.people(3)
    workspace.run("schedule", "add", "harbour", "--at", LATER)
    workspace.run("send-issue", "harbour", "--yes", "-q")
    refused = workspace.run("schedule", "add", "harbour", "--at", LATER, expect=3).stderr
    assert "3 of 3 got it" in refused
    assert "mailer send-issue harbour --list weekly --again" in refused
    (waits,) = workspace.data("schedule", "list")
    assert waits["state"] == "waiting"
    assert "will begin nothing: harbour was begun on" in waits["note"]
    make_due(workspace, 1)
    said = workspace.run("tick").stdout
    assert "Schedule 1 began nothing: harbour to list weekly was begun on" in said
    (done,) = workspace.data("schedule", "list")
    assert done["state"] == "done"
    assert "without it; 3 of 3 got it" in done["note"]


def test_a_schedule_says_what_its_send_says(workspace, server):
    server.script = lambda stage, count: "451 later" if (stage, count) == (Stage.RCPT, 2) else None
    workspace.people(3)
    workspace.run("schedule", "add", "harbour", "--at", LATER)
    make_due(workspace, 1)
    (late,) = workspace.data("schedule", "list")
    assert late["state"] == "late"
    workspace.run("tick", expect=75)
    (begun,) = workspace.data("schedule", "list")
    assert (begun["state"], begun["note"]) == ("begun", "2 of 3 got it, 1 will be tried again")
    assert "under way" in workspace.run("schedule", "add", "harbour", "--at", LATER, expect=3).stderr
    workspace.run("pause", "harbour")
    assert workspace.data("schedule", "list")[0]["state"] == "paused"
    workspace.run("lists", "create", "daily")
    workspace.run("schedule", "add", "harbour", "--list", "daily", "--at", LATER)
    told = workspace.run("cancel", "harbour", "--yes").stderr
    assert "schedule 2 waits to send it to list daily" in told
    workspace.run(*shlex.split(told.partition("take it back with: ")[2])[1:])
    cancelled, _ = workspace.data("schedule", "list")
    assert cancelled["state"] == "cancelled"
    assert "2 of 3 got it, 1 never will" in cancelled["note"]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("2027-03-28 02:30", "clocks go forward"),
        ("2020-01-01 08:00", "past"),
        ("soon", "not a time"),
    ],
)
def test_a_time_that_can_not_be_meant_is_refused(workspace, typed, words):
    workspace.settings["TZ"] = "Europe/Berlin"
    assert words in workspace.run("schedule", "add", "harbour", "--at", typed, expect=2).stderr
    assert workspace.data("schedule", "list") == []


def test_a_broken_issue_is_refused_when_it_is_scheduled(workspace):
    workspace.issue("---\ntitle: x\nlist: weekly\n---\n{{ subscirber.name }}\n")
    assert ":5: " in workspace.run("schedule", "add", "harbour", "--at", soon(60), expect=2).stderr


def test_two_ticks_at_once_send_once(workspace, server):
    workspace.people(400)
    workspace.run("schedule", "add", "harbour", "--at", LATER)
    make_due(workspace, 1)
    ticks = [workspace.start("tick") for _ in range(3)]
    said = ""
    for tick in ticks:
        out, errors = tick.communicate(timeout=120)
        assert tick.returncode in (0, 75), out + errors
        said += out
    assert said.count("Began harbour") == 1
    workspace.run("tick")
    recipients = [message.recipients[0] for message in server.taken]
    assert len(recipients) == len(set(recipients)) == 400
    workspace.run("verify", "harbour")


def test_of_several_ticks_one_says_that_a_schedule_failed(workspace):
    workspace.run("schedule", "add", "harbour", "--at", LATER)
    make_due(workspace, 1)
    ticks = [workspace.start("tick") for _ in range(3)]
    said = [tick.communicate(timeout=120)[1] for tick in ticks]
    assert "".join(said).count("nobody would get harbour") == 1
    assert sorted(tick.returncode for tick in ticks) == [0, 0, 3]


def test_tick_goes_on_with_what_a_killed_send_left(workspace, server):
    workspace.people(1500)
    process = workspace.start("send-issue", "harbour", "--yes", "-q")
    while len(server.taken) < 200 and process.poll() is None:
        time.sleep(0.005)
    process.kill()
    process.communicate()
    tick = workspace.start("tick")
    tick.communicate(timeout=120)
    assert tick.returncode in (0, 5)
    recipients = [message.recipients[0] for message in server.taken]
    assert len(recipients) == len(set(recipients))
    assert workspace.data("verify", "harbour", expect=tick.returncode)[0]["clean"]


def test_a_schedule_that_can_not_begin_is_kept_as_failed_and_stops_no_other(workspace, server):
    workspace.people(2)
    other = workspace.issue("---\ntitle: Other\nlist: weekly\n---\nHello.\n", "other.md")
    for issue in ("harbour", other):
        workspace.run("schedule", "add", issue, "--at", LATER)
    (workspace.root / "issues" / "2026-11-22-harbour.md").unlink()
    make_due(workspace, 1, 2)
    done = workspace.run("tick", expect=2)
    assert "2026-11-22-harbour.md" in done.stderr
    assert len(server.taken) == 2
    states = {each["issue"]: each["state"] for each in workspace.data("schedule", "list")}
    assert states == {"issues/2026-11-22-harbour.md": "failed", "issues/other.md": "done"}


def test_run_sends_what_falls_due_and_stops_cleanly_on_sigterm(workspace, server):
    workspace.people(2000)
    workspace.run("schedule", "add", "harbour", "--at", soon(4))
    process = workspace.start("run", "--every", "0.2")
    deadline = time.monotonic() + 120
    while len(server.taken) < 50 and time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    out, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert "Began harbour" in out
    assert "nothing is in flight" in errors
    sent = len(server.taken)
    assert 50 <= sent < 2000
    states = workspace.data("status")[0]["states"]
    assert (states["accepted"], states["uncertain"], states["claimed"]) == (sent, 0, 0)
    workspace.run("tick")
    assert len({message.recipients[0] for message in server.taken}) == len(server.taken) == 2000


needs_two_processors = pytest.mark.skipif(
    len(os.sched_getaffinity(0)) < 2, reason="one processor sends best with one process"
)


def begun_by_the_clock(workspace, server, *command: object) -> tuple[subprocess.Popen[str], list[int]]:
    """A large send that a schedule has begun, under way; return also the processes that send it."""
    workspace.people(WORTHWHILE)
    workspace.run("schedule", "add", "harbour", "--at", LATER)
    make_due(workspace, 1)
    process = workspace.start(*command)
    while len(server.taken) < 300:
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)
    return process, children(process.pid)


@needs_two_processors
def test_a_large_send_on_a_clock_is_sent_by_several_processes(workspace, server):
    tick, workers = begun_by_the_clock(workspace, server, "tick")
    assert len(workers) >= 2
    out, errors = tick.communicate(timeout=120)
    assert tick.returncode == 0, errors
    assert "Began harbour" in out
    assert f"accepted {WORTHWHILE:,}" in out
    assert len({message.recipients[0] for message in server.taken}) == len(server.taken) == WORTHWHILE
    workspace.run("verify", "harbour")


@needs_two_processors
def test_run_sends_a_large_one_with_several_processes_and_stops_them_cleanly(workspace, server):
    process, workers = begun_by_the_clock(workspace, server, "run", "--every", "0.2")
    assert len(workers) >= 2
    # As a service manager does it: all of them get the signal.
    for pid in (process.pid, *workers):
        os.kill(pid, signal.SIGTERM)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert "nothing is in flight" in errors
    sent = len(server.taken)
    assert 300 <= sent < WORTHWHILE
    states = workspace.data("status")[0]["states"]
    assert (states["accepted"], states["uncertain"], states["claimed"]) == (sent, 0, 0)
    again = workspace.start("run", "--every", "0.2")
    while len(server.taken) < WORTHWHILE:
        assert again.poll() is None
        time.sleep(0.01)
    workspace.issue("---\ntitle: Tide\nlist: weekly\n---\nHigh at nine.\n", "tide.md")
    workspace.run("schedule", "add", "tide", "--at", LATER)
    make_due(workspace, 2)
    while len(server.taken) < 2 * WORTHWHILE:
        assert again.poll() is None, "it goes on with round after round"
        time.sleep(0.01)
    again.send_signal(signal.SIGINT)
    out, errors = again.communicate(timeout=120)
    assert again.returncode == 0, errors
    assert out.count(f"accepted {WORTHWHILE:,}") == 2
    assert len({message.recipients[0] for message in server.taken[WORTHWHILE:]}) == WORTHWHILE


@needs_two_processors
def test_a_second_signal_ends_a_large_tick_at_once(workspace, server):
    server.script = lambda stage, count: Act.HUSH if stage is Stage.CONTENT and count > 300 else None
    tick, workers = begun_by_the_clock(workspace, server, "tick")
    assert len(workers) >= 2
    time.sleep(0.5)
    tick.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    assert tick.poll() is None, "the first signal waits for what is in flight"
    tick.send_signal(signal.SIGTERM)
    _, errors = tick.communicate(timeout=120)
    assert tick.returncode == 130, errors
    states = workspace.data("status")[0]["states"]
    assert (states["accepted"], states["claimed"], states["handed"]) == (300, 0, 0)
    assert 1 <= states["uncertain"] <= 4


def test_a_send_that_fails_stops_no_other(workspace, server):
    workspace.people(3)
    workspace.issue("---\ntitle: Other\nlist: weekly\n---\nHello.\n", "other.md")
    for issue in ("harbour", "other"):
        workspace.run("send-issue", issue, "--yes", "--limit", "1", expect=75)
        workspace.run("resume", issue)
    with closing(sqlite3.connect(workspace.root / "subscribers" / "mailer.db")) as database, database:
        database.execute("UPDATE lists SET name = 'daily' WHERE name = 'weekly'")
        for column in ("audience", "audience_put"):
            database.execute(f"UPDATE sends SET {column} = replace({column}, 'weekly', 'daily') WHERE id = 2")
    failed = workspace.run("tick", expect=2)
    assert failed.stderr.count("Error:") == 1
    assert "accepted 3" in failed.stdout
    assert len(server.taken) == 4


def test_deferred_mail_goes_out_by_itself_when_its_time_has_come(workspace, server):
    server.script = lambda stage, count: "451 later" if (stage, count) == (Stage.RCPT, 1) else None
    workspace.people(1)
    workspace.run("send-issue", "harbour", "--yes", expect=75)
    assert workspace.run("tick").stdout == ""
    with closing(sqlite3.connect(workspace.root / "subscribers" / "mailer.db")) as database, database:
        database.execute("UPDATE chunks SET due_at = '2026-01-01T00:00:00.000Z' WHERE due_at IS NOT NULL")
    assert "accepted 1" in workspace.run("tick").stdout


def test_a_server_that_turns_us_away_is_not_hammered(workspace, server):
    server.script = lambda stage, count: "535 5.7.8 who are you?" if stage is Stage.CONNECT else None
    workspace.people(1)
    workspace.run("send-issue", "harbour", "--yes", expect=2)
    process = workspace.start("run", "--every", "0.1")
    while server.connections < 2 and process.poll() is None:
        time.sleep(0.01)
    time.sleep(2)
    process.terminate()
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert "535 5.7.8 who are you?" in errors
    assert server.connections <= 6


def test_a_schedule_removed_while_another_begins_does_not_go_out(workspace, server):
    workspace.people(4000)
    other = workspace.issue("---\ntitle: Other\nlist: weekly\n---\nHello.\n", "other.md")
    for issue in ("harbour", other):
        workspace.run("schedule", "add", issue, "--at", LATER)
    make_due(workspace, 1, 2)
    tick = workspace.start("tick")
    database = workspace.root / "subscribers" / "mailer.db"
    with closing(sqlite3.connect(database)) as connection:
        while not connection.execute("SELECT 1 FROM sends").fetchone():
            assert tick.poll() is None
        with connection:
            connection.execute("UPDATE schedules SET state = 'removed' WHERE id = 2")
    out, errors = tick.communicate(timeout=120)
    assert tick.returncode == 0, errors
    assert "Began harbour" in out
    assert "Began other" not in out
    assert len(server.taken) == 4000


def test_an_excluded_list_that_is_gone_lets_nothing_out(workspace, server):
    workspace.people(2)
    workspace.run("lists", "create", "staff")
    workspace.run("subscribers", "add", "reader0@inbox.example", "--list", "staff")
    workspace.run("schedule", "add", "harbour", "--exclude", "staff", "--at", LATER)
    with closing(sqlite3.connect(workspace.root / "subscribers" / "mailer.db")) as database, database:
        database.execute("UPDATE lists SET name = 'crew' WHERE name = 'staff'")
    make_due(workspace, 1)
    assert "there is no list staff" in workspace.run("tick", expect=2).stderr
    assert server.taken == []
    assert workspace.data("schedule", "list")[0]["state"] == "failed"


def test_a_schedule_goes_out_as_the_command_would_send_it(workspace, server):
    workspace.people(2)
    workspace.run("lists", "create", "daily")
    lists = ("--list", "weekly", "--list", "daily")
    workspace.run("schedule", "add", "harbour", *lists, "--at", LATER)
    make_due(workspace, 1)
    workspace.run("tick")
    assert "nothing to do" in workspace.run("send-issue", "harbour", *lists, "--yes").stderr


def test_a_setting_that_is_missing_leaves_the_schedule_due(workspace, server):
    workspace.people(2)
    workspace.run("schedule", "add", "harbour", "--at", LATER)
    workspace.settings |= {"BASE_URL": "https://gazette.example", "SECRET_KEY": ""}
    make_due(workspace, 1)
    (workspace.root / ".env").write_text("POSTAL_ADDRESS=1 Quay Street\n")
    workspace.run("tick", expect=2)
    (held,) = workspace.data("schedule", "list")
    assert held["state"] == "held"
    assert "SECRET_KEY" in held["note"]
    workspace.settings["SECRET_KEY"] = "long and random"
    workspace.run("tick")
    assert len(server.taken) == 2


def test_a_second_signal_stops_a_run_at_once_and_names_what_was_in_flight(workspace, server):
    server.script = lambda stage, count: Act.HUSH if stage is Stage.CONTENT and count > 10 else None
    workspace.people(50)
    workspace.settings["SMTP_CONNECTIONS"] = "3"
    workspace.run("send-issue", "harbour", "--yes", "-q", "--limit", "1", expect=75)
    workspace.run("resume", "harbour")
    process = workspace.start("run", "--every", "0.1")
    deadline = time.monotonic() + 120
    while len(server.taken) < 13 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.5)
    process.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    assert process.poll() is None, "the first signal waits for what is in flight"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "skipped" not in errors
    states = workspace.data("status")[0]["states"]
    assert (states["accepted"], states["uncertain"], states["claimed"], states["queued"]) == (10, 3, 0, 37)


def test_what_check_calls_an_error_is_refused_when_it_is_set_and_when_it_is_due(workspace, server):
    workspace.people(1)
    issue = next((workspace.root / "issues").iterdir())
    good = issue.read_text()
    bad = good.replace("The clock", "[The](TK) clock")
    issue.write_text(bad)
    assert "link-placeholder" in workspace.run("schedule", "add", "harbour", "--at", LATER, expect=3).stderr
    issue.write_text(good)
    workspace.run("schedule", "add", "harbour", "--at", LATER)
    issue.write_text(bad)
    make_due(workspace, 1)
    assert "link-placeholder" in workspace.run("tick", expect=3).stderr
    (schedule,) = workspace.data("schedule", "list")
    assert (schedule["state"], server.taken) == ("failed", [])
    assert "link-placeholder" in schedule["note"]


def test_a_folder_is_sent_issue_by_issue_and_its_times_are_shown(workspace, server):
    workspace.people(2)
    said = workspace.run(
        "schedule", "add", "--folder", "issues", "--cron", "0 8 * * MON", "--list", "weekly"
    ).stdout
    assert "Schedule 1: the next of issues to list weekly" in said
    assert "with issues/2026-11-22-harbour.md" in said
    assert len(workspace.run("schedule", "list", "--calendar").stdout.splitlines()) == 10
    assert workspace.run("schedule", "list", "--ics").stdout.count("BEGIN:VEVENT") in (52, 53)
    assert "the next of issues to list weekly" in workspace.run("schedule", "show", "1").stdout
    make_due(workspace, 1)
    assert "Began harbour to list weekly (schedule 2): 2 people" in workspace.run("tick").stdout
    assert len(server.taken) == 2
    occurrence, recurs = workspace.data("schedule", "list")
    assert (occurrence["issue"], occurrence["state"], occurrence["of"]) == (
        "issues/2026-11-22-harbour.md",
        "done",
        1,
    )
    assert (recurs["state"], recurs["cron"]) == ("recurring", "0 8 * * MON")
    make_due(workspace, 1)
    assert "sends nothing this time" in workspace.run("tick").stdout
    workspace.run("schedule", "remove", "1")
    assert workspace.run("schedule", "list", "--calendar").stdout == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "either an issue and --at TIME, or --folder"),
        (("harbour",), "either an issue and --at TIME, or --folder"),
        (("harbour", "--at", LATER, "--cron", "@daily"), "either an issue and --at TIME, or --folder"),
        (("--folder", "issues"), "--folder needs --cron"),
        (("--folder", "issues", "--cron", "@daily"), "to which list?"),
        (("--folder", "issues", "--cron", "daily", "--list", "weekly"), "is no cron expression"),
        (("--folder", "issues", "--cron", "@daily", "--list", "weely"), "weely"),
        (("harbour", "--at", "in 3"), "write it like 30m, 2h or 3d"),
    ],
)
def test_a_schedule_that_means_nothing_is_refused_with_the_way_to_write_it(workspace, arguments, words):
    refused = workspace.run("schedule", "add", *arguments, expect=2).stderr
    assert words in refused


def test_a_time_may_be_typed_from_now(workspace):
    workspace.people(1)
    said = workspace.run("schedule", "add", "harbour", "--at", "in 3h").stdout
    assert "in 2 h 59 min" in said or "in 3 h" in said
    assert "in 2 days" in workspace.run("schedule", "move", "1", "--at", "in 2 days 5 min").stdout


def test_nine_where_each_reader_is_is_one_send_that_goes_part_by_part(workspace, server):
    workspace.people(2)
    workspace.run("subscribers", "edit", "reader0@inbox.example", "--timezone", "Pacific/Apia")
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%d")
    begun = workspace.run("send-issue", "harbour", "--at", f"{tomorrow} 09:00", "--local", "--yes", expect=75)
    assert begun.stderr.count("  goes      ") == 2
    assert "queued 2" in begun.stdout
    assert server.taken == []
    again = workspace.run("send-issue", "harbour", "--yes", expect=75)
    assert "nothing to do now" in again.stderr
    assert server.taken == []


def test_a_daemon_tells_systemd_how_it_is_and_takes_changed_settings(workspace, server, tmp_path):
    workspace.people(1)
    settings = workspace.root / ".env"
    written = settings.read_text(encoding="utf-8") if settings.exists() else ""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(120)
        workspace.settings["NOTIFY_SOCKET"] = systemd.getsockname()
        process = workspace.start("run", "--every", "0.2")

        def hear(word: bytes) -> None:
            while not systemd.recv(1000).startswith(word):
                pass

        def forget() -> None:
            systemd.setblocking(False)
            with suppress(BlockingIOError):
                while systemd.recv(1000):
                    pass
            systemd.settimeout(120)

        hear(b"READY=1")
        settings.write_text(f"{written}\nMAIL_RATE=fast\n", encoding="utf-8")
        process.send_signal(signal.SIGHUP)  # as it is, nothing could be begun with it
        forget()
        for _ in range(2):  # between two looks the signal is heeded
            hear(b"READY=1")
        settings.write_text(f"{written}\nMAIL_RATE=50\n", encoding="utf-8")
        process.send_signal(signal.SIGHUP)
        hear(b"RELOADING=1")
        hear(b"READY=1")
        process.send_signal(signal.SIGTERM)
        hear(b"STOPPING=1")
        _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert "MAIL_RATE" in errors
    assert errors.count("Looking for due issues") == 2
