"""Proof of work by whoever signs up: a sum that a browser does in a second, and a program a thousand times.

ALTCHA's protocol, by its own library: nothing is asked of anybody else, and nobody is watched.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from datetime import datetime, timedelta

from altcha.v1 import ChallengeOptions, create_challenge, verify_solution

GOOD_FOR = timedelta(minutes=20)
HARDEST = 50_000  # hashes at most: a second of a browser's time
_PURPOSE = b"mailer/signup-proof/1"


def challenge(key: bytes, now: datetime) -> str:
    """Return a sum to be done, as JSON: algorithm, challenge, maxnumber, salt, signature."""
    wanted = ChallengeOptions(hmac_key=_key(key), max_number=HARDEST, expires=now + GOOD_FOR)
    made = create_challenge(wanted)
    return json.dumps(
        {
            "algorithm": made.algorithm,
            "challenge": made.challenge,
            "maxnumber": HARDEST,
            "salt": made.salt,
            "signature": made.signature,
        }
    )


def proved(payload: str, key: bytes) -> str:
    """Return what the sum was called that was done, to be done no second time; empty if it wasn't."""
    if not payload or len(payload) > 2_000:
        return ""
    try:
        good, _ = verify_solution(payload, _key(key), check_expires=True)
        said = json.loads(base64.b64decode(payload)) if good else {}
    except (ValueError, TypeError, KeyError, AttributeError, binascii.Error, RecursionError):
        return ""
    return str(said.get("challenge", ""))[:64]


def _key(key: bytes) -> str:
    return hmac.digest(key, _PURPOSE, "sha256").hex()
