"""The proofs that more than one provider gives."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode

from mailer.feedback.webhooks.notice import HookRequest, Refused


def by_authorization(request: HookRequest, secret: str) -> str:
    """The secret goes along with each request: `user:password` (RFC 7617), or else a token (RFC 6750).

    It says nothing of the octets: a provider that has no other proof is trusted by the connection.
    """
    said = request.fields.get("authorization", "")
    basic = f"Basic {b64encode(secret.encode()).decode()}"
    if not (same(said, basic) or same(said, f"Bearer {secret}")):
        raise Refused("not authorised", 401)
    return ""


def hmac_sha256(key: bytes, octets: bytes) -> bytes:
    """Return the HMAC (RFC 2104) of octets."""
    return hmac.new(key, octets, hashlib.sha256).digest()


def same(said: str, meant: str) -> bool:
    """Whether two texts are one, in a time that tells nothing of either."""
    return hmac.compare_digest(said.encode("utf-8", "replace"), meant.encode("utf-8", "replace"))


def decoded(said: str) -> bytes:
    """Return what stands in base64; Refused if that can't be."""
    try:
        return b64decode(said, validate=True)
    except ValueError:
        raise Refused("its signature isn't base64", 400) from None


def seconds(said: object) -> float:
    """Return Unix seconds; Refused if that is no number."""
    try:
        return float(str(said))
    except ValueError:
        raise Refused("its time is no number", 400) from None
