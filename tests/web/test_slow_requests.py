"""Requests that arrive slowly, or never, are cut off, and others are answered meanwhile."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress

import pytest

SERVER = """
import sys
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from mailer.cli.listening import listen
from mailer.web.server import http_server

async def echo(request):
    return PlainTextResponse(str(len(await request.body())))

app = Starlette(routes=[Route("/", echo, methods=["GET", "POST"])])
with listen("127.0.0.1", 0, "--port") as listener:
    print(listener.getsockname()[1], flush=True)
    http_server(app, patience=float(sys.argv[1]), most=int(sys.argv[2])).run(sockets=[listener])
"""
SOON, LATE = 0.5, 3600.0
ASK = b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n"
BEGINNINGS = {
    "nothing": b"",
    "half a line": b"GET / HT",
    "no end of the header": b"POST / HTTP/1.1\r\nHost: x\r\nX-Slow: ",
    "half a body": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n12345",
}


@contextmanager
def serving(patience: float, most: int = 100) -> Iterator[int]:
    command = [sys.executable, "-c", SERVER, str(patience), str(most)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()
            assert process.wait(120) == 0


def connected(port: int, beginning: bytes = b"") -> socket.socket:
    wire = socket.create_connection(("127.0.0.1", port), timeout=120)
    wire.sendall(beginning)
    return wire


def answer(wire: socket.socket) -> bytes:
    """Send a whole request and return what is answered, nothing if the connection is cut off."""
    with suppress(ConnectionError):
        wire.sendall(ASK)
        return wire.recv(1000)
    return b""


def is_cut_off(wire: socket.socket) -> bool:
    """Wait for the end of the connection; TimeoutError after a minute."""
    with suppress(ConnectionError):
        return wire.recv(1000) == b""
    return True


@pytest.mark.parametrize("beginning", BEGINNINGS.values(), ids=BEGINNINGS)
def test_what_does_not_arrive_is_cut_off_and_others_are_answered(beginning: bytes) -> None:
    with serving(SOON) as port, closing(connected(port, beginning)) as slow:
        with closing(connected(port)) as other:
            assert answer(other).startswith(b"HTTP/1.1 200")
        assert is_cut_off(slow)


def test_an_octet_now_and_then_makes_no_difference() -> None:
    with serving(SOON) as port, closing(connected(port, b"GET / HTTP/1.1\r\nX: ")) as slow:
        slow.settimeout(SOON / 10)
        ended = False
        while not ended:
            try:
                slow.sendall(b"x")
                ended = slow.recv(1) == b""
            except TimeoutError:
                continue
            except ConnectionError:
                ended = True


def test_a_connection_is_waited_for_anew_after_each_answer() -> None:
    with serving(LATE, most=1) as port, closing(connected(port)) as wire:
        for _ in range(3):
            assert answer(wire).startswith(b"HTTP/1.1 200")
        with closing(connected(port)) as newer:
            assert is_cut_off(wire)
            assert answer(newer).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "beginning", ["GET / HTTP/1.1\r\nX: ", "GET /", "GET / HTTP/1.1\r\n" + "X: y\r\n" * 9]
)
def test_a_header_without_an_end_is_cut_off(beginning: str) -> None:
    with serving(LATE) as port, closing(connected(port, beginning.encode())) as wire:
        with suppress(ConnectionError):
            for _ in range(200):
                wire.sendall(b"X: y\r\n" * 200 if beginning.endswith("\n") else b"x" * 1200)
        assert is_cut_off(wire)


def test_of_too_many_the_oldest_is_cut_off_and_whoever_asks_is_answered() -> None:
    with serving(LATE, most=10) as port, ExitStack() as stack:
        slow = [stack.enter_context(closing(connected(port, b"GET / HT"))) for _ in range(30)]
        with closing(connected(port)) as other:
            assert answer(other).startswith(b"HTTP/1.1 200")
        assert all(map(is_cut_off, slow[:20]))
        slow[-1].sendall(b"TP/1.1\r\nHost: x\r\n\r\n")
        assert slow[-1].recv(1000).startswith(b"HTTP/1.1 200")
