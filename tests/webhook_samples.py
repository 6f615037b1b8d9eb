"""What providers post to webhooks, after their documentation, with signatures made here.

`post` returns a request as the provider would send it at a moment; what it tells is in `webhook_words`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

NOW = datetime(2026, 11, 29, 10, 0, tzinfo=UTC)
ADA = "ada@quay.example"
SECRET = "gazette:low-tide-at-six"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:harbour"
CERTIFICATE = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123.pem"
SVIX = "whsec_" + base64.b64encode(b"the tide tables of port example!").decode()


@dataclass(frozen=True)
class Posted:
    """A request as it goes over the wire."""

    fields: Mapping[str, str]
    octets: bytes


@cache
def amazon() -> tuple[rsa.RSAPrivateKey, bytes]:
    """Amazon's key and its certificate, in PEM."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(NOW - timedelta(days=9))
    made = builder.not_valid_after(NOW + timedelta(days=900)).sign(key, hashes.SHA256())
    return key, made.public_bytes(Encoding.PEM)


@cache
def twilio() -> ec.EllipticCurvePrivateKey:
    """SendGrid's key."""
    return ec.generate_private_key(ec.SECP256R1())


def twilios_public() -> str:
    """It as SendGrid's page shows it."""
    octets = twilio().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(octets).decode()


def settings() -> dict[str, str]:
    """The settings that each proof goes by."""
    return {
        "WEBHOOK_SES_TOPIC": TOPIC,
        "WEBHOOK_SENDGRID_KEY": twilios_public(),
        "WEBHOOK_MAILGUN_KEY": SECRET,
        "WEBHOOK_POSTMARK_SECRET": SECRET,
        "WEBHOOK_BREVO_SECRET": SECRET,
        "WEBHOOK_MAILJET_SECRET": SECRET,
        "WEBHOOK_MAILERSEND_SECRET": SECRET,
        "WEBHOOK_SPARKPOST_SECRET": SECRET,
        "WEBHOOK_RESEND_SECRET": SVIX,
    }


def post(provider: str, data: Any, at: datetime = NOW, nonce: str = "n1", version: str = "2") -> Posted:
    """Return what the provider would post at a moment."""
    return SIGNING[provider](data, at, nonce, version)


def _sns(data: Any, at: datetime, nonce: str, version: str) -> Posted:
    stamp = at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    message = {
        "Type": "Notification",
        "MessageId": nonce,
        "TopicArn": TOPIC,
        "Message": json.dumps(data),
        "Timestamp": stamp,
        "SignatureVersion": version,
        "SigningCertURL": CERTIFICATE,
        "UnsubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe",
    }
    if data == "subscribe":
        where = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=t1"
        message |= {
            "Type": "SubscriptionConfirmation",
            "Message": "You chose …",
            "Token": "t1",
            "SubscribeURL": where,
        }
    return sns_signed(message)


def sns_signed(message: dict[str, str]) -> Posted:
    """Return a message with its signature, whatever it says."""
    names = {
        "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    }.get(message["Type"], ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"))
    signed = "".join(f"{name}\n{message[name]}\n" for name in names if name in message).encode()
    algorithm = hashes.SHA1() if message["SignatureVersion"] == "1" else hashes.SHA256()
    signature = amazon()[0].sign(signed, padding.PKCS1v15(), algorithm)
    whole = message | {"Signature": base64.b64encode(signature).decode()}
    return Posted({"content-type": "text/plain; charset=UTF-8"}, json.dumps(whole).encode())


def _sendgrid(data: Any, at: datetime, nonce: str, version: str) -> Posted:
    octets, stamp = json.dumps(data).encode(), str(int(at.timestamp()))
    signature = twilio().sign(stamp.encode() + octets, ec.ECDSA(hashes.SHA256()))
    fields = {
        "x-twilio-email-event-webhook-signature": base64.b64encode(signature).decode(),
        "x-twilio-email-event-webhook-timestamp": stamp,
    }
    return Posted(fields, octets)


def _mailgun(data: Any, at: datetime, nonce: str, version: str) -> Posted:
    stamp = str(int(at.timestamp()))
    signature = hmac.new(SECRET.encode(), f"{stamp}{nonce}".encode(), hashlib.sha256).hexdigest()
    proof = {"timestamp": stamp, "token": nonce, "signature": signature}
    return Posted({}, json.dumps({"signature": proof, "event-data": data}).encode())


def _basic(data: Any, at: datetime, nonce: str, version: str) -> Posted:
    said = base64.b64encode(SECRET.encode()).decode()
    return Posted({"authorization": f"Basic {said}"}, json.dumps(data).encode())


def _mailersend(data: Any, at: datetime, nonce: str, version: str) -> Posted:
    octets = json.dumps(data).encode()
    return Posted({"signature": hmac.new(SECRET.encode(), octets, hashlib.sha256).hexdigest()}, octets)


def _svix(data: Any, at: datetime, nonce: str, version: str) -> Posted:
    octets, stamp = json.dumps(data).encode(), str(int(at.timestamp()))
    key = base64.b64decode(SVIX.removeprefix("whsec_"))
    signed = hmac.new(key, f"{nonce}.{stamp}.".encode() + octets, hashlib.sha256).digest()
    older, newer = (base64.b64encode(each).decode() for each in (b"of a secret before this one", signed))
    signature = f"v1,{older} v1,{newer}"
    return Posted({"svix-id": nonce, "svix-timestamp": stamp, "svix-signature": signature}, octets)


SIGNING: dict[str, Callable[[Any, datetime, str, str], Posted]] = {
    "ses": _sns,
    "sendgrid": _sendgrid,
    "mailgun": _mailgun,
    "postmark": _basic,
    "brevo": _basic,
    "mailjet": _basic,
    "mailersend": _mailersend,
    "sparkpost": _basic,
    "resend": _svix,
}
# Those whose proof covers every octet; the others prove that it is they who ask.
COVERED = ("ses", "sendgrid", "mailersend", "resend")
