"""Who reads the mailbox beside `mailer run`: begun again once lost, not where settings are refused."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field

import pytest

from mailer.services.return_beside import LONGEST_PAUSE, ReadingBeside

pytestmark = pytest.mark.peers


@dataclass
class Readers:
    """Processes that end at once with some exit code, and the seconds at which they were begun."""

    code: int
    now: float = 0.0
    begun: list[float] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    last: subprocess.Popen[bytes] | None = None

    def begin(self) -> subprocess.Popen[bytes]:
        self.begun.append(self.now)
        self.last = subprocess.Popen([sys.executable, "-S", "-c", f"raise SystemExit({self.code})"])
        return self.last

    def look(self, reading: ReadingBeside, seconds: int, every: int = 1) -> None:
        for _ in range(0, seconds, every):
            reading.look()
            if self.last:
                self.last.wait()
            self.now += every


def test_one_that_is_lost_is_begun_again_after_twice_as_long_each_time() -> None:
    readers = Readers(1)
    reading = ReadingBeside(readers.begin, readers.said.append, lambda: readers.now)
    readers.look(reading, 40)
    pauses = [later - earlier for earlier, later in zip(readers.begun, readers.begun[1:], strict=False)]
    assert pauses == [2, 3, 5, 9, 17]  # each with the second in which it is noticed
    assert readers.said[0] == "What read the mailbox was lost (exit code 1); it begins again in 1 s."
    readers.look(reading, 8000, every=100)
    assert readers.begun[-1] - readers.begun[-2] <= LONGEST_PAUSE + 200
    reading.end()


def test_one_that_lived_for_long_is_begun_again_at_once() -> None:
    readers = Readers(1)
    reading = ReadingBeside(readers.begin, readers.said.append, lambda: readers.now)
    readers.look(reading, 400, every=100)
    assert all(words.endswith("again in 1 s.") for words in readers.said)
    reading.end()


def test_where_no_process_is_to_be_had_it_is_tried_again() -> None:
    readers, refused = Readers(2), iter([True, True, False])

    def begin() -> subprocess.Popen[bytes]:
        if next(refused):
            raise BlockingIOError(11, "Resource temporarily unavailable")
        return readers.begin()

    reading = ReadingBeside(begin, readers.said.append, lambda: readers.now)
    readers.look(reading, 10)
    assert readers.begun == [3.0]
    assert "lost (Resource temporarily unavailable); it begins again in 2 s." in readers.said[1]
    reading.end()


def test_refused_settings_are_not_tried_again_and_again() -> None:
    readers = Readers(2)
    reading = ReadingBeside(readers.begin, readers.said.append, lambda: readers.now)
    readers.look(reading, 20)
    assert readers.begun == [0.0]
    assert len(readers.said) == 1
    reading.end()
