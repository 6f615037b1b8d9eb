"""What a worker process and its parent say to each other arrives as it was said, however it is cut."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import Any

import pytest

from mailer.domain.learned import ACCOUNT, Learned, QuotaFound, RateFound
from mailer.domain.throttle import CONCURRENCY, DAILY, RECEIVER_RATE
from mailer.engine.pacing.pace import LimitMet
from mailer.engine.pacing.share import Grant
from mailer.engine.pipe import Connected, Ended, Extended, Order, Pipe, SettledMore, Spent, read, written
from mailer.errors import IssueError

SAID = [
    *Order,
    SettledMore(17),
    Connected(3),
    Grant(),
    Grant(1 / 3, 28.5, 3, 20, over=True, ends=1764000002.75, found=7),
    Extended(1764000003.25),
    Spent(40, 17, 23),
    LimitMet(RECEIVER_RATE, "google", 1764000000.25, 1764000001.5),
    LimitMet(DAILY, ACCOUNT, 1764000000.0, 1764086400.0),
    LimitMet(CONCURRENCY, ACCOUNT, 1764000000.0, 1764000000.0, 4),
    Learned("müller.example", RateFound(13.8, 14.0, 120.0)),
    Learned(ACCOUNT, RateFound(1 / 3, 0.5, 60.0), QuotaFound(200, 86400.0, 1764000000.5, 40, 0.0), 3),
    Learned(ACCOUNT),
    Ended(),
]


def heard(octets: bytes, size: int) -> list[Any]:
    """Return what one end hears of `octets` that come in pieces of `size`."""
    ours, theirs = socket.socketpair()
    theirs.setblocking(True)

    async def main() -> list[Any]:
        async def send() -> None:
            for start in range(0, len(octets), size):
                theirs.send(octets[start : start + size])
                await asyncio.sleep(0)
            theirs.close()

        sender = asyncio.create_task(send())
        found = [said async for said in line.hear()]
        await sender
        return found

    line = Pipe(ours)
    try:
        return asyncio.run(main())
    finally:
        line.close()


@pytest.mark.parametrize("said", SAID, ids=lambda said: type(said).__name__)
def test_what_is_read_is_what_was_written(said):
    line = written(said)
    assert line.count(b"\n") == 1 and line.endswith(b"\n")
    assert read(line) == said
    assert list(json.loads(line)) == [type(said).__name__]


@pytest.mark.parametrize("size", [1, 7, 4096, 10_000])
def test_it_does_not_matter_how_the_octets_are_cut(size):
    assert heard(b"".join(map(written, SAID)), size) == SAID


def test_half_a_line_is_no_word():
    octets = written(SettledMore(5)) + written(Ended())[:-3]
    assert heard(octets, 4096) == [SettledMore(5)]


def test_an_error_arrives_with_its_words_even_if_it_is_made_from_others():
    (ended,) = heard(written(Ended(IssueError("a.md", 3, "a name – not known"))), 4096)
    assert type(ended.error) is IssueError
    assert str(ended.error) == ended.error.problem == "a.md:3: a name – not known"


def test_nobody_waits_for_one_who_does_not_listen_and_nothing_is_lost():
    ours, theirs = socket.socketpair()
    line, other = Pipe(ours), Pipe(theirs)
    long = [Learned(f"{number}.example", RateFound(number, 1, 60)) for number in range(8000)]
    for each in long:
        line.say(each)

    async def main() -> list[Any]:
        listening = asyncio.create_task(listen())
        for _ in range(1000):
            await asyncio.sleep(0.001)
            line.flush()
        line.say(Ended())
        line.close()
        return await listening

    async def listen() -> list[Any]:
        return [said async for said in other.hear()]

    assert asyncio.run(main()) == [*long, Ended()]
    other.close()


def test_to_one_that_is_gone_nothing_is_said():
    ours, theirs = socket.socketpair()
    line = Pipe(ours)
    theirs.close()
    for _ in range(3):
        line.say(Order.FINISH)
    line.say_last(Ended())
    line.close()
    line.say(Order.FINISH)
