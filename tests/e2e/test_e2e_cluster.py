"""Many processes, as if on as many machines, send from one database on PostgreSQL."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from harbour_workspace import Workspace, children
from postgresql import USER, Server

from mailer.domain.outcome import Stage
from mailer.sandbox.scripted_server import Act, ScriptedServer

pytestmark = pytest.mark.peers
WITHOUT = "import sys; sys.modules['procrastinate'] = None; from mailer.cli import main; main()"
LOOKS = 6000  # two minutes at least
LATER = "2099-12-01 08:00"


@pytest.fixture
def shared(workspace: Workspace, postgresql: Server) -> Workspace:
    """The workspace with its database on a server."""
    workspace.settings["DATABASE_URL"] = postgresql.database()
    workspace.run("lists", "create", "weekly", "--title", "Harbour Gazette")
    return workspace


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that end with the test."""
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for each in processes:
        if each.poll() is None:
            each.kill()
        if each.stdout and not each.stdout.closed:
            each.communicate()


@pytest.fixture
def slow(server: ScriptedServer) -> ScriptedServer:
    """The server, which takes a while for each message."""
    server.script = lambda stage, count: Act.DAWDLE if stage is Stage.CONTENT else None
    server.dawdle = 0.02
    return server


def another_machine(workspace: Workspace, name: str) -> Workspace:
    """The same workspace on another machine: its journals are its own."""
    root = shutil.copytree(workspace.root, workspace.root.with_name(name))
    shutil.rmtree(root / "subscribers", ignore_errors=True)
    return Workspace(root, workspace.settings)


def name_of(workspace: Workspace) -> str:
    """Return the name of its database on the server."""
    return workspace.settings["DATABASE_URL"].partition("?")[0].rpartition("/")[2]


def until(done: Callable[[], Any], *running: subprocess.Popen[str]) -> None:
    """Wait for something that these processes bring about; fail if it never comes."""
    for _ in range(LOOKS):
        if done():
            return
        for each in running:
            assert each.poll() is None, each.communicate()
        time.sleep(0.02)
    pytest.fail("it never came")


def end(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> str:
    """Stop a process; return what it said of that."""
    process.send_signal(number)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    return out + errors


def settled(said: str) -> int:
    found = re.search(r"Settled ([\d,]+)", said)
    assert found
    return int(found[1].replace(",", ""))


def once_each(server: ScriptedServer, people: int) -> bool:
    recipients = [message.recipients[0] for message in server.taken]
    return len(recipients) == len(set(recipients)) == people


def test_a_database_in_a_file_is_for_one_machine_and_work_says_what_to_do(workspace):
    refused = workspace.run("work", expect=2).stderr
    assert "mailer db move URL" in refused
    assert "mailer send-issue" in refused


def test_without_procrastinate_work_says_how_to_install_it(shared):
    command = [sys.executable, "-c", WITHOUT, "work"]
    refused = subprocess.run(command, check=False, env=shared.environment(), capture_output=True, text=True)
    assert refused.returncode == 2
    assert "pip install 'mailer-dispatch[cluster]'" in refused.stderr


def test_an_upgrade_makes_the_tables_for_jobs_too(workspace, postgresql):
    workspace.settings["DATABASE_URL"] = postgresql.database("template0")
    workspace.run("db", "upgrade")
    said = subprocess.run(
        ["psql", "-Atc", "SELECT count(*) FROM procrastinate.procrastinate_jobs", name_of(workspace)],
        env={**os.environ, "PGHOST": str(postgresql.folder), "PGPORT": str(postgresql.port), "PGUSER": USER},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "0\n"


def test_in_a_file_machines_shows_the_processes_of_this_machine(workspace, slow, started):
    assert "Nobody is at work" in workspace.run("machines").stderr
    workspace.people(500)
    sending = workspace.start("send-issue", "harbour", "--yes", "-q", "--workers", "2")
    started.append(sending)
    until(lambda: any(each["rate"] > 0 for each in workspace.data("machines")), sending)
    (process,) = workspace.data("machines")
    assert (process["command"], process["pid"], process["slug"]) == ("send-issue", sending.pid, "harbour")
    assert 0 < process["settled"] < 500
    assert f"send-issue {sending.pid}  harbour  " in workspace.run("machines").stdout


def test_all_take_part_in_a_send_and_it_is_reported_as_a_whole(shared, slow, started):
    shared.people(600)
    helper = another_machine(shared, "pier").start("work", "--workers", "2")
    started.append(helper)
    until(lambda: [each["command"] for each in shared.data("machines")] == ["work", "work"], helper)
    report = shared.data("send-issue", "harbour", "--yes", "-q")
    assert report["states"]["accepted"] == report["settled"] == 600
    assert once_each(slow, 600)
    said = end(helper)
    assert 0 < settled(said) < 600, said
    assert "nothing is in flight" in said
    assert shared.data("verify", "harbour")[0]["clean"]


def test_when_who_began_it_is_killed_the_others_send_it(shared, slow, started):
    shared.people(300)
    helper = shared.start("work", "--workers", "1")
    began = shared.start("send-issue", "harbour", "--yes", "-q")
    started += [helper, began]
    until(lambda: len(slow.taken) > 20, helper, began)
    began.kill()
    began.communicate()
    until(lambda: len({message.recipients[0] for message in slow.taken}) == 300, helper)
    end(helper)
    states = shared.data("status")[0]["states"]
    assert once_each(slow, 300)
    assert states["accepted"] + states["uncertain"] == 300


def test_when_a_machine_burns_the_others_send_what_it_had_and_name_what_is_in_doubt(shared, slow, started):
    slow.dawdle = 0.2  # so that neither is done before the other begins
    shared.people(600)
    pier, quay = another_machine(shared, "pier"), another_machine(shared, "quay")
    lost, helper = (each.start("work", "--workers", "1") for each in (pier, quay))
    started += [lost, helper]
    until(lambda: len(shared.data("machines")) == 2, lost, helper)
    shared.run("send-issue", "harbour", "--yes", "-q", "--limit", "1", expect=75)
    shared.run("resume", "harbour")
    until(lambda: all(each["settled"] for each in shared.data("machines")), lost, helper)
    for pid in (*children(lost.pid), lost.pid):
        os.kill(pid, signal.SIGKILL)
    shutil.rmtree(pier.root)
    until(lambda: not shared.data("status")[0]["states"]["queued"], helper)
    until(lambda: not shared.data("status")[0]["states"]["claimed"], helper)
    end(helper)
    states = shared.data("status")[0]["states"]
    recipients = [message.recipients[0] for message in slow.taken]
    assert len(recipients) == len(set(recipients))
    assert states["accepted"] + states["uncertain"] == 600
    assert 0 < states["uncertain"] < 200


def test_pause_resume_and_cancel_reach_all_within_a_second(shared, slow, started):
    shared.people(3000)
    machines = [another_machine(shared, name).start("work", "--workers", "1") for name in ("pier", "quay")]
    started += machines
    sending = shared.start("send-issue", "harbour", "--yes", "-q")
    started.append(sending)
    until(lambda: len(slow.taken) > 200, *machines, sending)
    for order, rest in (("pause", "resume"), ("cancel", "")):
        until(lambda: slow.present == 3 * 2 or len(slow.taken) > 400, *machines)
        shared.run(order, "harbour", *(["--yes"] if order == "cancel" else []))
        before = after = len(slow.taken)
        time.sleep(1)
        while len(slow.taken) > after:
            after = len(slow.taken)
            time.sleep(1)
        # They go on for half a second of their own clocks, in which they take a fraction of what is left.
        assert after - before < (3000 - before) / 2
        if rest:
            shared.run(rest, "harbour")
            until(lambda after=after: len(slow.taken) > after + 100, *machines)
    for each in machines:
        end(each)
    states = shared.data("status")[0]["states"]
    assert states["accepted"] == len(slow.taken)
    assert states["accepted"] + states["cancelled"] == 3000


def test_of_several_ticks_on_as_many_machines_one_begins_it(shared, slow, postgresql, started):
    shared.people(60)
    shared.run("schedule", "add", "harbour", "--at", LATER)
    postgresql.run("UPDATE schedules SET due_at = date_trunc('second', now())", database=name_of(shared))
    ticks = [another_machine(shared, name).start("tick") for name in ("pier", "quay", "mole")]
    started += ticks
    said = [tick.communicate(timeout=120) for tick in ticks]
    assert [tick.returncode for tick in ticks] == [0, 0, 0], said
    assert "".join(out for out, _ in said).count("Began harbour") == 1
    assert once_each(slow, 60)
    assert len(shared.data("status")) == 1


def test_a_lost_worker_is_said_and_the_others_go_on(shared, slow, started):
    shared.people(300)
    helper = shared.start("work", "--workers", "2")
    started.append(helper)
    until(lambda: len(shared.data("machines")) == 2, helper)
    shared.run("send-issue", "harbour", "--yes", "-q", "--limit", "1", expect=75)
    shared.run("resume", "harbour")
    until(lambda: len(slow.taken) > 20, helper)
    os.kill(children(helper.pid)[0], signal.SIGKILL)
    until(lambda: len({message.recipients[0] for message in slow.taken}) == 300, helper)
    assert "was lost; the others go on" in end(helper)
    assert once_each(slow, 300)


def test_it_goes_on_when_the_database_was_away(shared, slow, postgresql, started):
    shared.people(300)
    name = name_of(shared)
    helper = shared.start("work", "--workers", "1")
    started.append(helper)
    until(lambda: len(shared.data("machines")) == 1, helper)
    postgresql.run(
        f"ALTER DATABASE {name} ALLOW_CONNECTIONS false",
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
    )
    time.sleep(4)  # until the next look of the sweep
    postgresql.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    shared.run("send-issue", "harbour", "--yes", "-q", "--limit", "1", expect=75)
    shared.run("resume", "harbour")
    until(lambda: len(slow.taken) == 300, helper)
    said = end(helper)
    assert settled(said) == 299
    assert "it is tried again" in said
