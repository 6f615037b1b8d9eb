"""Mailgun: https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks and …/
webhook-payloads
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mailer.domain.returned import Kind
from mailer.feedback.webhooks.notice import HookProvider, HookRequest, Notice, Refused, text, under
from mailer.feedback.webhooks.proofs import hmac_sha256, same, seconds

OLDEST = 12 * 3600.0  # it tries again for eight hours
NEVER_AGAIN = 406  # what tells Mailgun not to try again


def prove(request: HookRequest, key: str) -> str:
    """HMAC over a time and a token that is good once. The rest Mailgun doesn't sign; our own token is."""
    said = under(request.data, "signature")
    at, token = text(under(said, "timestamp")), text(under(said, "token"))
    signed = hmac_sha256(key.encode(), f"{at}{token}".encode()).hex()
    if not token or not same(text(under(said, "signature")), signed):
        raise Refused("its signature is wrong", NEVER_AGAIN)
    request.refuse_old(seconds(at), OLDEST)
    return token


def read(data: Any) -> Iterator[Notice]:
    """Yield the one event that is told."""
    event = under(data, "event-data")
    told = {
        "failed": _failed(event),
        "complained": Kind.COMPLAINT,
        "unsubscribed": Kind.UNSUBSCRIBE,
    }.get(text(under(event, "event")))
    if told is None:
        return
    status = under(event, "delivery-status")
    words = (text(under(status, name)) for name in ("code", "enhanced-code", "message", "description"))
    yield Notice(
        told,
        text(under(event, "recipient")),
        text(under(event, "id")),
        text(under(status, "enhanced-code")),
        " ".join(filter(None, words)),
        text(under(event, "user-variables", "mailer")),
        text(under(event, "message", "headers", "message-id")),
    )


def _failed(event: object) -> Kind:
    # What it doesn't send any more because somebody left or complained before is told apart by its reason.
    reasons = {"suppress-complaint": Kind.COMPLAINT, "suppress-unsubscribe": Kind.UNSUBSCRIBE}
    if found := reasons.get(text(under(event, "reason"))):
        return found
    return Kind.HARD if under(event, "severity") == "permanent" else Kind.SOFT


PROVIDER = HookProvider("WEBHOOK_MAILGUN_KEY", prove, read)
