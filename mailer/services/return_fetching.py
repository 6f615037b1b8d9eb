"""Mailboxes on servers are read for what came back: once, or as it comes until told to stop."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING

from mailer.errors import MailboxUnavailable, SettingsError, StorageBusy
from mailer.mailbox.server import MailboxAccount
from mailer.services.return_alerts import tell
from mailer.services.return_reading import Reader, ReturnTally, Told, reader_of
from mailer.services.return_settings import accounts_of, filing_of

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.mailbox.imap import ImapMailbox
    from mailer.mailbox.pop3 import Pop3Mailbox

POLL = 60.0  # seconds between two looks at what tells nothing by itself
LONGEST = 900.0  # seconds until a server that can't be reached is tried again
Stopped = Callable[[float], bool]  # waits for so many seconds, unless it is to end; returns whether it is


def mailboxes_of(app: App) -> list[MailboxAccount]:
    """Return the mailboxes that the settings name; SettingsError if they name none."""
    if not (found := accounts_of(app.settings, app.root, app.logins)):
        raise SettingsError(
            "no mailbox is set that could be read",
            next_step="Set IMAP_HOST, IMAP_USERNAME and IMAP_PASSWORD in .env (or POP3_…).",
        )
    return found


def fetch(app: App, told: Told) -> ReturnTally:
    """Take in what lies in the mailboxes now. MailboxUnavailable and MailboxRefused as they say."""
    reader = reader_of(app, told)
    for account in mailboxes_of(app):
        with _opened(app, account) as mailbox:
            reader.empty(mailbox)
    return reader.done


def watch(app: App, told: Told, say: Callable[[str], None], stopped: Stopped) -> ReturnTally:
    """Take in what comes, as it comes by IMAP and else each minute, until `stopped`.

    What passes by itself is said and waited out; MailboxRefused ends it.
    """
    reader, accounts, pause = reader_of(app, told), mailboxes_of(app), POLL
    while not stopped(0):
        try:
            for account in accounts:
                with _opened(app, account) as mailbox:
                    _follow(reader, mailbox, say, stopped, alone=len(accounts) == 1)
            pause = POLL
        except (MailboxUnavailable, StorageBusy) as error:
            say(error.problem)
            pause = min(pause * 2, LONGEST)
        app.let_go()
        stopped(pause)
    return reader.done


def _follow(
    reader: Reader,
    mailbox: ImapMailbox | Pop3Mailbox,
    say: Callable[[str], None],
    stopped: Stopped,
    *,
    alone: bool,
) -> None:
    """Take in what is there and, of one that tells of more and is the only one, what comes."""
    _empty(reader, mailbox, say)
    wait = getattr(mailbox, "wait", None)
    while alone and wait and not stopped(0):
        reader.app.let_go()
        wait(stopped)
        _empty(reader, mailbox, say)


def _empty(reader: Reader, mailbox: ImapMailbox | Pop3Mailbox, say: Callable[[str], None]) -> None:
    before = reader.done.total
    reader.empty(mailbox)
    if reader.done.total > before:
        tell(reader.app, say)


def _opened(app: App, account: MailboxAccount) -> ImapMailbox | Pop3Mailbox:
    if account.protocol == "IMAP":
        from mailer.mailbox.imap import ImapMailbox, by_password
        from mailer.mailbox.token_login import by_token

        log_in = by_password if account.password else by_token(app.keeper(account.username))
        return ImapMailbox(account, filing_of(app.settings), log_in)
    from mailer.mailbox.pop3 import Pop3Mailbox

    return Pop3Mailbox(account, filing_of(app.settings))


@contextmanager
def until_signalled(*, parent: bool = False) -> Iterator[Stopped]:
    """Yield what waits, and ends at SIGTERM or Ctrl-C; with `parent` also once that process is gone."""
    stop, before = Event(), {}
    began_by = os.getppid()
    for number in (signal.SIGTERM, signal.SIGINT):
        before[number] = signal.signal(number, lambda *_: stop.set())

    def stopped(seconds: float) -> bool:
        if parent and os.getppid() != began_by:
            stop.set()
        return stop.wait(seconds)

    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
