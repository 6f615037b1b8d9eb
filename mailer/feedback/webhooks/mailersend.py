"""MailerSend: https://developers.mailersend.com/api/v1/webhooks.html#security and …#payload-example"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mailer.domain.returned import Kind
from mailer.feedback.webhooks.notice import HookProvider, HookRequest, Notice, Refused, text, under
from mailer.feedback.webhooks.proofs import hmac_sha256, same

_TYPES = {
    "activity.hard_bounced": Kind.HARD,
    "activity.soft_bounced": Kind.SOFT,
    "activity.spam_complaint": Kind.COMPLAINT,
    "activity.unsubscribed": Kind.UNSUBSCRIBE,
}


def prove(request: HookRequest, secret: str) -> str:
    """HMAC over the octets."""
    if not same(request.fields.get("signature", ""), hmac_sha256(secret.encode(), request.octets).hex()):
        raise Refused("its signature is wrong")
    return ""


def read(data: Any) -> Iterator[Notice]:
    """Yield the one event that is told. Nothing of ours is in it but the address and the message's name."""
    if told := _TYPES.get(text(under(data, "type"))):
        activity = under(data, "data")
        yield Notice(
            told,
            text(under(activity, "email", "recipient", "email")),
            text(under(activity, "id")),
            said=text(under(activity, "morph", "readable_reason") or under(activity, "morph", "reason")),
            queued=text(under(activity, "email", "message", "id")),
        )


PROVIDER = HookProvider("WEBHOOK_MAILERSEND_SECRET", prove, read)
