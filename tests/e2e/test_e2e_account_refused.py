"""A server that turns on the account in mid-send, in whatever words: nobody fails, and it goes on."""

from __future__ import annotations

from collections import Counter
from itertools import count

import pytest

from mailer.domain.outcome import Stage

SEND = ("send-issue", "harbour", "--yes")
PEOPLE, BEFORE = 120, 5


def turning(words: str, stage: Stage, after: int = BEFORE):
    """A script that takes a few messages, and then says this of each, with another number each time."""
    numbers = count(1000)
    return lambda at, times: words.format(n=next(numbers)) if at is stage and times > after else None


@pytest.mark.parametrize(
    ("words", "stage", "extensions", "code"),
    [
        ("550 5.4.6 Unusual sending activity detected.", Stage.CONTENT, (), 75),
        ("554 Message rejected: Email address is not verified. id {n}", Stage.RCPT, ("PIPELINING",), 2),
        ("550 5.7.1 Your ship has sailed, come again later <x{n}@quay.example>", Stage.CONTENT, (), 75),
        ("554 5.0.0 no cargo today, ref {n}", Stage.CONTENT, ("PIPELINING", "CHUNKING"), 2),
    ],
)
def test_nobody_fails_by_it_and_the_same_command_goes_on(workspace, server, words, stage, extensions, code):
    workspace.people(PEOPLE)
    server.extensions = extensions
    server.script = turning(words, stage)
    stopped = workspace.run(*SEND, expect=code)
    said = words.partition(" ")[2].partition("{")[0].strip(" ,<")
    assert said in " ".join((stopped.stderr + stopped.stdout).split())
    states = workspace.data("status")[0]["states"]
    assert (states["failed"], states["uncertain"]) == (0, 0)
    assert states["accepted"] == len(server.taken) < PEOPLE
    assert states["deferred"] <= 64  # what was under way
    server.script = lambda at, times: None
    if states["deferred"]:  # a limit by the day, which is waited for
        return
    workspace.run(*SEND)
    assert Counter(taken.recipients[0] for taken in server.taken) == Counter(
        f"reader{number}@inbox.example" for number in range(PEOPLE)
    )


def test_several_processes_fail_nobody_either(workspace, server):
    workspace.people(PEOPLE)
    server.script = turning("554 5.0.0 no cargo today, ref {n}", Stage.RCPT)
    workspace.run(*SEND, "--workers", "3", expect=2)
    states = workspace.data("status")[0]["states"]
    assert states["failed"] == 0
    server.script = lambda at, times: None
    workspace.run(*SEND, expect=75 if states["deferred"] else 0)
    states = workspace.data("status")[0]["states"]
    assert states["accepted"] + states["deferred"] == PEOPLE
    assert max(Counter(taken.recipients[0] for taken in server.taken).values()) == 1


def test_a_list_of_nothing_but_dead_addresses_is_asked_about_and_gone_on_with(workspace, server):
    workspace.people(60)
    server.script = lambda at, times: "550 No such user here" if at is Stage.RCPT else None
    asked = workspace.run(*SEND, expect=75)
    assert "people are unknown to the server: 550 No such user here" in asked.stderr
    assert "right list" in asked.stderr
    workspace.run(*SEND, expect=4)
    assert workspace.data("status")[0]["states"]["failed"] == 60
