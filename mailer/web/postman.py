"""What goes on beside the pages: who signed up is taken in, and letters that wait are sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from logging import getLogger
from threading import Event, Lock, Thread

from starlette.concurrency import run_in_threadpool

from mailer.bootstrap import App
from mailer.errors import MailerError
from mailer.services.letters import post
from mailer.services.notice_beside import TellingBeside, tell_beside
from mailer.services.notice_findings import tell_all
from mailer.services.signup import Reception

log = getLogger(__name__)

BEAT = 60.0  # seconds after which it looks again: what was put off is due some day
LAST = 20.0  # seconds that it has to finish what is in flight


class Postman:
    """A thread that works while the pages are answered: at once, when it is rung for, and now and then.

    What it can't do now waits: it is done at the next beat, by another process's postman, by `mailer run`.
    """

    def __init__(self, app: App) -> None:
        self._reception = Reception(app)
        self._app = app
        self._rung, self._over, self._lock = Event(), Event(), Lock()
        self._thread: Thread | None = None

    @asynccontextmanager
    async def lifespan(self, _: object) -> AsyncIterator[None]:
        """Work for as long as the pages are answered; what is in flight by then is finished."""
        self.ring()
        try:
            yield
        finally:
            await run_in_threadpool(self.stop)

    def ring(self) -> None:
        """Have it look what there is to do, soon. It is there from then on, also where no server said so."""
        self._rung.set()
        with self._lock:
            if self._thread is None:
                self._thread = Thread(target=self._work, name="postman", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Let it finish what is in flight, and begin nothing more."""
        self._over.set()
        self._rung.set()
        if self._thread:
            self._thread.join(LAST)

    def _work(self) -> None:
        with tell_beside(self._app) as telling:
            while not self._over.is_set():
                self._rung.clear()
                self._round(telling)
                self._rung.wait(BEAT)

    def _round(self, telling: TellingBeside) -> None:
        try:
            self._reception.settle()
            post(self._app, self._over.is_set)
            tell_all(self._app, telling.tell)
        except MailerError as error:
            log.warning("letters wait: %s", error.problem)
        except Exception:  # a thread that died would let all that comes wait for good
            log.exception("letters wait")
