"""A wire takes its time and changes nothing."""

from __future__ import annotations

import hashlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from benchmarks.instruments import wire

pytestmark = pytest.mark.usefixtures("compiler")


@contextmanager
def echo() -> Iterator[int]:
    """Run a server that says back what it hears, then closes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            client, _ = listener.accept()
            with client:
                while data := client.recv(1 << 16):
                    client.sendall(data)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(10)
        assert not thread.is_alive()


def test_a_round_trip_takes_as_long_as_was_asked() -> None:
    with (
        echo() as port,
        wire(port, 20) as line,
        socket.create_connection(("127.0.0.1", line.port), 5) as client,
    ):
        trips = []
        for _ in range(10):
            began = time.monotonic()
            client.sendall(b"?")
            assert client.recv(1) == b"?"
            trips.append(time.monotonic() - began)
    assert min(trips) >= 0.020
    assert line.said["cpu"] > 0


def test_every_octet_arrives_in_order_and_so_does_the_end() -> None:
    sent = os.urandom(20_000_000)
    received = hashlib.sha256()
    with (
        echo() as port,
        wire(port, 2) as line,
        socket.create_connection(("127.0.0.1", line.port), 5) as client,
    ):

        def send() -> None:
            client.sendall(sent)
            client.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send)
        sender.start()
        while data := client.recv(1 << 16):
            received.update(data)
        sender.join()
    assert received.digest() == hashlib.sha256(sent).digest()


def test_no_distance_needs_no_wire() -> None:
    with wire(4711, 0) as line:
        assert line.port == 4711
