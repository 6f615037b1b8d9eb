"""The first part of a conversation, up to where messages may go: greeting, EHLO, STARTTLS, AUTH."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from enum import Enum, auto

from mailer.domain.outcome import Reply, Stage
from mailer.sasl.choice import choices
from mailer.sasl.credentials import AccessToken
from mailer.sasl.mechanisms import Mechanism, SaslFault, Unexpected
from mailer.smtp.account import Account
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
        self._credentials = account.credentials
        self._renewable = False
        self._choices: Iterator[tuple[str, Mechanism]] = iter(())
        self._mechanism: Mechanism | None = None
        self._withheld = b""  # its first response, where the server has to ask for it

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

    def authorise(self, token: AccessToken) -> None:
        """Log in by this token."""
        self._credentials = replace(self._credentials, token=token.text)
        self._renewable = token.renewable

    def bind(self, certificate: bytes) -> None:
        """Bind a login to the server's certificate, in DER, where both can."""
        self._credentials = replace(self._credentials, peer=certificate)

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
        account = self._account
        if not (account.username or (account.client_cert and "EXTERNAL" in self.offers.auth)):
            return Phase.READY
        if not (self._secure or account.loopback):
            return Ending(Cause.FAULT, Stage.STARTTLS, "a password is never sent without TLS")
        self._choices = choices(self._credentials, self.offers.auth, account.mechanism)
        if line := self._next_choice():
            return line
        offered = " ".join(sorted(self.offers.auth)) or "none"
        return Ending(Cause.FAULT, Stage.AUTH, f"no way to log in that we know; the server offers {offered}")

    def _next_choice(self) -> Move | None:
        name, self._mechanism = next(self._choices, ("", None))
        if self._mechanism is None:
            return None
        try:
            first = self._mechanism.begin()
        except SaslFault as fault:
            return Ending(Cause.FAULT, Stage.AUTH, str(fault))
        command = b"AUTH %b\r\n" % name.encode()
        if first is None:
            return Step.AUTH, command
        whole = b"AUTH %b %b\r\n" % (name.encode(), b64encode(first) or b"=")
        if len(whole) <= LONGEST:
            return Step.AUTH, whole
        # RFC 4954 4: what makes the command longer than a command may be waits until it is asked for.
        self._withheld = first
        return Step.AUTH, command

    def _after_auth(self, reply: Reply) -> Move:
        assert self._mechanism is not None
        if reply.code >= 300 and reply.code != CHALLENGE:
            return Ending(Cause.LOST, Stage.AUTH, f"unexpected at {Stage.AUTH}: {reply}", reply.code)
        try:
            if reply.code == CHALLENGE:
                answer = self._withheld or self._mechanism.answer(reply.text.strip())
                self._withheld = b""
                return Step.AUTH, b"%b\r\n" % b64encode(answer)
            self._mechanism.end()
        except Unexpected as fault:
            return Ending(Cause.LOST, Stage.AUTH, f"unexpected at {Stage.AUTH}: {fault}", reply.code)
        except SaslFault as fault:
            return Ending(Cause.FAULT, Stage.AUTH, str(fault))
        # No EHLO after AUTH: one provider forgets the login then.
        return Phase.READY

    def refused(self, reply: Reply) -> Move:
        """Return what follows from a login that was refused for good: another mechanism, or the end.

        A token that is no longer taken is no fault while there may be a newer one.
        """
        if reply.code == UNFIT and (line := self._next_choice()):
            return line
        said = self._mechanism.said if self._mechanism else ""
        words = f"{reply} ({said})" if said else str(reply)
        cause = Cause.EXPIRED if self._renewable else Cause.FAULT
        return Ending(cause, Stage.AUTH, words, reply.code)


CHALLENGE = 334  # RFC 4954 4
LONGEST = 512  # octets of a command: RFC 5321 4.5.3.1.4
UNFIT = 504  # which is said of a mechanism, not of who logs in
