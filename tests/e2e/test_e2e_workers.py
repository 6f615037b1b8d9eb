"""Several worker processes share one send: nobody is skipped or mailed twice, whichever of them dies."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harbour_workspace import children

from mailer.domain.outcome import Stage

WORKERS = 3
CONNECTIONS = 6
SEND = ("send-issue", "harbour", "--yes", "--workers", WORKERS)


def copies(server) -> Counter[str]:
    return Counter(message.recipients[0] for message in server.taken)


def slow(stage: Stage, count: int) -> None:
    """A server of about a thousand messages a second, so that there is time to kill somebody."""
    if stage is Stage.CONTENT:
        time.sleep(0.001)


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def within(seconds: float, holds) -> bool:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True


@contextmanager
def sending(workspace, server, people: int, *more: object) -> Iterator[tuple]:
    """A run of several processes in its middle, and the ids of these; whatever is left of it is killed."""
    workspace.settings["SMTP_CONNECTIONS"] = str(CONNECTIONS)
    workspace.people(people)
    server.script = slow
    process = workspace.start(*SEND, *more)
    workers = []
    try:
        assert within(60, lambda: len(server.taken) >= people // 10)
        workers = children(process.pid)
        yield process, workers
    finally:
        for pid in (process.pid, *workers):
            if runs(pid):
                os.kill(pid, signal.SIGKILL)
        if process.stdout and not process.stdout.closed:
            process.communicate()


def uncertain(workspace) -> set[str]:
    lines = workspace.run("deliveries", "harbour", "--state", "uncertain").stdout.splitlines()
    return {line.split()[1] for line in lines}


def test_several_processes_send_to_everyone_once(workspace, server):
    workspace.people(1000)
    report = workspace.data(*SEND)
    assert report["settled"] == report["states"]["accepted"] == 1000
    assert set(copies(server).values()) == {1}
    assert len(copies(server)) == 1000
    assert server.connections >= WORKERS
    assert workspace.data("verify", "harbour")[0]["clean"]


def test_several_processes_send(workspace, server):
    with sending(workspace, server, 1000) as (process, workers):
        assert len(workers) == WORKERS
        assert process.wait(120) == 0
    assert set(copies(server).values()) == {1}


def test_one_worker_is_killed_and_the_run_still_ends_complete(workspace, server):
    with sending(workspace, server, 1000, "--json") as (process, workers):
        os.kill(workers[1], signal.SIGKILL)
        said, complaints = process.communicate(timeout=120)
    assert "A worker process was lost" in complaints
    assert json.loads(said)["settled"] == 1000
    lost, taken = uncertain(workspace), copies(server)
    assert process.returncode == (5 if lost else 0)
    assert set(taken.values()) == {1}
    assert len(lost) <= CONNECTIONS // WORKERS
    assert {f"reader{n}@inbox.example" for n in range(1000)} - taken.keys() <= lost
    assert workspace.data("verify", "harbour", expect=process.returncode)[0]["open"] == len(lost)


def test_the_parent_is_killed_and_its_workers_end_by_themselves(workspace, server):
    with sending(workspace, server, 1200) as (process, workers):
        process.kill()
        assert within(30, lambda: not any(map(runs, workers)))
    assert 0 < len(server.taken) < 1200
    assert uncertain(workspace) == set()
    workspace.run(*SEND)
    assert set(copies(server).values()) == {1}
    assert len(copies(server)) == 1200


def test_everything_is_killed_at_once_and_the_next_run_goes_on(workspace, server):
    with sending(workspace, server, 1000) as (process, workers):
        for pid in (process.pid, *workers):
            os.kill(pid, signal.SIGKILL)
    again = workspace.start(*SEND)
    again.communicate()
    lost, taken = uncertain(workspace), copies(server)
    assert again.returncode == (5 if lost else 0)
    assert set(taken.values()) == {1}
    assert len(lost) <= CONNECTIONS
    assert {f"reader{n}@inbox.example" for n in range(1000)} - taken.keys() <= lost


def test_a_signal_finishes_what_is_in_flight_in_every_worker(workspace, server):
    with sending(workspace, server, 1200, "--json") as (process, workers):
        # As a terminal's Ctrl-C or a service manager would: all of them get it.
        for pid in (process.pid, *workers):
            os.kill(pid, signal.SIGTERM)
        assert process.wait(120) == 130
        assert not any(map(runs, workers))
    states = workspace.data("status")[0]["states"]
    assert states["uncertain"] == 0
    assert states["accepted"] == len(server.taken) < 1200
    workspace.run(*SEND)
    assert set(copies(server).values()) == {1}
    assert len(copies(server)) == 1200


def test_a_second_signal_ends_at_once(workspace, server):
    with sending(workspace, server, 500) as (process, workers):
        server.script = lambda stage, count: time.sleep(0.3) if stage is Stage.CONTENT else None
        process.send_signal(signal.SIGINT)
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        assert process.wait(120) == 130
        assert not any(map(runs, workers))
    assert len(uncertain(workspace)) <= CONNECTIONS
    states = workspace.data("status")[0]["states"]
    assert states["claimed"] == states["handed"] == 0, "whoever is cancelled gives back what it has claimed"


def test_a_wrong_password_is_said_once(workspace, server):
    server.extensions = (*server.extensions, "AUTH PLAIN")
    server.script = lambda stage, count: "535 5.7.8 wrong" if stage is Stage.AUTH else None
    workspace.settings |= {"SMTP_USERNAME": "editor", "SMTP_PASSWORD": "guess"}
    workspace.people(100)
    refused = workspace.run(*SEND, expect=2)
    assert refused.stderr.count("Error:") == 1
    assert "535 5.7.8 wrong" in refused.stderr
    assert workspace.data("status")[0]["states"]["queued"] == 100


def test_a_limit_holds_for_all_of_them_together(workspace, server):
    workspace.people(1000)
    report = workspace.data(*SEND, "--limit", "100", expect=75)
    assert report["settled"] == report["states"]["accepted"] == len(server.taken) == 100
    report = workspace.data(*SEND, "--limit", "2", expect=75)
    assert report["states"]["accepted"] == len(server.taken) == 102


def test_a_limit_holds_when_a_worker_is_killed(workspace, server):
    with sending(workspace, server, 1000, "--limit", "700") as (process, workers):
        os.kill(workers[0], signal.SIGKILL)
        process.wait(120)
    states = workspace.data("status")[0]["states"]
    assert states["accepted"] + states["uncertain"] == 700
    assert states["queued"] == 300


def test_there_are_no_more_workers_than_connections(workspace, server):
    workspace.settings["SMTP_CONNECTIONS"] = "2"
    workspace.people(200)
    workspace.run("send-issue", "harbour", "--yes", "--workers", 8)
    assert server.connections <= 2
    assert set(copies(server).values()) == {1}
