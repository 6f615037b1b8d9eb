"""The same messages through Postfix, which takes chunks, and aiosmtpd, which takes nothing but plain SMTP."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator

import pytest
from aiosmtpd.smtp import SMTP
from postfix import PostfixServer, postfix_server

from mailer.domain.outcome import Accepted, Outcome, Rejected
from mailer.smtp.account import Account
from mailer.smtp.envelope import Envelope
from mailer.smtp.pool import deliver
from mailer.smtp.recording import Recording

pytestmark = pytest.mark.peers

COUNT = 200


@pytest.fixture(scope="module")
def postfix() -> Iterator[PostfixServer]:
    settings = {
        "smtpd_recipient_restrictions": "check_recipient_access regexp:{{/^gone/ REJECT}}, permit",
        # How many RSETs it bears before it counts them as errors; each message taken starts the count anew.
        "smtpd_junk_command_limit": "20",
    }
    with postfix_server(settings) as server:
        yield server


def letters(run: str, *, clean: bool = True, refused: int = 0) -> list[Envelope]:
    """Messages of up to 30 KB; every `refused`-th goes to someone that the server refuses."""
    return [
        Envelope(
            key,
            "news@gazette.example",
            f"{'gone' if refused and key % refused == 0 else 'reader'}{key}@harbour.example",
            b"Subject: tide\r\nX-Run: %b %d\r\nDate: Sun, 22 Nov 2026 08:00:00 +0000\r\n"
            % (run.encode(), key)
            + b"From: news@gazette.example\r\nMessage-Id: <%d@gazette.example>\r\n\r\n" % key
            + b"High at nine, low at three, and so on.\r\n" * (key * 4 % 750)
            + b"=2Ea dot\r\n",
            clean=clean,
        )
        for key in range(1, COUNT + 1)
    ]


def send(envelopes: list[Envelope], account: Account) -> dict[int, Outcome]:
    work = Recording(envelopes)
    asyncio.run(deliver(work, account))
    return work.outcomes


def arrived(postfix: PostfixServer, run: str, count: int) -> dict[int, bytes]:
    """The messages of a run by number, with what Postfix put before the message left out."""
    marker = re.compile(rb"^X-Run: %b (\d+)$" % run.encode(), re.MULTILINE)
    before = -1
    everything: list[bytes] = []
    while sum(bool(marker.search(message)) for message in everything) < count and len(everything) > before:
        before = len(everything)
        everything = postfix.messages(before + 1)
    found = [(match, message) for message in everything if (match := marker.search(message))]
    assert len(found) == count == len({match[1] for match, _ in found})
    return {int(match[1]): message[message.index(b"Subject: tide") :] for match, message in found}


@pytest.mark.parametrize("window", [0, 1, 16])
def test_postfix_gets_every_octet(postfix: PostfixServer, window: int) -> None:
    envelopes = letters(f"window{window}")
    outcomes = send(envelopes, Account(postfix.host, postfix.port, "none", connections=2, window=window))
    assert {type(found) for found in outcomes.values()} == {Accepted}
    got = arrived(postfix, f"window{window}", COUNT)
    assert got == {e.key: e.content.replace(b"\r\n", b"\n") for e in envelopes}


def test_postfix_takes_those_behind_a_refused_recipient(postfix: PostfixServer) -> None:
    envelopes = letters("refused", refused=3)
    outcomes = send(envelopes, Account(postfix.host, postfix.port, "none", connections=2))
    refused = {key for key in outcomes if key % 3 == 0}
    assert {key for key, found in outcomes.items() if isinstance(found, Rejected)} == refused
    assert {
        key for key, found in outcomes.items() if isinstance(found, Accepted)
    } == outcomes.keys() - refused
    assert arrived(postfix, "refused", COUNT - len(refused)).keys() == outcomes.keys() - refused


def test_aiosmtpd_gets_every_octet() -> None:
    got: dict[str, bytes] = {}

    class Inbox:
        async def handle_DATA(self, server: SMTP, session: object, envelope: object) -> str:
            got[envelope.rcpt_tos[0]] = envelope.content  # type: ignore[attr-defined]
            return "250 2.0.0 taken"

    async def main(envelopes: list[Envelope]) -> dict[int, Outcome]:
        loop = asyncio.get_running_loop()
        work = Recording(envelopes)
        async with await loop.create_server(lambda: SMTP(Inbox(), loop=loop), "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            await deliver(work, Account("127.0.0.1", port, "none", connections=2))
        return work.outcomes

    envelopes = letters("plain")
    outcomes = asyncio.run(main(envelopes))
    assert {type(found) for found in outcomes.values()} == {Accepted}
    assert got == {envelope.recipient: envelope.content for envelope in envelopes}
