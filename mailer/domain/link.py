"""Where a mail's links lead: the paths are the contract between mail already sent and `mailer serve`."""

from __future__ import annotations

from urllib.parse import quote

_UNSUBSCRIBE = "/u/"
UNSUBSCRIBE = f"{_UNSUBSCRIBE}{{token:rest}}"  # and whatever mail programs make of its end
_IMAGES = "/images/"
IMAGES = f"{_IMAGES}{{token}}/{{path:rest}}"


def unsubscribe_url(base_url: str, token: str) -> str:
    """Return the address of the unsubscribe page for `token`; `base_url` may have a path of its own."""
    return f"{base_url.rstrip('/')}{_UNSUBSCRIBE}{token}"


def image_url(base_url: str, token: str, path: str) -> str:
    """Return the address of the image at `path` in the workspace."""
    return f"{base_url.rstrip('/')}{_IMAGES}{token}/{quote(path)}"
