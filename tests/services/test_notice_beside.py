"""Who tells notices beside `mailer run`: one at a time, now and then, and not for ever."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field

import pytest

from mailer.services.notice_beside import EVERY, PATIENCE, TellingBeside

pytestmark = pytest.mark.peers
HANGS = "import time; time.sleep(600)"


@dataclass
class Tellers:
    """Processes of this program, and the seconds at which they were begun."""

    program: str
    now: float = 0.0
    begun: dict[float, subprocess.Popen[bytes]] = field(default_factory=dict)

    def begin(self) -> subprocess.Popen[bytes]:
        self.begun[self.now] = subprocess.Popen([sys.executable, "-S", "-c", self.program])
        return self.begun[self.now]

    def tell(self, telling: TellingBeside, seconds: int) -> None:
        for _ in range(0, seconds, 10):
            telling.tell()
            if self.program != HANGS:
                self.begun[max(self.begun)].wait()
            self.now += 10


def test_one_begins_half_a_minute_after_the_one_before_at_the_earliest() -> None:
    tellers = Tellers("")
    telling = TellingBeside(tellers.begin, lambda: tellers.now)
    tellers.tell(telling, 100)
    assert list(tellers.begun) == [0, EVERY, 2 * EVERY, 3 * EVERY]


def test_one_that_hangs_is_left_alone_for_a_minute_and_ended_then() -> None:
    tellers = Tellers(HANGS)
    telling = TellingBeside(tellers.begin, lambda: tellers.now)
    tellers.tell(telling, 120)
    first, second = tellers.begun.values()
    assert list(tellers.begun) == [0, PATIENCE]
    assert first.returncode == -9
    assert second.poll() is None
    telling.end()
    assert second.returncode == -9


def test_where_no_process_is_to_be_had_nothing_is_raised() -> None:
    def refuse() -> subprocess.Popen[bytes]:
        raise OSError(12, "Cannot allocate memory")

    telling = TellingBeside(refuse)
    telling.tell()
    telling.end()
