"""A socket, with or without TLS: it carries octets and says when it is gone. And what is at a mute port."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import cast

from mailer.errors import AccountFault
from mailer.smtp.account import Account

# Replies are short. asyncio's own Protocol allocates 256 KB a read, which costs more than the read itself.
READ_BUFFER = 4096  # octets
QUICKACK = getattr(socket, "TCP_QUICKACK", None)


def tls_context(account: Account) -> ssl.SSLContext | None:
    """Return how to trust the server, chain and name verified, and what we show it. None for no TLS."""
    if account.security == "none":
        return None
    try:
        context = ssl.create_default_context(cafile=account.ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise AccountFault(
            f"can't read certificates from {account.ca_file}: {error.strerror or error}",
            next_step="SMTP_CA_FILE has to name a PEM file, or be empty to trust the system's.",
        ) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if account.client_cert:
        _show(account, context)
    return context


def _show(account: Account, context: ssl.SSLContext) -> None:
    """Have TLS show our certificate to a server that asks for one."""
    try:
        # Without a password: nobody is there to type one, and OpenSSL would ask for it on the terminal.
        context.load_cert_chain(account.client_cert, account.client_key or None, password=lambda: "")
    except (OSError, ssl.SSLError) as error:
        files = " and ".join(filter(None, (account.client_cert, account.client_key)))
        raise AccountFault(
            f"can't read a certificate and its key from {files}: {error.strerror or error}",
            next_step="SMTP_CLIENT_CERT has to name a PEM file with the certificate, SMTP_CLIENT_KEY one "
            "with its key, which no password protects.",
        ) from None


class Connection(asyncio.BufferedProtocol):
    """One stream to the server. `received` gets what is read, `drained` is called when writing is free again
    and `lost` once, at the end, with the reason in words and whether it was the server who closed it.
    """

    def __init__(
        self,
        received: Callable[[bytes], None],
        drained: Callable[[], None],
        lost: Callable[[str, bool], None],
    ) -> None:
        self._received = received
        self._drained = drained
        self._lost = lost
        self._buffer = memoryview(bytearray(READ_BUFFER))
        self._transport: asyncio.Transport | None = None
        self.writable = True
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def connect(self, host: str, port: int, context: ssl.SSLContext | None, timeout: float) -> None:
        """Open the stream, over TLS from the start if there is a `context`; OSError if it can't be."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                await loop.create_connection(
                    lambda: self,
                    host,
                    port,
                    ssl=context,
                    server_hostname=host if context else None,
                    ssl_handshake_timeout=timeout if context else None,
                )
        except UnicodeError:
            raise OSError("no name that a host can have") from None

    async def start_tls(self, host: str, context: ssl.SSLContext, timeout: float) -> None:
        """Make the stream a TLS one; ssl.SSLError, OSError or TimeoutError if that fails."""
        assert self._transport is not None
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                secured = await loop.start_tls(
                    self._transport, self, context, server_hostname=host, ssl_handshake_timeout=timeout
                )
            if secured is None:
                raise ConnectionResetError("closed while TLS was being set up")
            self._transport = secured
        except BaseException:
            # Whether asyncio reports the loss of a transport that TLS gave up on depends on how far it was.
            self.abort()
            loop.call_soon(self._set_closed)
            raise

    @property
    def tls(self) -> ssl.SSLObject | None:
        """The TLS object of the stream, which outlives it; None for a stream in the clear."""
        found = self._transport.get_extra_info("ssl_object") if self._transport else None
        return cast("ssl.SSLObject | None", found)

    def write(self, parts: list[bytes]) -> None:
        """Send `parts`; what the socket doesn't take at once is kept and `writable` becomes false."""
        assert self._transport is not None
        self._transport.writelines(parts)

    def acknowledge(self) -> None:
        """Have what was read acknowledged now, where the system can, and not with our next write.

        A server may hold its next reply back until then (RFC 896), and the system the acknowledgement
        for 40 ms and more (RFC 1122 4.2.3.2).
        """
        if QUICKACK is not None and self._transport is not None and not self._transport.is_closing():
            self._transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, QUICKACK, 1)

    def pause(self) -> None:
        """Read nothing more until `start_tls` goes on."""
        if self._transport is not None:
            self._transport.pause_reading()

    def close(self) -> None:
        """Close in good order: what was written is sent first."""
        if self._transport is not None:
            self._transport.close()
        else:
            self._set_closed()

    def abort(self) -> None:
        """Close now; what was not sent yet is dropped."""
        if self._transport is not None:
            self._transport.abort()
        else:
            self._set_closed()

    def _set_closed(self) -> None:
        if not self.closed.done():
            self.closed.set_result(None)

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The stream is open."""
        self._transport = cast("asyncio.Transport", transport)
        if self.closed.done():
            self._transport.abort()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002
        """Return where to put what is read: always the same place."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Hand on what was read."""
        self._received(bytes(self._buffer[:nbytes]))

    def pause_writing(self) -> None:
        """The peer reads more slowly than we write."""
        self.writable = False

    def resume_writing(self) -> None:
        """The peer caught up."""
        self.writable = True
        self._drained()

    def connection_lost(self, exc: Exception | None) -> None:
        """The stream is gone."""
        self._set_closed()
        reason = str(exc) or type(exc).__name__ if exc else "the server closed the connection"
        self._lost(reason, exc is None or isinstance(exc, ConnectionError))


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
