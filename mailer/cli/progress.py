"""A progress bar on a terminal, a line now and then elsewhere; always on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

EVERY = 30.0  # seconds between lines where there is no terminal


@contextmanager
def bar(title: str, total: int | None, *, quiet: bool = False) -> Iterator[Callable[[int], None]]:
    """Yield a function that counts work done, drawn as a bar with rate and time left.

    Of what is not known how much it is (None) there is no time left.
    """
    if quiet or total == 0:
        yield lambda done: None  # noqa: ARG005
    elif sys.stderr.isatty():
        with _drawn(title, total) as advance:
            yield advance
    else:
        yield _Lines(title, total).advance


@contextmanager
def _drawn(title: str, total: int | None) -> Iterator[Callable[[int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, Task, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class RateColumn(TextColumn):
        def __init__(self) -> None:
            super().__init__("")

        def render(self, task: Task) -> Text:
            return Text(f"{task.speed or 0:,.0f}/s")

    left = [] if total is None else [TimeRemainingColumn(), TextColumn("left")]
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        RateColumn(),
        *left,
        console=Console(stderr=True),
    ) as progress:
        task = progress.add_task(title, total=total)
        yield lambda done: progress.advance(task, done)


class _Lines:
    def __init__(self, title: str, total: int | None) -> None:
        self._title, self._of, self._done = title, "" if total is None else f" of {total:,}", 0
        self._began = self._said = time.monotonic()

    def advance(self, done: int) -> None:
        self._done += done
        now = time.monotonic()
        if now - self._said >= EVERY:
            self._said = now
            rate = self._done / (now - self._began)
            click.echo(f"{self._title}: {self._done:,}{self._of}, {rate:,.0f}/s", err=True)
