"""A daemon that is told to read its settings anew (SIGHUP) becomes a new one, by the same process id."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import NoReturn

from mailer.bootstrap import App
from mailer.errors import MailerError


class SettingsAnew:
    """Heeds SIGHUP for its block. Settings that can't be read keep the old ones in use, and are said."""

    def __init__(self, app: App, complain: Callable[[MailerError], None]) -> None:
        self._app, self._complain = app, complain
        self._asked = False

    def __enter__(self) -> SettingsAnew:
        signal.signal(signal.SIGHUP, self._ask)
        return self

    def __exit__(self, *raised: object) -> None:
        # Not the default, which would end what is just becoming another program.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    @property
    def wanted(self) -> bool:
        """Whether it was asked for, and the settings are such that a daemon can be begun with them."""
        if self._asked:
            self._asked = False
            try:
                self._app.renewed().sending()
            except MailerError as error:
                self._complain(error)
            else:
                self._asked = True
        return self._asked

    def begin(self) -> NoReturn:
        """Become the same command, begun anew: whatever was read, opened or learned before is gone."""
        sys.stdout.flush()
        sys.stderr.flush()
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - the command as it was

    def _ask(self, *_: object) -> None:
        self._asked = True
