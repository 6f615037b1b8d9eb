"""The first part of a conversation, up to where messages may go: greeting, EHLO, STARTTLS, AUTH."""

from __future__ import annotations

from collections import deque
from collections.abc import Set
from enum import Enum, auto

from mailer.domain.outcome import Reply, Stage
from mailer.smtp.account import Account, encoded
from mailer.smtp.capabilities import Capabilities
from mailer.smtp.ending import Cause, Ending
from mailer.smtp.verdict import Step


class Phase(Enum):
    """How far a conversation is."""

    SETUP = auto()  # greeting, EHLO, STARTTLS, AUTH
    TLS = auto()  # the driver has to make the connection a TLS one and call `secured`
    READY = auto()  # for messages
    CLOSED = auto()  # nothing more is read or written


Line = tuple[Step, bytes]
Move = Line | Phase | Ending


class Opening:
    """Decides what comes after each reply of the opening; `offers` is what the latest EHLO brought."""

    def __init__(self, account: Account) -> None:
        self.offers = Capabilities()
        self.greeting = ""
        self._account = account
        self._secure = account.security == "tls"
        self._login: deque[bytes] = deque()

    def follow(self, step: Step, reply: Reply) -> Move:
        """Return the next line to send, the phase that is reached, or why this is the end.

        `reply` is one that lets `step` go on, as the table of verdicts has it.
        """
        if step is Step.GREETING:
            self.greeting = reply.text
            return self._ehlo()
        if step is Step.EHLO:
            self.offers = Capabilities.parse(reply)
            return self._after_ehlo()
        return Phase.TLS if step is Step.STARTTLS else self._after_auth(reply)

    def secured(self) -> Line:
        """Begin again under TLS: whatever was said before is forgotten (RFC 3207 4.2)."""
        self._secure = True
        self.offers = Capabilities()
        return self._ehlo()

    def _ehlo(self) -> Line:
        return Step.EHLO, b"EHLO %b\r\n" % self._account.local_name.encode("ascii")

    def _after_ehlo(self) -> Move:
        if self._account.security != "starttls" or self._secure:
            return self._log_in()
        if self.offers.starttls:
            return Step.STARTTLS, b"STARTTLS\r\n"
        return Ending(Cause.FAULT, Stage.STARTTLS, "the server doesn't offer STARTTLS")

    def _log_in(self) -> Move:
        if not self._account.username:
            return Phase.READY
        if not (self._secure or self._account.loopback):
            return Ending(Cause.FAULT, Stage.STARTTLS, "a password is never sent without TLS")
        if lines := login_lines(self._account, self.offers.auth):
            self._login.extend(lines)
            return Step.AUTH, self._login.popleft()
        offered = " ".join(sorted(self.offers.auth)) or "none"
        return Ending(Cause.FAULT, Stage.AUTH, f"no way to log in that we know; the server offers {offered}")

    def _after_auth(self, reply: Reply) -> Move:
        if reply.code < 300:
            # No EHLO after AUTH: one provider forgets the login then.
            return Phase.READY
        if self._login:
            return Step.AUTH, self._login.popleft()
        return Ending(Cause.LOST, Stage.AUTH, f"unexpected at {Stage.AUTH}: {reply}", reply.code)


MECHANISMS = ("PLAIN", "LOGIN")  # the better first: PLAIN takes one round trip


def login_lines(account: Account, offered: Set[str]) -> list[bytes] | None:
    """Return the lines to send, each after a 334 but for the first; None if no offered mechanism is ours."""
    mechanism = next((ours for ours in MECHANISMS if ours in offered), None)
    if mechanism is None:
        return None
    if mechanism == "PLAIN":
        return [b"AUTH PLAIN %b\r\n" % account.plain_login()]
    return [b"AUTH LOGIN\r\n", b"%b\r\n" % encoded(account.username), b"%b\r\n" % encoded(account.password)]
