"""A visit to the mail server: the same conversation as when sending, up to where messages would go."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from time import monotonic

from mailer.doctor.certificate import Certificate
from mailer.domain.outcome import Stage
from mailer.smtp.account import Account, Timeouts
from mailer.smtp.capabilities import Capabilities
from mailer.smtp.channel import Channel
from mailer.smtp.connection import tls_context
from mailer.smtp.ending import Cause, Ending
from mailer.smtp.envelope import Envelope
from mailer.smtp.exchange import Result
from mailer.smtp.window import Moment

LIMIT = 5.0  # seconds
TIMEOUTS = Timeouts(connect=LIMIT, greeting=LIMIT, command=LIMIT, idle=60, quit=LIMIT, doubt=LIMIT / 2)


@dataclass(frozen=True, slots=True)
class Conversation:
    """What was seen of a server. `ending` says why no message could have gone; None if one could.

    `certificate` is None in the clear. `round_trip` is how long the answer to QUIT took, in seconds.
    """

    greeting: str
    offers: Capabilities
    certificate: Certificate | None = None
    ending: Ending | None = None
    round_trip: float | None = None


class Visitor:
    """A source with no messages, for a channel that is only to be looked at."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()

    def moment(self) -> Moment:
        """It has nothing else to do."""
        return Moment(monotonic(), 0)

    def take(self, most: int) -> Sequence[Envelope]:  # noqa: ARG002
        """There are none."""
        return ()

    def writes(self, channel: Channel) -> None:
        """Let it write soon."""
        asyncio.get_running_loop().call_soon(channel.write)

    def settled(self, results: Sequence[Result]) -> None:
        """Nothing was handed over, so nothing can be settled."""
        raise AssertionError(results)

    def changed(self, channel: Channel) -> None:
        """Note the end."""
        if channel.ending is not None:
            self.gone.set()

    def failed(self, error: Exception) -> None:
        """Let it be seen."""
        raise error


async def visit(account: Account) -> Conversation:
    """Connect, secure, log in, take leave; AccountFault if SMTP_CA_FILE can't be read."""
    found = await _converse(account, tls_context(account))
    if found.ending and found.ending.cause is Cause.EXPIRED:  # the token, which is another one from now on
        found = await _converse(account, tls_context(account))
    ending = found.ending
    if ending and ending.stage is Stage.STARTTLS and found.certificate is None:
        # What is wrong with a certificate shows in it. Nobody logs in to a server that isn't verified.
        stranger = replace(account, username="", password="", tokens=None, client_cert="", client_key="")
        unverified = ssl.create_default_context()
        unverified.check_hostname = False
        unverified.verify_mode = ssl.CERT_NONE
        found = replace(found, certificate=(await _converse(stranger, unverified)).certificate)
    return found


async def _converse(account: Account, context: ssl.SSLContext | None) -> Conversation:
    visitor = Visitor()
    channel = Channel(account, visitor, TIMEOUTS)
    clock = asyncio.create_task(_keep_time(channel))
    try:
        await channel.open(context)
        seen = Conversation(channel.greeting, channel.offers, Certificate.of(channel.tls), channel.ending)
        if channel.ending is not None:
            return seen
        since = monotonic()
        channel.finish()
        await visitor.gone.wait()
        return replace(seen, round_trip=monotonic() - since)
    finally:
        clock.cancel()
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(channel.gone), 1)
        channel.drop()


async def _keep_time(channel: Channel) -> None:
    while True:
        await asyncio.sleep(TIMEOUTS.tick)
        channel.check(monotonic())
