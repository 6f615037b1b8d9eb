"""Why a connection ended, and what a person has to know about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

from mailer.domain.outcome import Reply, Stage
from mailer.errors import AccountFault, MailerError, ServerUnavailable
from mailer.smtp.account import Account


class Cause(Enum):
    """What kind of end it was."""

    DONE = auto()  # ours: nothing more to send, or told to stop
    TURNED_AWAY = auto()  # the server's, in words: 421, 4yz while setting up
    UNREACHED = auto()  # nobody answers: refused, no such host, no way there
    MUTE = auto()  # no answer in all the time that there is for setting up
    LOST = auto()  # nobody's: reset, end of stream, timeout, what is no SMTP
    EXPIRED = auto()  # ours: the token that we had is no longer taken, and there may be a newer one
    FAULT = auto()  # a setting must change before this can work


LATER = "Run the command again later; if it stays so, check SMTP_HOST and SMTP_PORT."
LATER_LOGIN = "Run the command again later; `mailer login status` says where tokens come from."
SANDBOX = (
    "Start the inbox of this machine with `mailer sandbox` in another terminal, or set SMTP_HOST in .env."
)
NO_MAIL_SERVER = "Check SMTP_HOST and SMTP_PORT: what listens there is no mail server, or does not greet."
NO_ANSWER = (
    "Check SMTP_HOST, SMTP_PORT and SMTP_SECURITY: nothing answers there as a mail server does, or a "
    "firewall is in between."
)
# What shows when SMTP_SECURITY isn't what the port is for, and what to write.
WAITS_FOR_TLS = "no greeting: the server waits for TLS"
SPEAKS_CLEAR = "no TLS: the server speaks in the clear at first"
MISMATCH = {
    WAITS_FOR_TLS: "Write SMTP_SECURITY=tls, as for port 465; or SMTP_PORT=587 if it is to be starttls.",
    SPEAKS_CLEAR: "Write SMTP_SECURITY=starttls, as for port 587; or SMTP_PORT=465 if it is to be tls.",
}


@dataclass(frozen=True, slots=True)
class Ending:
    """How and where a connection ended; `words` are the server's, or ours for what happened."""

    cause: Cause
    stage: Stage
    words: str
    code: int = 0  # of the reply that ended it, if one did

    @property
    def reply(self) -> Reply | None:
        """The reply that ended it; None if none did."""
        return Reply(self.code, self.words.partition(f"{self.code} ")[2]) if self.code else None

    def error(self, account: Account) -> MailerError:
        """Return the exception for a run that can't go on because of this."""
        words = account.redact(self.words)
        if self.cause is Cause.FAULT:
            return AccountFault(
                f"{account.where} at {self.stage}: {words}", next_step=self._next_step(account)
            )
        return ServerUnavailable(
            f"{account.where} at {self.stage}: {words}", next_step=self._look_at(account)
        )

    def _look_at(self, account: Account) -> str:
        if self.stage is Stage.AUTH and account.tokens:
            return LATER_LOGIN
        if self.cause is Cause.UNREACHED:
            return SANDBOX if account.loopback else LATER
        if self.cause is Cause.MUTE:
            return NO_ANSWER
        # It answered, and said nothing that a mail server says.
        return NO_MAIL_SERVER if self.stage is Stage.CONNECT and not self.code else LATER

    def _next_step(self, account: Account) -> str:
        if self.words in MISMATCH:
            return MISMATCH[self.words]
        if NO_PASSWORDS.search(self.words):
            return "Passwords are switched off there; log in with: mailer login microsoft"
        if self.code in LOGIN_CODES or self.stage is Stage.AUTH:
            return NOT_LET_IN if account.tokens else NEXT_STEP[Stage.AUTH]
        return LIMITED if "5.4.5" in self.words else NEXT_STEP[self.stage]


NOT_LET_IN = (
    "Have the provider allow SMTP with tokens for SMTP_USERNAME, or log in again as whom it names: "
    "mailer login status"
)
# 550 5.7.30 Basic authentication is not supported, 535 5.7.139 … basic authentication is disabled
NO_PASSWORDS = re.compile(r"basic authentication", re.IGNORECASE)
LOGIN_CODES = (530, 534, 535, 538)
LIMITED = "Wait until the provider's limit is renewed, or have it raised."
NEXT_STEP: dict[Stage, str] = {
    Stage.CONNECT: "Check SMTP_HOST and SMTP_PORT, and whether the server lets this machine in.",
    Stage.EHLO: "Check SMTP_HOST and SMTP_PORT: this server doesn't take mail as ESMTP.",
    Stage.STARTTLS: "Check SMTP_SECURITY (tls for port 465, starttls for 587), SMTP_HOST and SMTP_CA_FILE.",
    Stage.AUTH: "Correct SMTP_USERNAME and SMTP_PASSWORD, or SMTP_SECURITY if the server wants TLS first.",
    Stage.MAIL: "Correct MAIL_FROM or MAIL_RETURN_PATH, or have the provider allow this sender.",
    Stage.RCPT: "Have the provider say what this account lacks.",
    Stage.DATA: "Have the provider say what this account lacks.",
    Stage.CONTENT: "Have the provider say what this account lacks.",
}
