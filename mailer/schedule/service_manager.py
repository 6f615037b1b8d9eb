"""What the service manager is told of a daemon (sd_notify(3)): that it is ready, alive, and stopping.

The protocol is a line in a datagram; without systemd there is no socket to send it to, and nothing happens.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from time import monotonic


class ServiceManager:
    """Talks to whoever started this process, if that listens (the variables NOTIFY_SOCKET, WATCHDOG_USEC)."""

    def __init__(self, environ: dict[str, str] | None = None) -> None:
        environ = dict(os.environ) if environ is None else environ
        self._address = environ.get("NOTIFY_SOCKET", "")
        ours = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        # Twice as often as it would be missed, as sd_watchdog_enabled(3) recommends.
        self._every = int(environ.get("WATCHDOG_USEC", "0")) / 2_000_000 if ours else 0.0
        self._alive_at = 0.0

    def ready(self, status: str) -> None:
        """Say that the daemon does its work now."""
        self._tell("READY=1", f"STATUS={status}")

    def reloading(self) -> None:
        """Say that it reads its settings anew, and will be ready once more."""
        now = int(monotonic() * 1_000_000)
        self._tell("RELOADING=1", f"MONOTONIC_USEC={now}")

    def stopping(self) -> None:
        """Say that it ends what it has in hand."""
        self._tell("STOPPING=1")

    def alive(self) -> None:
        """Say that it isn't stuck, if anybody counts on that; to be called as often as one likes."""
        now = monotonic()
        if self._every and now - self._alive_at >= self._every:
            self._alive_at = now
            self._tell("WATCHDOG=1")

    def _tell(self, *lines: str) -> None:
        if not self._address:
            return
        address = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
            to.sendto("\n".join(lines).encode(), address)
