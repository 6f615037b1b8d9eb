"""Reads large files in a process of its own, so that reading goes on while what was read is written.

It is given what is asked and says what it found, each a pickle, by its standard input and output. It ends
when the other side is gone, however that went.
"""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from typing import IO, Any

from mailer.errors import MailerError
from mailer.people.importing.reading import AHEAD, Batch, FilesReading, Part, Tell, ToRead, few_collections
from mailer.people.suppressing import Hashing

TOLD_EVERY = 10_000  # rows of the first reading


class ReadingEnded(MailerError):
    """The process that reads is gone before all was read."""


class ReadingApart:
    """The reading as the other side has it (`Reading`)."""

    def __init__(self, asked: ToRead, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin and process.stdout
        self._process, self._to, self._from = process, process.stdin, process.stdout
        self._say(asked)

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def understand(self, tell: Tell) -> list[Part]:
        """Have all files read once."""
        while isinstance(said := self._hear(), int):
            tell(said)
        parts: list[Part] = said
        return parts

    def batches(self, place: int, hashing: Hashing, erased: frozenset[str]) -> Iterator[Batch]:
        """Have a part read again."""
        self._say((place, hashing, erased))
        while batches := self._hear():
            while batches:
                yield pickle.loads(batches.pop(0))  # noqa: S301  # our own process

    def _say(self, what: object) -> None:
        try:
            pickle.dump(what, self._to)
            self._to.flush()
        except BrokenPipeError:
            raise self._ended() from None

    def _hear(self) -> Any:
        try:
            said = pickle.load(self._from)  # noqa: S301  # our own process
        except (EOFError, pickle.UnpicklingError):
            raise self._ended() from None
        if isinstance(said, Exception):
            raise said
        return said

    def _ended(self) -> ReadingEnded:
        # What it said may be cut short while it lives; then it would wait for ever for us to hear the rest.
        self._process.kill()
        return ReadingEnded(
            f"the process that reads the files is gone (it ended with {self._process.wait()})",
            next_step="Run the import again: it goes on where it was.",
        )


@contextmanager
def reading_apart(asked: ToRead) -> Iterator[ReadingApart]:
    """Start the process; end it, whatever it is doing."""
    command = [sys.executable, "-m", __name__]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603
    try:
        yield ReadingApart(asked, process)
    finally:
        process.kill()
        process.communicate()


def main(given: IO[bytes], out: IO[bytes]) -> None:
    """Read what is asked for by `given`, and say on `out` what is found."""
    # Ctrl-C is for who started this, and whoever is gone needs to hear nothing.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)

    def say(what: object) -> None:
        pickle.dump(what, out, pickle.HIGHEST_PROTOCOL)
        out.flush()

    try:
        with ExitStack() as closing, few_collections():
            _read(given, say, closing)
    except Exception as error:  # it is raised where the other side is
        if not isinstance(error, MailerError):
            error.add_note(traceback.format_exc())
        say(error)


def _read(given: IO[bytes], say: Any, closing: ExitStack) -> None:
    reading = FilesReading(pickle.load(given), closing)  # noqa: S301  # who started this
    unsaid = 0

    def tell(rows: int) -> None:
        nonlocal unsaid
        unsaid += rows
        if unsaid >= TOLD_EVERY:
            say(unsaid)
            unsaid = 0

    say(reading.understand(tell))
    while True:
        try:
            which = pickle.load(given)  # noqa: S301
        except EOFError:
            return
        batches = reading.batches(*which)
        # Those of one reading together: while they are written, there is nothing to wait for in the next one.
        while some := [pickle.dumps(each, pickle.HIGHEST_PROTOCOL) for each in islice(batches, AHEAD)]:
            say(some)
        say([])


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)
