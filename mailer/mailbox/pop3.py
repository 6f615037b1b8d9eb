"""A mailbox by POP3 (RFC 1939): without folders and marks, what was read is known by its UIDL alone."""

from __future__ import annotations

import poplib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from mailer.mailbox.incoming import MOST, Filing, FilingWishes, Incoming, State
from mailer.mailbox.server import TIMEOUT, MailboxAccount

if TYPE_CHECKING:
    from types import TracebackType

# A message may have longer lines than the 2,048 octets after which poplib gives up, and with it the mailbox.
poplib._MAXLINE = MOST  # type: ignore[attr-defined]
TOGETHER = 30  # messages that are fetched at once
LINES = 2000  # of the body of a message that is too large to be read whole


class Pop3Mailbox:
    """A session, for a `with` block: what is deleted is gone at its end."""

    def __init__(self, account: MailboxAccount, wishes: FilingWishes) -> None:
        self.name = account.url
        self._account = account
        self._wishes = wishes
        self._read: set[str] = set()

    def __enter__(self) -> Pop3Mailbox:
        account = self._account
        with account.translating(poplib.error_proto):
            if account.security == "tls":
                context = account.tls_context()
                self._client: poplib.POP3 = poplib.POP3_SSL(
                    account.host, account.port, timeout=TIMEOUT, context=context
                )
            else:
                self._client = poplib.POP3(account.host, account.port, timeout=TIMEOUT)
            try:
                if account.security == "starttls":
                    self._client.stls(account.tls_context())
                self._log_in()
            except BaseException:
                with suppress(OSError):
                    self._client.close()
                raise
        return self

    def _log_in(self) -> None:
        try:
            self._client.user(self._account.username)
            self._client.pass_(self._account.password)
        except poplib.error_proto as error:
            # RFC 2449 8.1.1, RFC 3206: the mailbox is in use, or something else that will pass.
            if any(code in str(error) for code in ("[IN-USE]", "[LOGIN-DELAY]", "[SYS/TEMP]")):
                raise
            raise self._account.refused(error) from None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError, EOFError, poplib.error_proto):
            if kind is None:
                self._client.quit()
            else:
                self._client.close()  # nothing is deleted of what may not be taken in

    @property
    def state(self) -> State:
        """Which messages that are still there are read."""
        return {"read": sorted(self._read)}

    def batches(self, state: State) -> Iterator[Sequence[Incoming]]:
        """Yield what is there and not read, in the server's order."""
        with self._account.translating(poplib.error_proto):
            there = [line.split(b" ", 1) for line in self._client.uidl()[1]]
            sized = [line.split() for line in self._client.list()[1]]
        sizes = {int(number): int(size) for number, size, *_ in sized}
        known = set(state.get("read", ()))
        named = [(int(number), uid.decode("ascii", "replace")) for number, uid in there]
        self._read = known & {uid for _, uid in named}
        new = [(number, uid) for number, uid in named if uid not in known]
        for start in range(0, len(new), TOGETHER):
            batch = new[start : start + TOGETHER]
            with self._account.translating(poplib.error_proto):
                messages = [
                    Incoming(number, f"{self.name};uidl={uid}", self._octets(number, sizes[number]))
                    for number, uid in batch
                ]
            yield messages
            self._read |= {uid for _, uid in batch}

    def _octets(self, number: int, size: int) -> bytes:
        """Return the first octets of a message."""
        lines = self._client.retr(number)[1] if size <= MOST else self._client.top(number, LINES)[1]
        return b"".join(line + b"\r\n" for line in lines)[:MOST]

    def file(self, messages: Sequence[tuple[Incoming, Filing]]) -> None:
        """Delete what was understood, where that is wished; the rest stays."""
        if not self._wishes.delete:
            return
        with self._account.translating(poplib.error_proto):
            for message, filing in messages:
                if filing is Filing.UNDERSTOOD:
                    self._client.dele(message.key)
