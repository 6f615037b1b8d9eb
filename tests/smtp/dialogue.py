"""A conversation with a `Session` as a test tells it: the server's lines, and what came of them."""

from __future__ import annotations

from mailer.smtp.account import Account
from mailer.smtp.envelope import Envelope
from mailer.smtp.exchange import Result
from mailer.smtp.opening import Phase
from mailer.smtp.session import Session
from mailer.smtp.transcript import Transcript

PLAIN = Account("127.0.0.1", 2525, "none")
EHLO = b"250-harbour.test\r\n250-SIZE 1000000\r\n250-8BITMIME\r\n250 PIPELINING\r\n"
CHUNKING_EHLO = b"250-harbour.test\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
BARE_EHLO = b"250 harbour.test\r\n"


def letter(key: int, content: bytes = b"Subject: tide\r\n\r\nHigh at nine.\r\n") -> Envelope:
    """An envelope for reader number `key`."""
    return Envelope(key, "news@gazette.example", f"reader{key}@harbour.example", content)


class Dialogue:
    """Drives a session as a channel does, with messages waiting, and keeps what it wrote and settled."""

    def __init__(
        self,
        account: Account = PLAIN,
        messages: int = 1,
        size: int = 0,
        window: int = 1,
        transcript: Transcript | None = None,
    ) -> None:
        self.session = Session(account, transcript)
        self.session.window = window
        self.waiting = [letter(key) for key in range(1, messages + 1)]
        self.size = size
        self.written: list[bytes] = []
        self.handed: list[int] = []
        self.results: list[Result] = []
        self.phases: list[Phase] = [self.session.phase]

    def hear(self, octets: bytes) -> Dialogue:
        """Let the server say `octets`, in pieces of `size` (0: at once), and act on them."""
        size = self.size or len(octets) or 1
        for start in range(0, len(octets), size):
            self.results += self.session.receive(octets[start : start + size])
            if self.session.phase is not self.phases[-1]:
                self.phases.append(self.session.phase)
            self.proceed()
        return self

    def proceed(self) -> None:
        """Add what is wanted, hand over, write."""
        while self.waiting and (room := self.session.room):
            self.results += self.session.add(self.waiting[:room])
            del self.waiting[:room]
        self.handed += self.session.completing
        if self.session.phase is not Phase.CLOSED and (octets := b"".join(self.session.flush())):
            self.written.append(octets)

    @property
    def wrote(self) -> bytes:
        """Everything written so far."""
        return b"".join(self.written)

    @property
    def story(self) -> tuple[object, ...]:
        """What must not depend on how the server's octets are cut."""
        return self.wrote, self.handed, self.results, self.phases, self.session.ending
