"""Resend, whose webhooks are signed as Svix does: https://resend.com/docs/webhooks/emails/bounced and
https://docs.svix.com/receiving/verifying-payloads/how-manual (the same as standardwebhooks.com)
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from typing import Any

from mailer.domain.returned import Kind
from mailer.feedback.webhooks.notice import HookProvider, HookRequest, Notice, Refused, each, text, under
from mailer.feedback.webhooks.proofs import decoded, hmac_sha256, same, seconds

OLDEST = 300.0  # each try is signed anew
PREFIX = "whsec_"
_BOUNCES = {"Permanent": Kind.HARD, "Transient": Kind.SOFT, "Undetermined": Kind.SOFT}


def prove(request: HookRequest, secret: str) -> str:
    """HMAC over name, time and octets; there may be several, while a secret is exchanged for another."""
    name, at = request.fields.get("svix-id", ""), request.fields.get("svix-timestamp", "")
    signed = hmac_sha256(decoded(secret.removeprefix(PREFIX)), f"{name}.{at}.".encode() + request.octets)
    meant = f"v1,{b64encode(signed).decode()}"
    given = request.fields.get("svix-signature", "").split()
    if not name or not any(same(said, meant) for said in given):
        raise Refused("its signature is wrong")
    request.refuse_old(seconds(at), OLDEST)
    return f"{name}.{at}"


def read(data: Any) -> Iterator[Notice]:
    """Yield what is told, of each address that the message went to."""
    kind, mail = under(data, "type"), under(data, "data")
    bounce = under(mail, "bounce")
    told = {
        "email.bounced": _BOUNCES.get(text(under(bounce, "type")), Kind.SOFT),
        "email.complained": Kind.COMPLAINT,
        "email.suppressed": Kind.BLOCKED,
        "email.failed": Kind.BLOCKED,
    }.get(text(kind))
    to = under(mail, "to")
    if told is None or not isinstance(to, list):
        return
    fields = {
        text(field.get("name")).lower(): text(field.get("value")) for field in each(under(mail, "headers"))
    }
    for address in map(text, to):
        yield Notice(
            told,
            address,
            said=text(under(bounce, "message")),
            token=fields.get("x-mailer-token", ""),
            queued=text(under(mail, "email_id")),
        )


PROVIDER = HookProvider(
    "WEBHOOK_RESEND_SECRET", prove, read, lambda secret: decoded(secret.removeprefix(PREFIX))
)
