"""What a job is, and what is asked of whatever brings jobs to those who do them.

A job only brings somebody to a send: who may send what the ledger decides, chunk by chunk. So a job that is
done twice, late or by nobody costs some time and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection

CHUNKS = 4  # for which one more worker is called
CALLED = 200  # workers at most


@dataclass(frozen=True, slots=True)
class Help:
    """Help to send this one for a while. A lower `turn` comes first, so that every send gets its share."""

    send_id: int
    turn: int = 0
    proves: bool = False  # it was frozen, and its renders are to be proved


def calls(send_id: int, chunks: int, called: int = 0) -> list[Help]:
    """Return the jobs that call enough workers to a send of which so many chunks are to be taken.

    So many are `called` already.
    """
    return [Help(send_id, turn) for turn in range(called, min(max(chunks // CHUNKS, 1), CALLED))]


class Jobs(Protocol):
    """Jobs that wait, on whatever machine they are done."""

    def enqueue(self, connection: Connection, jobs: Iterable[Help]) -> None:
        """Let these wait, in the caller's transaction: they are there once it is committed, not before."""

    def sought(self, connection: Connection) -> dict[int, int]:
        """Return how many jobs wait or are done now, by the send; not those to prove one."""

    async def work(self, do: Callable[[Help], Awaitable[None]], stop: asyncio.Event) -> None:
        """Do one job after the other until `stop`, which lets the one under way end.

        Cancelled, it ends that at once. Raises StorageBusy when the database has gone away.
        """

    async def retry_lost(self) -> int:
        """Let jobs wait again whose worker was not heard of for a while; return how many."""
