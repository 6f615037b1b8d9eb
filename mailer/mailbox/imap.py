"""A folder on an IMAP server (RFC 9051, 3501), by UID: nobody else's marks decide what is read.

IMAPClient speaks the protocol: kept up, and with IDLE (RFC 2177), which imaplib has from Python 3.14 on only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from imapclient import SEEN, IMAPClient
from imapclient.exceptions import IMAPClientError, LoginError

from mailer.errors import MailboxRefused
from mailer.mailbox.incoming import MOST, Filing, FilingWishes, Incoming, State
from mailer.mailbox.server import TIMEOUT, MailboxAccount

if TYPE_CHECKING:
    from types import TracebackType

TOGETHER = 30  # messages that are fetched at once
RENEW = 300.0  # seconds of IDLE; servers let go of it after 29 minutes (RFC 2177 3)
POLL = 60.0  # seconds between two looks where a server has no IDLE
SLICE = 1.0  # seconds: how soon a wish to stop is heeded
FIRST_OCTETS = f"BODY.PEEK[]<0.{MOST}>"
ANSWER = b"BODY[]<0>"

Authenticator = Callable[[IMAPClient, MailboxAccount], Any]


def by_password(client: IMAPClient, account: MailboxAccount) -> None:
    """Log in as the settings say; IMAPClientError if that is refused."""
    client.login(account.username, account.password)


class ImapMailbox:
    """A connection to a folder, for a `with` block. `log_in` is how we show who we are."""

    def __init__(
        self, account: MailboxAccount, wishes: FilingWishes, log_in: Authenticator = by_password
    ) -> None:
        self.name = account.url
        self._account = account
        self._wishes = wishes
        self._log_in = log_in
        self._validity = self._last = 0
        self._folders: dict[str, str] = {}

    def __enter__(self) -> ImapMailbox:
        account = self._account
        with account.translating(IMAPClientError):
            context = account.tls_context() if account.security != "none" else None
            tls = account.security == "tls"
            self._client = IMAPClient(
                account.host, account.port, ssl=tls, ssl_context=context, timeout=TIMEOUT
            )
            try:
                if account.security == "starttls":
                    self._client.starttls(context)
                self._enter()
            except BaseException:
                with suppress(OSError):
                    self._client.shutdown()
                raise
        return self

    def _enter(self) -> None:
        try:
            self._log_in(self._client, self._account)
        except LoginError as error:
            if "UNAVAILABLE" in str(error):  # RFC 5530: it will pass
                raise
            raise self._account.refused(error) from None
        self._select()

    def _select(self) -> None:
        try:
            opened = self._client.select_folder(self._account.folder)
        except IMAPClientError as error:
            raise MailboxRefused(
                f"{self.name}: no such folder can be opened: {error}",
                next_step="Correct IMAP_FOLDER in .env; the main one is INBOX.",
            ) from None
        self._validity = int(opened.get(b"UIDVALIDITY", 0))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError, IMAPClientError):
            self._client.logout()

    @property
    def state(self) -> State:
        """Up to which UID it is read, in which of the folder's lives."""
        return {"validity": self._validity, "uid": self._last}

    def batches(self, state: State) -> Iterator[Sequence[Incoming]]:
        """Yield what came since, by UID."""
        self._last = state["uid"] if state.get("validity") == self._validity else 0
        with self._account.translating(IMAPClientError):
            # `n:*` names the last message, too, where all have lower UIDs.
            found = sorted(
                each for each in self._client.search(f"UID {self._last + 1}:*") if each > self._last
            )
        for start in range(0, len(found), TOGETHER):
            uids = found[start : start + TOGETHER]
            with self._account.translating(IMAPClientError):
                answers = self._client.fetch(uids, [FIRST_OCTETS])
            yield [
                Incoming(uid, f"{self.name};uid={uid}", bytes(answers[uid][ANSWER] or b""))
                for uid in uids
                if uid in answers
            ]
            self._last = uids[-1]

    def file(self, messages: Sequence[tuple[Incoming, Filing]]) -> None:
        """Put messages away."""
        understood = [message.key for message, filing in messages if filing is Filing.UNDERSTOOD]
        unknown = [message.key for message, filing in messages if filing is Filing.UNKNOWN]
        with self._account.translating(IMAPClientError):
            if understood and self._wishes.delete:
                self._delete(understood)
            elif understood:
                self._client.add_flags(understood, [SEEN], silent=True)
                self._move(understood, self._wishes.folder)
            self._move(unknown, self._wishes.unknown)

    def _move(self, uids: Sequence[int], folder: str) -> None:
        if not (uids and folder):
            return
        target = self._existing(folder)
        if self._client.has_capability("MOVE"):  # RFC 6851
            self._client.move(uids, target)
        else:
            self._client.copy(uids, target)
            self._delete(uids)

    def _delete(self, uids: Sequence[int]) -> None:
        self._client.delete_messages(uids, silent=True)
        if self._client.has_capability("UIDPLUS"):  # without it others' messages would go, too (RFC 4315)
            self._client.uid_expunge(uids)

    def _existing(self, folder: str) -> str:
        """Return the server's name of a folder, which is made if it isn't there."""
        if folder not in self._folders:
            prefix, separator = "", "/"
            if self._client.has_capability("NAMESPACE"):  # RFC 2342
                personal = self._client.namespace().personal
                prefix, separator = personal[0] if personal else (prefix, separator)
            name = prefix + folder.replace("/", separator)
            if not self._client.folder_exists(name):
                self._client.create_folder(name)
            self._folders[folder] = name
        return self._folders[folder]

    def wait(self, stopped: Callable[[float], bool]) -> None:
        """Wait until something may have come; `stopped` waits for so many seconds unless it is to end."""
        with self._account.translating(IMAPClientError):
            if not self._client.has_capability("IDLE"):
                stopped(POLL)
                self._client.noop()
                return
            self._client.idle()
            try:
                for _ in range(int(RENEW / SLICE)):
                    if self._client.idle_check(timeout=SLICE) or stopped(0):
                        break
            finally:
                self._client.idle_done()
