"""Logging in: AUTH PLAIN and LOGIN (RFC 4954, RFC 4616)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Set

from mailer.smtp.account import Account

MECHANISMS = ("PLAIN", "LOGIN")  # the better first: PLAIN takes one round trip


def login_lines(account: Account, offered: Set[str]) -> list[bytes] | None:
    """Return the lines to send, each after a 334 but for the first; None if no offered mechanism is ours."""
    mechanism = next((ours for ours in MECHANISMS if ours in offered), None)
    if mechanism is None:
        return None
    if mechanism == "PLAIN":
        return [b"AUTH PLAIN %b\r\n" % _plain(account)]
    return [b"AUTH LOGIN\r\n", b"%b\r\n" % _octets(account.username), b"%b\r\n" % _octets(account.password)]


def redact(words: str, account: Account) -> str:
    """Return a server's words without the password, should it echo what it was sent."""
    for secret in (_plain(account).decode(), _octets(account.password).decode(), account.password):
        if secret:
            words = words.replace(secret, "•••")
    return words


def _plain(account: Account) -> bytes:
    return _octets(f"\0{account.username}\0{account.password}")


def _octets(text: str) -> bytes:
    return b64encode(text.encode("utf-8"))
