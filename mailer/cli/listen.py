"""Ports for the commands that serve."""

from __future__ import annotations

import errno
import socket

from mailer.errors import UsageError


def listen(host: str, port: int, option: str) -> socket.socket:
    """Return a socket that listens on `host` and `port` (0: any free one), or UsageError naming `option`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise _refusal(error, host, port, option) from None
    return listener


def _refusal(error: OSError, host: str, port: int, option: str) -> UsageError:
    match error.errno:
        case errno.EADDRINUSE:
            return UsageError(
                f"port {port} on {host} is in use by another program",
                next_step=f"Stop that program (`ss -ltnp` names it), or choose another port with {option}.",
            )
        case errno.EACCES:
            return UsageError(
                f"port {port} needs privileges that this user does not have",
                next_step=f"Choose a port from 1024 up with {option}.",
            )
    return UsageError(
        f"can't listen on {host}, port {port}: {error.strerror or error}",
        next_step="Give an address of this machine, such as 127.0.0.1.",
    )
