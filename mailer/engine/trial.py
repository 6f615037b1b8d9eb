"""Sending without the ledger: a test message to an address, or files instead of mail."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from mailer.domain.address import Address
from mailer.domain.audience import Recipient
from mailer.domain.issue import Issue
from mailer.domain.outcome import Outcome, Stage, Untried
from mailer.engine.compiler import with_subject
from mailer.engine.personaliser import Personaliser, wire_address
from mailer.errors import UsageError
from mailer.message.mime.template import MessageTemplate
from mailer.private import private_folder, write_private
from mailer.smtp.account import Account
from mailer.smtp.envelope import Envelope
from mailer.smtp.pool import deliver
from mailer.smtp.recording import Recording

NOT_SENT = Untried("stopped before it was sent", Stage.CONNECT)


async def send_tests(
    template: MessageTemplate,
    personaliser: Personaliser,
    recipients: Sequence[Recipient],
    account: Account,
    stop: asyncio.Event,
) -> list[Outcome]:
    """Send one message to each of `recipients`, outside the ledger; return the outcomes in their order."""
    moment = time.time()
    envelopes = [
        Envelope(
            key,
            personaliser.return_path,
            wire_address(recipient.email),
            message_to(recipient, template, personaliser, moment),
        )
        for key, recipient in enumerate(recipients)
    ]
    work = Recording(envelopes)
    await deliver(work, account, stop)
    return [work.outcomes.get(key, NOT_SENT) for key in range(len(recipients))]


def message_to(
    recipient: Recipient, template: MessageTemplate, personaliser: Personaliser, moment: float
) -> bytes:
    """Return the message as it would go out at `moment` (Unix seconds); raises CannotFill."""
    return personaliser.write(template, template.fillings(personaliser.names(recipient, moment)), moment)


def marked(issue: Issue) -> Issue:
    """Return `issue` under a subject that nobody takes for the real one's."""
    return with_subject(issue, f"[Test] {issue.subject or issue.title}")


def stand_in(address: Address, known: Recipient | None, example: Recipient | None) -> Recipient:
    """Return whose values a test message to `address` shows: its own subscriber's, else an example's."""
    if known:
        return known
    return nobodys(example or Recipient(0, ""))._replace(email=address.typed)


def nobodys(reader: Recipient) -> Recipient:
    """Return `reader` as subscriber 0, who is nobody: the links in their mail take nobody off a list.

    What is shown, filed or tried is handed round.
    """
    return reader._replace(subscriber_id=0)


def write_files(
    template: MessageTemplate,
    personaliser: Personaliser,
    recipients: Iterable[Recipient],
    folder: Path | None,
) -> Iterator[int]:
    """Render each message in full, write it to `folder` if there is one, and yield its size in octets.

    They are their owner's alone to read, and their links lead to nobody's subscription. UsageError where
    they can't be written.
    """
    moment = time.time()
    for number, recipient in enumerate(recipients, start=1):
        content = message_to(nobodys(recipient), template, personaliser, moment)
        if folder:
            _keep(folder / f"{number:06d}-{_file_name(recipient.email)}.eml", content)
        yield len(content)


def _keep(file: Path, content: bytes) -> None:
    try:
        private_folder(file.parent)
        if file.is_symlink():
            file.unlink()  # in a folder of others it may lead to anything
        write_private(file, content)
    except OSError as error:
        raise UsageError(
            f"can't write {file}: {error.strerror}",
            next_step="Name a folder that this user may write in, and see that it has room.",
        ) from None


def _file_name(email: str) -> str:
    return "".join(c if c.isalnum() or c in "@.+-_" else "_" for c in email)[:100]
