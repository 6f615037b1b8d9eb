"""Why a connection ended, and what a person has to know about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from mailer.domain.outcome import Reply, Stage
from mailer.errors import AccountFault, MailerError, ServerUnavailable
from mailer.smtp.account import Account
from mailer.smtp.auth import redact


class Cause(Enum):
    """What kind of end it was."""

    DONE = auto()  # ours: nothing more to send, or told to stop
    TURNED_AWAY = auto()  # the server's, in words: 421, 4yz while setting up
    LOST = auto()  # nobody's: reset, end of stream, timeout, what is no SMTP
    FAULT = auto()  # a setting must change before this can work


LATER = "Run the command again later; if it stays so, check SMTP_HOST and SMTP_PORT."
SANDBOX = (
    "Start the inbox of this machine with `mailer sandbox` in another terminal, or set SMTP_HOST in .env."
)


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
        words = redact(self.words, account)
        if self.cause is Cause.FAULT:
            return AccountFault(f"{account.where} at {self.stage}: {words}", next_step=self._next_step())
        return ServerUnavailable(
            f"{account.where} at {self.stage}: {words}",
            next_step=SANDBOX if account.loopback and self.stage is Stage.CONNECT else LATER,
        )

    def _next_step(self) -> str:
        if self.code in LOGIN_CODES:
            return NEXT_STEP[Stage.AUTH]
        return LIMITED if "5.4.5" in self.words else NEXT_STEP[self.stage]


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
