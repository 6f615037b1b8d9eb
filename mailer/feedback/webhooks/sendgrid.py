"""Twilio SendGrid: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event and …/
getting-started-event-webhook-security-features
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from mailer.domain.returned import Kind
from mailer.feedback.webhooks.notice import HookProvider, HookRequest, Notice, Refused, each, text
from mailer.feedback.webhooks.proofs import decoded, seconds

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

# It tries again for a day.
OLDEST = 26 * 3600.0
_EVENTS = {
    "bounce": Kind.HARD,
    "dropped": Kind.HARD,
    "spamreport": Kind.COMPLAINT,
    "unsubscribe": Kind.UNSUBSCRIBE,
}
# Why it drops mail without having tried: what it says is its reason, and its own list of who complained.
_DROPPED = {
    "Bounced Address": Kind.HARD,
    "Invalid": Kind.HARD,
    "Spam Reporting Address": Kind.COMPLAINT,
    "Unsubscribed Address": Kind.UNSUBSCRIBE,
}


def prove(request: HookRequest, key: str) -> str:
    """ECDSA over time and octets, by the key that SendGrid shows in its settings."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.hashes import SHA256

    at = request.fields.get("x-twilio-email-event-webhook-timestamp", "")
    signature = decoded(request.fields.get("x-twilio-email-event-webhook-signature", ""))
    try:
        _public(key).verify(signature, at.encode() + request.octets, ECDSA(SHA256()))
    except InvalidSignature:
        raise Refused("its signature is wrong") from None
    request.refuse_old(seconds(at), OLDEST)
    return ""


@lru_cache(maxsize=4)
def _public(key: str) -> EllipticCurvePublicKey:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    found = load_der_public_key(decoded(key))
    if not isinstance(found, EllipticCurvePublicKey):
        raise ValueError("is no key of an elliptic curve")
    return found


def read(data: Any) -> Iterator[Notice]:
    """Yield what is told; what was unique arguments stands among the rest."""
    for event in each(data):
        told = _EVENTS.get(text(event.get("event")))
        if told is None:
            continue
        if event.get("event") == "bounce" and event.get("type") == "blocked":
            told = Kind.BLOCKED
        if event.get("event") == "dropped":
            told = _DROPPED.get(text(event.get("reason")), Kind.BLOCKED)
        yield Notice(
            told,
            text(event.get("email")),
            text(event.get("sg_event_id")),
            text(event.get("status")),
            text(event.get("reason")),
            text(event.get("mailer")),
            text(event.get("sg_message_id")).partition(".")[0],
        )


PROVIDER = HookProvider("WEBHOOK_SENDGRID_KEY", prove, read, _public)
