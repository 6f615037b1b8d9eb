"""A turn of the event loop: what is told and written in it, and what time passes between two of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from mailer.domain.outcome import Outcome
from mailer.smtp.turn import Turn
from mailer.smtp.window import Moment


class Record:
    """Takes 3 seconds of a clock of its own for whatever it is told."""

    def __init__(self) -> None:
        self.now = 100.0

    def handed(self, keys: Sequence[int]) -> bool:
        self.now += 3
        return True

    def settled(self, results: Sequence[tuple[int, Outcome]]) -> None:
        raise AssertionError(results)


class Channel:
    waiting = 1
    completing = (7,)

    def write(self) -> None:
        pass

    def withhold(self) -> None:
        raise AssertionError


def failed(error: Exception) -> None:
    raise error


def test_what_is_done_in_a_turn_is_not_waited_for() -> None:
    async def turns() -> list[Moment]:
        record = Record()
        turn = Turn(record, failed, lambda: record.now)
        moments = []
        for _ in range(2):
            record.now += 10  # in which nothing comes
            moments.append(turn.moment())
            record.now += 1  # in which messages are filled
            turn.writes(Channel())
            moments.append(turn.moment())
            await asyncio.sleep(0)
        return moments

    began = Moment(110, 10)
    after = Moment(110 + 1 + 3 + 10, 20)
    assert asyncio.run(turns()) == [began, began, after, after]


def test_a_turn_in_which_nothing_is_written_ends_too() -> None:
    async def turns() -> list[float]:
        record = Record()
        turn = Turn(record, failed, lambda: record.now)
        moments = []
        for _ in range(3):
            moments.append(turn.moment().waited)
            await asyncio.sleep(0)
            record.now += 10
        return moments

    assert asyncio.run(turns()) == [0, 10, 20]
