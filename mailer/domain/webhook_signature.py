"""How a webhook of ours is signed: by Standard Webhooks (standardwebhooks.com), symmetric.

The receiver takes `webhook-id`, `webhook-timestamp` and the octets of the body, joined by dots, makes the
HMAC-SHA256 of them with the secret and compares.
"""

from __future__ import annotations

import base64
import binascii
import hmac

PREFIX = "whsec_"
OCTETS = range(24, 65)  # of a secret


def read_secret(text: str) -> bytes:
    """Return the octets of a secret; ValueError for what is none. It never says what was typed."""
    try:
        octets = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        octets = b""
    if not text.startswith(PREFIX) or len(octets) not in OCTETS:
        raise ValueError(
            f"is no secret of Standard Webhooks; write {PREFIX} and what `openssl rand -base64 32` prints"
        )
    return octets


def signed(secret: bytes, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the header fields that a request with this body gets; `timestamp` is in Unix seconds."""
    content = f"{message_id}.{timestamp}.".encode() + body
    signature = base64.b64encode(hmac.digest(secret, content, "sha256")).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{signature}",
    }
