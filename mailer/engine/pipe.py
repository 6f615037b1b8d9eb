"""The pipe between a worker process and its parent: what either says to the other, JSON, a line each."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from mailer import errors
from mailer.domain.learned import Learned, QuotaFound, RateFound
from mailer.engine.pacing.pace import LimitMet
from mailer.engine.pacing.share import Grant
from mailer.errors import MailerError


class Order(StrEnum):
    """What a worker process is told to do."""

    GO = "go"
    FINISH = "finish"  # what is under way, and nothing more
    AT_ONCE = "at once"  # end, whatever is under way


@dataclass(frozen=True, slots=True)
class SettledMore:
    """So many more messages are settled."""

    number: int


@dataclass(frozen=True, slots=True)
class Connected:
    """So many connections of this process are up."""

    number: int


@dataclass(frozen=True, slots=True)
class Spent:
    """Of the messages that were `given` to this process so many are `sent`, and `out` not recorded yet."""

    given: int
    sent: int
    out: int


@dataclass(frozen=True, slots=True)
class Extended:
    """What was granted last ends then."""

    ends: float


@dataclass(frozen=True, slots=True)
class Ended:
    """The last word: all went well, or what was raised."""

    error: MailerError | None = None


# A limit goes both ways: met by one process, it is for the others to hear.
Said = Order | SettledMore | Connected | Spent | Grant | Extended | LimitMet | Learned | Ended


def written(said: Said) -> bytes:
    """Return it as a line: an object whose one name says what it is."""
    if isinstance(said, Order):
        content: Any = said.value
    elif isinstance(said, Ended):
        content = said.error and _error_content(said.error)
    else:
        content = asdict(said)
    return json.dumps({type(said).__name__: content}).encode() + b"\n"


def read(line: bytes) -> Said:
    """Return what `written` wrote."""
    ((name, content),) = json.loads(line).items()
    return _READ[name](content)


def _error_content(error: MailerError) -> dict[str, str | None]:
    return {"kind": type(error).__name__, "problem": error.problem, "next_step": error.next_step}


def _ended(content: dict[str, str] | None) -> Ended:
    if content is None:
        return Ended()
    kind = getattr(errors, content["kind"], MailerError)
    # Those that are made from other things are made from their words here.
    error: MailerError = MailerError.__new__(kind)
    MailerError.__init__(error, content["problem"], next_step=content["next_step"])
    return Ended(error)


def _learned(content: dict[str, Any]) -> Learned:
    rate, quota = content["rate"], content["quota"]
    return Learned(**content | {"rate": rate and RateFound(**rate), "quota": quota and QuotaFound(**quota)})


_READ: dict[str, Callable[[Any], Said]] = {
    "Order": Order,
    "SettledMore": lambda content: SettledMore(**content),
    "Connected": lambda content: Connected(**content),
    "Spent": lambda content: Spent(**content),
    "Extended": lambda content: Extended(**content),
    "Grant": lambda content: Grant(**content),
    "LimitMet": LimitMet.read,
    "Learned": _learned,
    "Ended": _ended,
}


class Pipe:
    """One end of a pair of sockets. When either side dies, however it dies, the other one hears the end."""

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        self._end = end
        self._unsent = b""

    def say(self, said: Said) -> None:
        """Say it without waiting: what can't be said now is kept for `flush`.

        To one that is gone there is nothing to say.
        """
        self._unsent += written(said)
        self.flush()

    def flush(self) -> None:
        """Say what could not be said before, as far as it can be now."""
        try:
            self._unsent = self._unsent[self._end.send(self._unsent) :]
        except BlockingIOError:
            pass
        except OSError:
            self._unsent = b""

    def say_last(self, said: Said) -> None:
        """Say it, and whatever could not be said before, however long that takes."""
        with suppress(OSError):
            self._end.setblocking(True)
            self._end.sendall(self._unsent + written(said))

    async def hear(self) -> AsyncIterator[Said]:
        """Yield what is said until the other side is gone."""
        loop, rest = asyncio.get_running_loop(), b""
        with suppress(OSError):
            while octets := await loop.sock_recv(self._end, 4096):
                *lines, rest = (rest + octets).split(b"\n")
                for line in lines:
                    yield read(line)

    def close(self) -> None:
        """Leave: the other side hears the end."""
        self._end.close()
