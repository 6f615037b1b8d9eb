"""From what a provider tells to a verdict: its own judgement, and what the mail server said, by one table."""

from __future__ import annotations

import json
from hashlib import sha256

from mailer.domain.failures.classify import failure, status_in
from mailer.domain.failures.reason import FailureReason
from mailer.domain.returned import FAILURES, GRAVITY, RecipientVerdict, Returned, Verdict
from mailer.feedback.webhooks.notice import Notice

DIGITS = 32  # of a digest
LONGEST = 1000  # characters of what was said


def verdict_of(notice: Notice, name: str, returned: Returned | None, by: str) -> Verdict:
    """Return what a notice of the provider `name` means for whom `returned` says, which was found `by` that.

    Of two judgements of a failure the milder holds, unless the words say nothing.
    """
    told, said = notice.told, notice.said[:LONGEST]
    reason, evidence = str(told), f"{name} tells of it: {told}"
    if told in FAILURES:
        why = failure(0, notice.status, said)
        reason = why.reason
        if why.reason != FailureReason.UNSAID:
            told = max(told, why.kind, key=GRAVITY.__getitem__)
            evidence += f"; {why.reason}, by {why.by}"
    status = notice.status or status_in(said)
    verdict = RecipientVerdict(notice.address, told, status, reason, said)
    return Verdict(told, (verdict,), tuple(filter(None, (by, evidence))), returned)


def digest_of(notice: Notice, name: str) -> str:
    """Return what a notice is known by, however often it is told: by its name, or by all that it says."""
    told = notice.id or json.dumps([notice.queued, notice.token, notice.said, notice.status])
    octets = json.dumps([name, told, notice.told, notice.address.casefold()]).encode()
    return sha256(octets).hexdigest()[:DIGITS]
