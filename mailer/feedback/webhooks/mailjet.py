"""Mailjet: https://dev.mailjet.com/email/guides/webhooks/"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mailer.domain.returned import Kind
from mailer.feedback.webhooks.notice import HookProvider, Notice, each, text
from mailer.feedback.webhooks.proofs import by_authorization

# What it says itself of the error (…/webhooks/#event-types).
_ERRORS = {
    "user unknown": Kind.HARD,
    "mailbox inactive": Kind.HARD,
    "invalid domain": Kind.HARD,
    "no mail host": Kind.HARD,
    "typofix": Kind.HARD,
    "spam reporter": Kind.COMPLAINT,
}


def read(data: Any) -> Iterator[Notice]:
    """Yield what is told: one event, or several where they are grouped."""
    for event in each(data):
        if told := _told(event):
            said = " ".join(filter(None, (text(event.get(name)) for name in ("error", "comment"))))
            yield Notice(
                told,
                text(event.get("email")),
                said=said,
                token=f"{text(event.get('CustomID'))} {text(event.get('Payload'))}",
                queued=text(event.get("MessageID")),
            )


def _told(event: Mapping[str, Any]) -> Kind | None:
    error = text(event.get("error"))
    match event.get("event"):
        case "spam":
            return Kind.COMPLAINT
        case "unsub":
            return Kind.UNSUBSCRIBE
        case "bounce":
            hard = event.get("hard_bounce") is True
            return _ERRORS.get(error, Kind.HARD) if hard else Kind.SOFT
        case "blocked":
            return _ERRORS.get(error, Kind.BLOCKED)
    return None


PROVIDER = HookProvider("WEBHOOK_MAILJET_SECRET", by_authorization, read)
