"""Brevo: https://developers.brevo.com/docs/transactional-webhooks"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mailer.domain.returned import Kind
from mailer.feedback.webhooks.notice import HookProvider, Notice, each, text
from mailer.feedback.webhooks.proofs import by_authorization

_EVENTS = {
    "hard_bounce": Kind.HARD,
    "invalid_email": Kind.HARD,
    "soft_bounce": Kind.SOFT,
    "blocked": Kind.BLOCKED,
    "error": Kind.BLOCKED,
    "spam": Kind.COMPLAINT,
    "complaint": Kind.COMPLAINT,
    "unsubscribed": Kind.UNSUBSCRIBE,
    "unsubscribe": Kind.UNSUBSCRIBE,
}


def read(data: Any) -> Iterator[Notice]:
    """Yield what is told: one event, or several where they are sent together."""
    for event in each(data):
        if told := _EVENTS.get(text(event.get("event"))):
            yield Notice(
                told,
                text(event.get("email")),
                said=text(event.get("reason")).strip(),
                token=text(event.get("X-Mailin-custom")),
                queued=text(event.get("message-id")).strip("<>"),
            )


PROVIDER = HookProvider("WEBHOOK_BREVO_SECRET", by_authorization, read)
