"""`mailer segments count --watch`: definitions counted as they are typed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread

import click

from mailer.errors import MailerError

Ask = Callable[[str], str]


def watch(ask: Ask, begin: str = "") -> None:
    """Answer each definition that is typed, until there are no more; in a terminal `begin` is there to edit.

    `ask` returns the answer to a definition, or raises MailerError with what is wrong with it.
    """
    if sys.stdin.isatty() and sys.stdout.isatty():
        _live(ask, begin)
        return
    for line in sys.stdin:
        if definition := line.strip():
            click.echo(_answer(ask, definition))


def _answer(ask: Ask, definition: str) -> str:
    try:
        return ask(definition)
    except MailerError as error:
        return f"Error: {error.problem}" + (f"\n  next: {error.next_step}" if error.next_step else "")


def _live(ask: Ask, begin: str) -> None:
    """Show the answer above the line while it is typed; Enter keeps it on the screen, Ctrl-D ends."""
    from prompt_toolkit import PromptSession

    answers = _Answers(ask)
    # Not in a toolbar: that needs a terminal that says where its cursor is.
    session: PromptSession[str] = PromptSession(lambda: f"{answers.latest}\nsegment> ")
    session.default_buffer.on_text_changed += lambda buffer: answers.look_up(buffer.text.strip())
    answers.tell = session.app.invalidate
    try:
        while True:
            answers.look_up(begin)
            definition = session.prompt(default=begin).strip()
            if definition:
                click.echo(_answer(ask, definition))
            begin = ""
    except (EOFError, KeyboardInterrupt):
        pass  # whoever has seen enough


class _Answers:
    """The answer to what was typed last, found beside the typing; what was typed meanwhile is left out."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._typed: SimpleQueue[str] = SimpleQueue()
        self.latest = ""
        self.tell: Callable[[], None] = lambda: None
        Thread(target=self._look_up_all, daemon=True).start()

    def look_up(self, definition: str) -> None:
        """Find the answer to this one, unless another one is typed before."""
        self._typed.put(definition)

    def _look_up_all(self) -> None:
        while True:
            definition = self._typed.get()
            while not self._typed.empty():
                definition = self._typed.get()
            self.latest = _answer(self._ask, definition) if definition else ""
            self.tell()
