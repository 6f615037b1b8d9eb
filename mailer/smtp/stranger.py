"""What is at a port that does not greet: something that waits for TLS, or no mail server at all."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress

ENOUGH = 60  # octets of an answer: what it is shows in the first few
_TLS_RECORDS = (b"\x15\x03", b"\x16\x03")  # an alert, a handshake (RFC 8446 5.1)


async def answer_to_hello(host: str, port: int) -> bytes:
    """Return what a TLS client's hello is answered with, over a connection of its own; nothing if it isn't.

    A mail server in the clear takes it for a command that it doesn't know, a web server for a broken request.
    There may never be an answer: it is for the caller to wait no longer.
    """
    with suppress(OSError):
        reader, writer = await asyncio.open_connection(host, port)
        try:
            writer.write(_client_hello())
            return await reader.read(ENOUGH)
        finally:
            writer.transport.abort()
    return b""


def speaks_tls(answer: bytes) -> bool:
    """Whether such an answer is TLS."""
    return answer.startswith(_TLS_RECORDS)


def _client_hello() -> bytes:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # nothing is said over it
    outgoing = ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), outgoing).do_handshake()
    return outgoing.read()
