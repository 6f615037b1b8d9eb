"""A signed word that a page gives out when somebody has left by it: who shows it may take that back.

It is good for an hour, for one person, and for what that one press of a button changed; the link in the mail
alone brings nobody back. It reads `1795435200000.0.3-4.` and 32 hexadecimal digits: the moment, whether all
mail was refused, the lists, and HMAC-SHA256 over these and the person.
"""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta

from mailer.domain.subscriber import Left

PURPOSE = b"mailer/undo/1:"
GOOD_FOR = timedelta(hours=1)
MAC_DIGITS = 32
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def sign_undo(key: bytes, subscriber_id: int, left: Left) -> str:
    """Return the word that takes back what this person left."""
    moment = (left.at - EPOCH) // MILLISECOND  # cut off, as where it is kept
    text = f"{moment}.{left.everywhere:d}.{'-'.join(map(str, left.lists))}"
    return f"{text}.{_mac(key, subscriber_id, text)}"


def read_undo(key: bytes, subscriber_id: int, word: str, now: datetime) -> Left | None:
    """Return what may be taken back; None if `key` did not sign it for this person, or too long ago."""
    text, _, mac = word.rpartition(".")
    if not (word.isascii() and hmac.compare_digest(_mac(key, subscriber_id, text), mac)):
        return None
    moment, everywhere, lists = text.split(".")
    at = EPOCH + int(moment) * MILLISECOND
    if now - at > GOOD_FOR:
        return None
    return Left(at, tuple(map(int, filter(None, lists.split("-")))), everywhere == "1")


def _mac(key: bytes, subscriber_id: int, text: str) -> str:
    return hmac.digest(key, PURPOSE + f"{subscriber_id}:{text}".encode(), "sha256").hex()[:MAC_DIGITS]
