"""A port of this machine to listen on, for the commands that serve."""

from __future__ import annotations

import errno
import socket

from mailer.errors import UsageError

NEAR = 20  # ports tried in turn


def listen(host: str, port: int, option: str) -> socket.socket:
    """Return a socket that listens on `host` and `port` (0: any free one), or UsageError naming `option`."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise _refusal(error, host, port, option) from None
    return listener


def listen_near(host: str, port: int, option: str) -> socket.socket:
    """Return a socket that listens on `port` or, if it is taken, on the next free one after it."""
    for candidate in range(port, port + NEAR):
        try:
            return listen(host, candidate, option)
        except PortTaken:
            continue
    return listen(host, 0, option)


class PortTaken(UsageError):
    """Another program has the port."""


def _refusal(error: OSError, host: str, port: int, option: str) -> UsageError:
    match error.errno:
        case errno.EADDRINUSE:
            return PortTaken(
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
