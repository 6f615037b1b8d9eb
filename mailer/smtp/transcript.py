"""What the log has of a connection: how it came up and ended, and on request every line that was said.

Neither passwords nor contents are written, and of addresses only the domain.
"""

from __future__ import annotations

import re
from collections import deque
from itertools import count
from logging import DEBUG, INFO, getLogger
from typing import TYPE_CHECKING

from mailer.domain.outcome import Reply
from mailer.smtp.account import Account
from mailer.smtp.commands import Parts
from mailer.smtp.ending import Cause, Ending
from mailer.smtp.verdict import COMPLETING, Step

if TYPE_CHECKING:
    from ssl import SSLObject

log = getLogger("mailer.smtp")

_LOCAL_PART = re.compile(r'(?:"[^"]{0,254}"|[^\s<>"@:;,()]{1,254})@')
_NUMBERS = count(1)
RECENT = 64  # recipients: more than are under way at once, by far


class Transcript:
    """Of one connection, which has a number in it."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._number = next(_NUMBERS)
        self._people: deque[str] = deque(maxlen=RECENT)  # local parts, which a reply may name alone

    @staticmethod
    def is_wanted() -> bool:
        """Whether every line is to be written."""
        return log.isEnabledFor(DEBUG)

    def up(self, tls: SSLObject | None) -> None:
        """Write that messages may go, and whether over TLS."""
        if log.isEnabledFor(INFO):
            protocol = tls.version() if tls else "in the clear"
            log.info("#%d up: %s, %s", self._number, self._account.where, protocol)

    def ended(self, ending: Ending, answered: int) -> None:
        """Write why it ended, and how many messages were answered over it."""
        if log.isEnabledFor(INFO):
            where = "" if ending.cause is Cause.DONE else f" at {ending.stage}"
            why = f"{ending.cause.name.lower()}{where}: {self._masked(ending.words)}"
            log.info("#%d ended, %d answered: %s", self._number, answered, why)

    def said(self, step: Step, parts: Parts) -> None:
        """Write what is said to the server."""
        if step is Step.RCPT:
            self._people.append(parts[0].decode().partition("<")[2].rpartition("@")[0])
        log.debug("#%d > %s", self._number, self._shown(step, parts))

    def heard(self, reply: Reply) -> None:
        """Write what the server answers."""
        for line in self._masked(reply.text).split("\n"):
            log.debug("#%d < %d %s", self._number, reply.code, line)

    def _shown(self, step: Step, parts: Parts) -> str:
        if step is Step.AUTH:
            return "AUTH •••"
        if step in COMPLETING:
            command = parts[0].decode("ascii").strip() if step is not Step.CONTENT else "content"
            return f"{command} ({len(parts[0] if step is Step.CONTENT else parts[1])} octets)"
        return self._masked(b"".join(parts).decode("utf-8", "replace").strip())

    def _masked(self, words: str) -> str:
        words = _LOCAL_PART.sub("…@", self._account.redact(words))
        for name in self._people:
            words = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "…", words)
        return words
