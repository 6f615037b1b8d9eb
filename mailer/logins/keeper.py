"""The tokens of one account, for every connection of a process and every process of a machine.

One file has the token, and whoever needs a newer one holds the lock beside it while they ask for it: who
comes later waits, and finds it there.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from logging import getLogger
from pathlib import Path

from mailer.errors import ServerUnavailable
from mailer.logins.grants import LoginLost, renewed
from mailer.logins.login import Login, file_of, read_login, write_login
from mailer.private import FILE, private_folder
from mailer.sasl.credentials import AccessToken

log = getLogger("mailer.logins")

FRESH = 300.0  # seconds: a token that is refused so young says that the account is refused
PATIENCE = 60.0  # seconds to wait for somebody else who renews
LOOK = 0.05  # seconds between two looks at the lock


class Keeper:
    """Gives out the token of an account (`mailer.sasl.credentials.TokenSource`)."""

    def __init__(self, folder: Path, account: str, clock: Callable[[], float] = time.time) -> None:
        self._path = file_of(folder, account)
        self._account = account
        self._clock = clock
        self._login: Login | None = None
        self._refused = ""

    @property
    def last(self) -> str:
        """The token that was given out last."""
        return self._login.access_token if self._login else ""

    async def token(self) -> AccessToken:
        """Return a token that is valid for a while; LoginLost or ServerUnavailable if there is none."""
        if self._login and self._good(self._login):
            return self._given(self._login)
        return await asyncio.to_thread(self.token_now)

    def token_now(self) -> AccessToken:
        """The same, for whoever may wait for it."""
        login = self._kept()
        if not self._good(login):
            with self._turn():
                login = self._kept()
                if not self._good(login):
                    login = self._renew(login)
        self._login = login
        return self._given(login)

    def refused(self, text: str) -> None:
        """A server refused this one: the next is another."""
        self._refused = text

    def keep(self, login: Login) -> None:
        """Keep this login, in the place of what is there."""
        with self._turn():
            write_login(self._path, login)

    def forget(self) -> None:
        """Keep it no longer."""
        with self._turn():
            self._path.unlink(missing_ok=True)

    def _given(self, login: Login) -> AccessToken:
        return AccessToken(login.access_token, renewable=self._clock() - login.obtained_at > FRESH)

    def _good(self, login: Login) -> bool:
        return login.access_token not in ("", self._refused) and not login.spent(self._clock())

    def _kept(self) -> Login:
        if login := read_login(self._path):
            return login
        raise LoginLost(
            f"nobody is logged in as {self._account}",
            next_step="Log in: docs/how-to/log-in-with-oauth.md",
        )

    def _renew(self, login: Login) -> Login:
        try:
            newer = renewed(login)
        except ServerUnavailable as error:
            # Renewed ahead of time, the old one is good for a while yet.
            if login.access_token in ("", self._refused) or self._clock() >= login.expires_at:
                raise
            log.warning("%s; the token at hand will do for now", error.problem)
            return login
        write_login(self._path, newer)
        log.info("a new token for %s, good until %s", self._account, time.ctime(newer.expires_at))
        return newer

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Hold the lock, which ends with this process; ServerUnavailable if somebody else has it for long."""
        private_folder(self._path.parent)
        descriptor = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE)
        try:
            until = time.monotonic() + PATIENCE
            while not _locked(descriptor):
                if time.monotonic() > until:
                    raise ServerUnavailable(
                        f"another process has been renewing the token of {self._account} for {PATIENCE:g} s",
                        next_step="Run the command again later.",
                    )
                time.sleep(LOOK)
            yield
        finally:
            os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        flock(descriptor, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        return False
    return True
