"""LMTP (RFC 2033), for those whose own mail server takes what comes back: each message is taken in at once.

What can't be taken in now is put off with 451, and the server in front keeps it and tries again.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from mailer.engine.stopping import run_until_stopped
from mailer.errors import MailerError
from mailer.mailbox.incoming import Incoming
from mailer.services.return_reading import ReturnTally, Told, reader_of

if TYPE_CHECKING:
    from mailer.bootstrap import App

LARGEST = 64 * 1024 * 1024  # octets of a message; more than a bounce ever brings back
PLACE = "LMTP"


class ReturnHandler:
    """What aiosmtpd calls with each message: taken in, then acknowledged; never the other way round."""

    def __init__(self, app: App, told: Told, complain: Callable[[MailerError], None]) -> None:
        self._app = app
        self._told = told
        self._complain = complain
        self.done = ReturnTally()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002
        """Return one reply for each recipient (RFC 2033 4.2)."""
        assert isinstance(envelope.content, bytes)
        reader = reader_of(self._app, self._told, " ".join(envelope.rcpt_tos))
        reader.done = self.done
        reply = "250 2.0.0 Taken in"
        try:
            reader.keep([Incoming(0, PLACE, envelope.content)])
        except MailerError as error:
            self._complain(error)
            reply = "451 4.3.0 Can't be taken in now"
        finally:
            self._app.let_go()
        return "\r\n".join([reply] * len(envelope.rcpt_tos))


def listen(handler: ReturnHandler, listener: socket.socket, hostname: str, ready: Callable[[], None]) -> None:
    """Serve on a listening socket until a signal; `ready` is called once it is answered."""
    run_until_stopped(lambda stop: _serve(handler, listener, hostname, ready, stop))


async def _serve(
    handler: ReturnHandler,
    listener: socket.socket,
    hostname: str,
    ready: Callable[[], None],
    stop: asyncio.Event,
) -> None:
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # clients that come and go are no news
    loop = asyncio.get_running_loop()

    def connection() -> LMTP:
        return LMTP(handler, data_size_limit=LARGEST, enable_SMTPUTF8=True, hostname=hostname, loop=loop)

    if listener.family == socket.AF_UNIX:
        server: asyncio.Server = await loop.create_unix_server(connection, sock=listener)
    else:
        server = await loop.create_server(connection, sock=listener)
    async with server:
        ready()
        await stop.wait()
