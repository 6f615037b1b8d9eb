"""What to listen on, for the commands that serve: a port of this machine, a Unix socket, an open one."""

from __future__ import annotations

import errno
import os
import socket
from contextlib import suppress
from pathlib import Path

from mailer.errors import UsageError

NEAR = 20  # ports tried in turn
FIRST_FD = 3  # of those that systemd hands over (sd_listen_fds(3))


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


def listen_at(path: Path) -> socket.socket:
    """Return a Unix socket that listens at `path`: who may reach it, its folder says.

    One that was left there by a process that is gone makes room; UsageError for anything else.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if path.is_socket() and _is_left_over(path):
            path.unlink()
        listener.bind(str(path))
        path.chmod(0o666)
        listener.listen()
    except OSError as error:
        listener.close()
        raise UsageError(
            f"can't listen at {path}: {error.strerror or error}",
            next_step="Name a path that is free, in a folder that this user may write to.",
        ) from None
    return listener


def _is_left_over(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking, suppress(ConnectionRefusedError):
        asking.connect(str(path))
        return False
    return True


def opened(fd: int) -> socket.socket:
    """Return the socket that was open as number `fd` for this process; UsageError if it is none."""
    try:
        listener = socket.socket(fileno=fd)
        listens = listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError as error:
        raise _not_listening(fd, error.strerror or str(error)) from None
    if not listens:
        listener.detach()
        raise _not_listening(fd, "it doesn't listen")
    return listener


def _not_listening(fd: int, problem: str) -> UsageError:
    return UsageError(
        f"number {fd} is no socket to serve on: {problem}",
        next_step="Give --fd the number of a socket that whoever starts this has opened to listen on.",
    )


def handed_over() -> list[socket.socket]:
    """Return the sockets that systemd opened for this process, none if it opened none."""
    # Of the environment, which children inherit, so that it says which process is meant.
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return []
    return [opened(FIRST_FD + place) for place in range(int(os.environ.get("LISTEN_FDS", "0")))]


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
