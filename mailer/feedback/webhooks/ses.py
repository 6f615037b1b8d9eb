"""Amazon SES, by way of SNS.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html,
https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html and
…/notification-contents.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from mailer.domain.returned import Kind
from mailer.feedback.webhooks.notice import HookProvider, HookRequest, Notice, Refused, each, text, under
from mailer.feedback.webhooks.proofs import decoded

# SNS tries again for an hour at most, with the same octets and the same time.
OLDEST = 3600.0
_HOST = re.compile(r"sns\.([a-z0-9-]{3,30})\.amazonaws\.com(?:\.cn)?")
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}")
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": (
        "Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"
    ),
}  # fmt: skip
_SIGNED["UnsubscribeConfirmation"] = _SIGNED["SubscriptionConfirmation"]
_BOUNCES = {"Permanent": Kind.HARD, "Transient": Kind.SOFT, "Undetermined": Kind.SOFT}

Fetch = Callable[[str], bytes]


def prove(request: HookRequest, topic: str, fetch: Fetch) -> str:
    """The message is signed, by a certificate of Amazon's, and of our topic."""
    said = request.data if isinstance(request.data, Mapping) else {}
    names = _SIGNED.get(text(said.get("Type")))
    if names is None or said.get("TopicArn") not in topic.split():
        raise Refused("not of the topic in WEBHOOK_SES_TOPIC")
    address = text(said.get("SigningCertURL"))
    if not is_amazons(address) or not urlsplit(address).path.endswith(".pem"):
        raise Refused("its certificate isn't Amazon's")
    signed = "".join(f"{name}\n{text(said[name])}\n" for name in names if name in said)
    version = text(said.get("SignatureVersion"))
    _verify(fetch(address), decoded(text(said.get("Signature"))), signed.encode(), version, request.now)
    request.refuse_old(_moment(text(said.get("Timestamp"))), OLDEST)
    return ""


def is_amazons(address: str) -> bool:
    """Whether an address is one of SNS's own."""
    try:
        parts = urlsplit(address)
        return parts.scheme == "https" and bool(_HOST.fullmatch(parts.netloc))
    except ValueError:
        return False


def _verify(certificate: bytes, signature: bytes, signed: bytes, version: str, now: float) -> None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.hashes import SHA1, SHA256
    from cryptography.x509 import load_pem_x509_certificate

    algorithm = {"1": SHA1(), "2": SHA256()}.get(version)  # noqa: S303 - what SNS signs with unless told otherwise
    if algorithm is None:
        raise Refused(f"a signature of version {version[:10]!r}")
    try:
        found = load_pem_x509_certificate(certificate)
        key = found.public_key()
    except ValueError:
        raise Refused("its certificate can't be read") from None
    at = datetime.fromtimestamp(now, UTC)
    if not (isinstance(key, RSAPublicKey) and found.not_valid_before_utc <= at <= found.not_valid_after_utc):
        raise Refused("its certificate isn't valid")
    try:
        key.verify(signature, signed, PKCS1v15(), algorithm)
    except InvalidSignature:
        raise Refused("its signature is wrong") from None


def _moment(said: str) -> float:
    try:
        return datetime.fromisoformat(said).timestamp()
    except ValueError:
        raise Refused("its time can't be read", 400) from None


def confirmation(data: Any) -> str:
    """Return the address that confirms a subscription which is proved to be ours; nothing if it is none."""
    address = text(under(data, "SubscribeURL"))
    return address if under(data, "Type") == "SubscriptionConfirmation" and is_amazons(address) else ""


def read(data: Any) -> Iterator[Notice]:
    """Yield what SES tells: by an event destination of a configuration set, or by feedback notifications."""
    if under(data, "Type") != "Notification":
        return
    try:
        told = json.loads(text(under(data, "Message")))
    except (ValueError, RecursionError):
        return
    mail, kind = under(told, "mail"), text(under(told, "eventType") or under(told, "notificationType"))
    known = {
        "id": text(under(data, "MessageId")),
        "token": _token(mail),
        "queued": text(under(mail, "messageId")),
    }
    if kind == "Bounce":
        bounce = under(told, "bounce")
        verdict = _BOUNCES.get(text(under(bounce, "bounceType")), Kind.SOFT)
        for person in each(under(bounce, "bouncedRecipients")):
            yield Notice(
                verdict,
                text(person.get("emailAddress")),
                status=text(person.get("status")),
                said=text(person.get("diagnosticCode")) or text(under(bounce, "bounceSubType")),
                **known,
            )
    elif kind == "Complaint":
        complaint = under(told, "complaint")
        said = text(under(complaint, "complaintFeedbackType") or under(complaint, "complaintSubType"))
        for person in each(under(complaint, "complainedRecipients")):
            yield Notice(Kind.COMPLAINT, text(person.get("emailAddress")), said=said, **known)


def _token(mail: object) -> str:
    """Return where our token may stand: in the message's tags, and in the header if SES passes it on."""
    tags = under(mail, "tags", "mailer")
    fields = [text(field.get("value")) for field in each(under(mail, "headers") or [])]
    return " ".join([*map(text, tags if isinstance(tags, list) else []), *fields])


def provider(fetch: Fetch) -> HookProvider:
    """Return Amazon SES; `fetch` gets a certificate from an address of Amazon's."""
    return HookProvider("WEBHOOK_SES_TOPIC", lambda request, topic: prove(request, topic, fetch), read, check)


def check(topics: str) -> None:
    """Raise ValueError for what is no topic."""
    for topic in topics.split():
        if not _TOPIC.fullmatch(topic):
            raise ValueError(
                f"{topic!r} is no topic of SNS; write it like arn:aws:sns:eu-west-1:123456789012:mail"
            )
