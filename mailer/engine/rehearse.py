"""Sending without the ledger: a test message to an address, or files instead of mail."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from mailer.compose.mime.template import MessageTemplate
from mailer.domain.address import Address
from mailer.domain.outcome import Outcome, Stage, Untried
from mailer.domain.recipient import Recipient
from mailer.engine.correspondence import Correspondence, wire_address
from mailer.smtp.account import Account
from mailer.smtp.envelope import Envelope
from mailer.smtp.pool import deliver
from mailer.smtp.recording import Recording

NOT_SENT = Untried("stopped before it was sent", Stage.CONNECT)


async def send_tests(
    template: MessageTemplate,
    correspondence: Correspondence,
    recipients: Sequence[Recipient],
    account: Account,
    stop: asyncio.Event,
) -> list[Outcome]:
    """Send one message to each of `recipients`, outside the ledger; return the outcomes in their order."""
    moment = time.time()
    envelopes = [
        Envelope(
            key,
            correspondence.return_path,
            wire_address(recipient.email),
            message_to(recipient, template, correspondence, moment),
        )
        for key, recipient in enumerate(recipients)
    ]
    work = Recording(envelopes)
    await deliver(work, account, stop)
    return [work.outcomes.get(key, NOT_SENT) for key in range(len(recipients))]


def message_to(
    recipient: Recipient, template: MessageTemplate, correspondence: Correspondence, moment: float
) -> bytes:
    """Return the message as it would go out at `moment` (Unix seconds); raises CannotFill."""
    return correspondence.write(template, template.fillings(correspondence.names(recipient, moment)), moment)


def stand_in(address: Address, known: Recipient | None, example: Recipient | None) -> Recipient:
    """Return whose values a test message to `address` shows: its own subscriber's, else an example's."""
    if known:
        return known
    # Subscriber 0 is nobody, so that a link in the test leads to nobody's subscription.
    nobody = Recipient(0, address.typed)
    return example._replace(subscriber_id=0, email=address.typed) if example else nobody


def write_files(
    template: MessageTemplate,
    correspondence: Correspondence,
    recipients: Iterable[Recipient],
    folder: Path | None,
) -> Iterator[int]:
    """Render each message in full, write it to `folder` if there is one, and yield its size in octets."""
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    moment = time.time()
    for number, recipient in enumerate(recipients, start=1):
        content = message_to(recipient, template, correspondence, moment)
        if folder:
            (folder / f"{number:06d}-{_file_name(recipient.email)}.eml").write_bytes(content)
        yield len(content)


def _file_name(email: str) -> str:
    return "".join(c if c.isalnum() or c in "@.+-_" else "_" for c in email)[:100]
