"""The sink counts what it took, no more and no less, and offers what it was told to."""

from __future__ import annotations

import smtplib
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from benchmarks.figures import Taken
from benchmarks.instruments import Gauge, sink, taken

pytestmark = pytest.mark.usefixtures("compiler")

ENVELOPE = b"MAIL FROM:<a@g.example>\r\nRCPT TO:<b@g.example>\r\n"
CONTENT = b"Subject: x\r\n\r\n..dots\r\n.\rnot the end\r\n\r\n"


@contextmanager
def conversation(*offers: str) -> Iterator[tuple[socket.socket, Gauge]]:
    """Connect to a sink, past its greeting and EHLO."""
    with sink(*offers) as server, socket.create_connection(("127.0.0.1", server.port), 5) as client:
        read(client, b"220 ")
        client.sendall(b"EHLO g.example\r\n")
        read(client, b"250 SIZE")
        yield client, server
        client.sendall(b"QUIT\r\n")
        read(client, b"221 ")


def read(client: socket.socket, *codes: bytes) -> None:
    """Read replies until lines that begin like these have come, in this order."""
    heard, at = b"\n", 0
    for code in codes:
        while (found := heard.find(b"\n" + code, at)) < 0 or not heard.endswith(b"\n"):
            data = client.recv(4096)
            assert data, f"the sink hung up after {heard!r}"
            heard += data
        at = found + 1


def test_pipelined_messages_are_each_counted() -> None:
    with conversation("pipelining") as (client, server):
        client.sendall(ENVELOPE + b"DATA\r\n")
        read(client, b"250", b"250", b"354")
        for _ in range(20):
            client.sendall(CONTENT + b".\r\n" + ENVELOPE + b"DATA\r\n")
            read(client, b"250 2.0.0", b"250", b"250", b"354")
        client.sendall(b".\r\n")
        read(client, b"250 2.0.0")
    assert (taken(server).messages, taken(server).early) == (21, 0)
    assert taken(server).octets == 20 * (len(CONTENT) + 3) + 3


@pytest.mark.parametrize("cut", range(1, len(CONTENT) + 3))
def test_the_end_is_found_wherever_the_content_is_cut(cut: int) -> None:
    with conversation() as (client, server):
        for command, code in zip(
            [*ENVELOPE.splitlines(True), b"DATA\r\n"], (b"250", b"250", b"354"), strict=True
        ):
            client.sendall(command)
            read(client, code)
        whole = CONTENT + b".\r\n"
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.sendall(whole[:cut])
        time.sleep(0.001)
        client.sendall(whole[cut:])
        read(client, b"250 2.0.0")
    assert (taken(server).messages, taken(server).early) == (1, 0)


def test_chunks_make_messages_and_many_may_be_under_way() -> None:
    one = ENVELOPE + b"BDAT 5\r\n.\r\n.\rBDAT 3 LAST\r\n.\r\n"
    with conversation("pipelining", "chunking") as (client, server):
        client.sendall(one * 30 + ENVELOPE + b"BDAT 0 LAST\r\n")
        read(
            client,
            *[b"250 2.1.0", b"250 2.1.5", b"250 2.0.0 chunk", b"250 2.0.0 taken"] * 30,
            b"250 2.0.0 taken",
        )
    assert (taken(server).messages, taken(server).octets, taken(server).early) == (31, 30 * 8, 0)


def test_only_what_is_offered_may_be_used() -> None:
    with conversation() as (client, server):
        client.sendall(ENVELOPE)
        read(client, b"250", b"250")
        client.sendall(b"BDAT 4 LAST\r\n")
        read(client, b"500")
    assert (taken(server).messages, taken(server).early) == (0, 1)


def test_nothing_may_follow_data_before_its_reply() -> None:
    with conversation("pipelining") as (client, server):
        client.sendall(ENVELOPE + b"DATA\r\n" + CONTENT + b".\r\n")
        read(client, b"250", b"250", b"354", b"250 2.0.0")
    assert taken(server).early == 1


def test_a_message_without_a_recipient_is_refused_and_not_counted() -> None:
    with conversation("pipelining", "chunking") as (client, server):
        client.sendall(b"MAIL FROM:<a@g.example>\r\nBDAT 3 LAST\r\nabc")
        read(client, b"250", b"503")
        client.sendall(b"DATA\r\n")
        read(client, b"503")
        client.sendall(b"RSET\r\nRCPT TO:<b@g.example>\r\n")
        read(client, b"250", b"503")
    assert taken(server).messages == 0


def test_it_serves_a_client_that_others_wrote_and_says_what_that_cost() -> None:
    before = time.monotonic()
    with sink() as server, smtplib.SMTP("127.0.0.1", server.port) as client:
        assert not client.has_extn("pipelining")
        for _ in range(3):
            client.sendmail("a@g.example", ["b@g.example"], "Subject: x\r\n\r\n.\r\n..\r\n")
    said = taken(server)
    assert (said.messages, said.connections, said.early) == (3, 1, 0)
    assert before < said.first <= said.last < time.monotonic()
    assert said.cpu > 0


def test_a_rate_is_counted_from_the_first_end_to_the_last() -> None:
    assert Taken(messages=11, octets=0, connections=1, early=0, first=3, last=5, cpu=0).rate == 5
    assert Taken(messages=1, octets=0, connections=1, early=0, first=3, last=3, cpu=0).rate == 0
