"""NAME=VALUE, as options have it."""

from __future__ import annotations

from mailer.errors import UsageError


def pair(text: str, option: str) -> tuple[str, str]:
    """Return the name and the value in an option; the heading of a column may have = in it. Or UsageError."""
    key, sign, value = text.rpartition("=") if option == "--map" else text.partition("=")
    if not sign or not key.strip() or not value.strip():
        raise UsageError(f"{option} {text!r} must have the form NAME=VALUE")
    return key.strip(), value.strip()
