"""The sandbox's two servers in one event loop: SMTP that takes everything, and the page that shows it."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sqlite3
from collections.abc import Callable
from datetime import datetime
from typing import Any

import uvicorn
from aiosmtpd.smtp import SMTP, Envelope, Session

from mailer.sandbox.inbox import Inbox

LARGEST = 25 * 1024 * 1024  # octets a message, as most providers have it
HOSTNAME = "sandbox.test"  # given, because aiosmtpd would ask the resolver for one at every connection


class Keep:
    """What aiosmtpd calls with each message: keep it, then acknowledge it; never the other way round."""

    def __init__(self, inbox: Inbox, now: Callable[[], datetime]) -> None:
        self.inbox = inbox
        self.now = now

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002
        """Return the reply to the content; what can't be kept, the disk being full say, gets a 452."""
        assert isinstance(envelope.content, bytes)
        try:
            number = self.inbox.add(
                envelope.content,
                sender=_shown(envelope.mail_from or ""),
                recipients=tuple(map(_shown, envelope.rcpt_tos)),
                ehlo=_shown(session.host_name or ""),
                received=self.now(),
            )
        except (OSError, sqlite3.Error) as error:
            return f"452 4.3.1 The sandbox can't keep this message: {error}"
        return f"250 2.0.0 Kept as message {number}"


def run(
    server: uvicorn.Server,
    keep: Keep,
    *,
    smtp: socket.socket,
    http: socket.socket,
    ready: Callable[[], None],
    lifeline: int | None = None,
) -> None:
    """Serve on two listening sockets until `server` is told to exit, or the pipe `lifeline` is at its end.

    `server` answers HTTP; `ready` is called once SMTP is answered too.
    """
    # Its warnings are about clients that come and go, which is no news in a sandbox.
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    asyncio.run(_serve(server, keep, smtp, http, ready, lifeline))


async def _serve(
    server: uvicorn.Server,
    keep: Keep,
    smtp: socket.socket,
    http: socket.socket,
    ready: Callable[[], None],
    lifeline: int | None,
) -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_report)

    def connection() -> SMTP:
        return SMTP(
            keep,
            data_size_limit=LARGEST,
            enable_SMTPUTF8=True,
            hostname=HOSTNAME,
            ident="mailer sandbox",
            loop=loop,
        )

    def at_end() -> None:
        assert lifeline is not None
        if not os.read(lifeline, 512):
            loop.remove_reader(lifeline)
            server.should_exit = True

    if lifeline is not None:
        loop.add_reader(lifeline, at_end)
    listener = await loop.create_server(connection, sock=smtp)
    try:
        ready()
        await server.serve(sockets=[http])
    finally:
        listener.close()  # to wait for it would be, from Python 3.12 on, to wait for whoever is connected


def _report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    # aiosmtpd lets a reset connection end its task with the error; nobody needs to know.
    if not isinstance(context.get("exception"), ConnectionError):
        loop.default_exception_handler(context)


def _shown(text: str) -> str:
    # aiosmtpd keeps octets that aren't UTF-8 as lone surrogates, which no database or page can take.
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
