"""Postmark: https://postmarkapp.com/developer/webhooks/bounce-webhook, …/spam-complaint-webhook,
…/subscription-change-webhook; the types: https://postmarkapp.com/developer/api/bounce-api#bounce-types
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mailer.domain.returned import Kind
from mailer.feedback.webhooks.notice import HookProvider, Notice, each, text, under
from mailer.feedback.webhooks.proofs import by_authorization

_TYPES = {
    "HardBounce": Kind.HARD,
    "BadEmailAddress": Kind.HARD,
    "SoftBounce": Kind.SOFT,
    "Transient": Kind.SOFT,
    "DnsError": Kind.SOFT,
    "Blocked": Kind.BLOCKED,
    "VirusNotification": Kind.BLOCKED,
    "DMARCPolicy": Kind.BLOCKED,
    "SpamNotification": Kind.BLOCKED,  # a filter's word, not a person's
    "SpamComplaint": Kind.COMPLAINT,
    "Unsubscribe": Kind.UNSUBSCRIBE,
    "ManualSuppression": Kind.UNSUBSCRIBE,
    "AutoResponder": Kind.AUTO_REPLY,
    "ChallengeVerification": Kind.AUTO_REPLY,
    "AddressChange": Kind.AUTO_REPLY,
}


def read(data: Any) -> Iterator[Notice]:
    """Yield the one event that is told."""
    for event in each(data):
        record = event.get("RecordType")
        kind = event.get("Type")
        if record == "SubscriptionChange":
            # It tells of bounces and complaints a second time, in their own records.
            kind = event.get("SuppressionReason") if event.get("SuppressSending") is True else None
            kind = "ManualSuppression" if kind == "ManualSuppression" else None
        elif record == "SpamComplaint":
            kind = "SpamComplaint"
        elif record != "Bounce":
            kind = None
        if told := _TYPES.get(text(kind)):
            yield Notice(
                told,
                text(event.get("Email") or event.get("Recipient")),
                text(event.get("ID")),
                said=text(event.get("Details") or event.get("Description")),
                token=text(under(event, "Metadata", "mailer")),
                queued=text(event.get("MessageID")),
            )


PROVIDER = HookProvider("WEBHOOK_POSTMARK_SECRET", by_authorization, read)
