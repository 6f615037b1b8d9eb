"""What many ask for at once is done together, and each is told when it is done."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from mailer.errors import StorageBusy
from mailer.web.together import Together

pytestmark = pytest.mark.unit


class Desk:
    """Takes what comes, as long as it is `open`; the first time, when it is told to."""

    def __init__(self) -> None:
        self.taken: list[list[int]] = []
        self.open = threading.Event()

    def take(self, wishes: Sequence[int]) -> None:
        assert self.open.wait(60)
        self.taken.append(list(wishes))
        if 13 in wishes:
            raise StorageBusy("busy", next_step="Try again.")


def test_who_comes_while_one_is_done_is_done_next_and_together() -> None:
    async def main() -> Desk:
        desk = Desk()
        together = Together(desk.take)
        first = asyncio.create_task(together(1))
        await asyncio.sleep(0)
        others = [asyncio.create_task(together(number)) for number in range(2, 8)]
        await asyncio.sleep(0.01)
        assert not first.done()
        desk.open.set()
        await asyncio.gather(first, *others)
        await together(8)
        return desk

    assert asyncio.run(main()).taken == [[1], [2, 3, 4, 5, 6, 7], [8]]


def test_what_goes_wrong_is_said_to_all_it_went_wrong_for_and_to_nobody_else() -> None:
    async def main() -> tuple[Desk, list[BaseException | None]]:
        desk = Desk()
        desk.open.set()
        together = Together(desk.take)
        said = await asyncio.gather(*map(together, (1, 12, 13)), return_exceptions=True)
        await together(14)
        return desk, said

    desk, said = asyncio.run(main())
    assert [type(each) for each in said] == [StorageBusy] * 3
    assert desk.taken == [[1, 12, 13], [14]]


def test_who_goes_away_hinders_nobody() -> None:
    async def main() -> list[list[int]]:
        desk = Desk()
        together = Together(desk.take)
        asked = [asyncio.create_task(together(number)) for number in (1, 2, 3)]
        await asyncio.sleep(0.01)
        asked[1].cancel()
        desk.open.set()
        await asyncio.gather(*asked, return_exceptions=True)
        return desk.taken

    taken = asyncio.run(main())
    assert sorted(number for batch in taken for number in batch) == [1, 2, 3]
