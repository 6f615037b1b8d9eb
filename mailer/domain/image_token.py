"""Signed addresses of images: which file, and what was in it when the mail was made.

A token is base64url(9 octets of the content's SHA-256; then 12 of HMAC-SHA256 over them and the path). So
only files that a mail shows can be asked for, whatever a path says; a file that was changed since keeps its
address in old mails, and gets a new one in those to come.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode

PURPOSE = b"mailer/image/1:"
DIGEST_OCTETS = 9
MAC_OCTETS = 12
LENGTH = (DIGEST_OCTETS + MAC_OCTETS) // 3 * 4


def sign_image(key: bytes, digest: bytes, path: str) -> str:
    """Return the token (28 URL-safe characters) of the file at `path`; `digest` is its content's SHA-256."""
    digest = digest[:DIGEST_OCTETS]
    mac = hmac.digest(key, PURPOSE + digest + path.encode(), "sha256")[:MAC_OCTETS]
    return urlsafe_b64encode(digest + mac).decode("ascii")


def read_image_token(key: bytes, token: str, path: str) -> bytes | None:
    """Return the beginning of the content's digest; None if `key` did not sign this `token` for `path`."""
    if not token.isascii() or len(token) != LENGTH:
        return None
    try:
        digest = urlsafe_b64decode(token)[:DIGEST_OCTETS]
        good = hmac.compare_digest(sign_image(key, digest, path), token)
    except ValueError:  # no base64, or a path with lone surrogates
        return None
    return digest if good else None
