"""Real signals: the first one stops, the second ends at once, with an event loop or between two."""

from __future__ import annotations

import asyncio
import os
import signal
import threading

import pytest

from mailer.engine.stopping import SIGNALS, Interrupted, Stopping, run_until_stopped


def send(number: signal.Signals = signal.SIGTERM) -> None:
    os.kill(os.getpid(), number)


def later(seconds: float, number: signal.Signals = signal.SIGTERM) -> threading.Timer:
    """Signal this process from outside its main thread, as a loop that sleeps would meet it."""
    timer = threading.Timer(seconds, send, [number])
    timer.start()
    return timer


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_wakes_a_loop_that_sleeps(number):
    async def main(stop: asyncio.Event) -> bool:
        # Nothing else wakes this loop before the time is up.
        return await asyncio.wait_for(stop.wait(), 60)

    timer = later(0.1, number)
    assert run_until_stopped(main) is True
    timer.join()


def test_the_second_signal_cancels():
    cleaned = []

    async def main(stop: asyncio.Event) -> None:
        send()
        await stop.wait()
        later(0.1, signal.SIGINT)
        try:
            await asyncio.sleep(60)
        finally:
            cleaned.append(True)

    with pytest.raises(Interrupted) as raised:
        run_until_stopped(main)
    assert cleaned == [True]
    assert raised.value.exit_code == 130


def test_a_signal_between_two_runs_stops_the_next_one():
    async def main(stop: asyncio.Event) -> bool:
        return stop.is_set()

    with Stopping() as stopping:
        assert stopping.run(main) is False
        assert not stopping.asked
        send()
        assert stopping.asked
        assert stopping.run(main) is True
        send()
        with pytest.raises(Interrupted):
            stopping.run(main)


def test_what_is_raised_comes_through_and_afterwards_signals_mean_what_they_meant():
    async def main(stop: asyncio.Event) -> None:
        raise ZeroDivisionError

    before = [signal.getsignal(number) for number in SIGNALS]
    with pytest.raises(ZeroDivisionError):
        run_until_stopped(main)
    assert [signal.getsignal(number) for number in SIGNALS] == before
    assert signal.set_wakeup_fd(-1) == -1
