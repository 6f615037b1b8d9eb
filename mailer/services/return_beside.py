"""`mailer run` has what comes back read by a process of its own: sending never waits for a mailbox."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mailer.services.return_settings import accounts_of

if TYPE_CHECKING:
    from mailer.bootstrap import App

PATIENCE = 30.0  # seconds that it may take to end a batch


@contextmanager
def read_beside(app: App) -> Iterator[bool]:
    """Have the mailboxes of the settings read for the block; yield whether there are any.

    The process ends with this one, however that ends. SettingsError for a mailbox that can't be used.
    """
    if not accounts_of(app.settings, app.root, app.logins):
        yield False
        return
    command = [sys.executable, "-m", "mailer", "-C", str(app.root)]
    reading = subprocess.Popen(  # noqa: S603  # nothing in it is anybody's input
        [*command, "returns", "fetch", "--watch", "--beside"], stdin=subprocess.DEVNULL
    )
    try:
        yield True
    finally:
        reading.terminate()
        try:
            reading.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            reading.kill()
            reading.wait()
