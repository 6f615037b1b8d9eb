"""What a reader found: someone, what is said of them, and by what it was told."""

from __future__ import annotations

from typing import NamedTuple

from mailer.domain.failures.classify import failure, status_in
from mailer.domain.failures.reason import FailureReason
from mailer.domain.returned import GRAVITY, RecipientVerdict, Verdict


class ReturnFinding(NamedTuple):
    """A recipient's verdict, and by which words, status or code it was come to."""

    of: RecipientVerdict
    by: str = ""

    @property
    def unsaid(self) -> bool:
        """Whether nothing told why it failed."""
        return self.of.reason == FailureReason.UNSAID


def failed(address: str, status: str, said: str, original: str = "") -> ReturnFinding:
    """Return the finding of a failure by what a server said of it."""
    why = failure(0, status, said)
    verdict = RecipientVerdict(address, why.kind, status or status_in(said), why.reason, said, original)
    return ReturnFinding(verdict, why.by)


def verdict_of(found: list[ReturnFinding], *evidence: str) -> Verdict:
    """Return the verdict of all that was found, at least one; the gravest kind is the message's."""
    kind = min((each.of.kind for each in found), key=GRAVITY.__getitem__)
    return Verdict(kind, tuple(each.of for each in found), (*evidence, *map(_in_words, found)))


def _in_words(each: ReturnFinding) -> str:
    of, by = each.of, f", by {each.by}" if each.by else ""
    return f"{of.address or 'somebody'}: {of.reason}{by}"
