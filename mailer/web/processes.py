"""Serving until told to stop: in this process, or in several that share the sockets, watched by this one.

SIGTERM and SIGINT let what is being answered end. SIGHUP has the pages made anew, by the settings as they are
then; whoever connects meanwhile waits in the sockets, and is not turned away.
"""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from logging import getLogger
from threading import Thread
from typing import NoReturn

import uvicorn
from starlette.types import ASGIApp

from mailer.errors import MailerError
from mailer.web.server import http_server

log = getLogger(__name__)

REST = 1.0  # seconds before another process takes the place of one that was lost
STOPS = (signal.SIGTERM, signal.SIGINT)
HEEDED = (*STOPS, signal.SIGHUP)

Pages = Callable[[], ASGIApp]  # makes them by the settings of now; raises a MailerError


def serve(pages: Pages, listeners: Sequence[socket.socket]) -> None:
    """Answer what comes to `listeners` by what `pages` makes, in this process."""
    told, app = _Told(), pages()
    while not told.stop:
        told.server, told.renew = http_server(app), False
        for number in HEEDED:
            signal.signal(number, told.heed)
        told.server.run(sockets=[each.dup() for each in listeners])
        if not told.renew:
            return
        try:
            app = pages()
        except MailerError as error:
            log.error("%s; it goes on by the settings of before", error.problem)


@dataclass
class _Told:
    """What signals said, whether or not something is being served just then."""

    server: uvicorn.Server | None = None
    stop: bool = False
    renew: bool = False

    def heed(self, number: int, *_: object) -> None:
        self.renew = self.renew or number == signal.SIGHUP
        self.stop = self.stop or number in STOPS
        if self.server:
            self.server.should_exit = True


class Crew:
    """Processes that serve side by side.

    To be made where there is neither an event loop nor a thread, nor an open connection: they are forked.
    """

    def __init__(self, number: int, pages: Pages, listeners: Sequence[socket.socket]) -> None:
        self._number = number
        self._pages = pages
        self._listeners = listeners
        self._members: set[int] = set()
        self._stopping = False
        self._ours, self._theirs = os.pipe()  # never written to: its end says that the other side is gone

    def serve(self) -> None:
        """Have them answer until a signal; one that is lost is replaced."""
        before = {number: signal.signal(number, self._pass_on) for number in HEEDED}
        try:
            for _ in range(self._number):
                self._fork()
            while self._members:
                self._attend()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(self._theirs)
            os.close(self._ours)

    def _attend(self) -> None:
        pid, status = os.wait()
        self._members.discard(pid)
        if not self._stopping:
            log.error("process %d was lost (%d); another takes its place", pid, status)
            time.sleep(REST)
            self._fork()

    def _fork(self) -> None:
        # A signal between the fork and what the process is told of would be the parent's in both.
        signal.pthread_sigmask(signal.SIG_BLOCK, HEEDED)
        try:
            if self._stopping:
                return
            pid = os.fork()
            if pid == 0:
                self._live()
            self._members.add(pid)
            log.info("process %d answers", pid)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, HEEDED)

    def _live(self) -> NoReturn:
        code = 1
        try:
            for number in HEEDED:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, HEEDED)
            os.close(self._theirs)
            Thread(target=self._outlive, daemon=True).start()
            serve(self._pages, self._listeners)
            code = 0
        except MailerError as error:
            log.error("process %d: %s", os.getpid(), error.problem)
        except Exception:
            log.exception("process %d ends", os.getpid())
        finally:
            os._exit(code)  # what the parent has open is the parent's to close

    def _outlive(self) -> None:
        """End as if told to once the parent is gone, however it went."""
        os.read(self._ours, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    def _pass_on(self, number: int, *_: object) -> None:
        self._stopping = self._stopping or number in STOPS
        for pid in self._members:
            with suppress(ProcessLookupError):
                os.kill(pid, number if number == signal.SIGHUP else signal.SIGTERM)
