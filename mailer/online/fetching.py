"""What stands at an address that was proved to be a provider's own, over TLS, and no more than it may be."""

from __future__ import annotations

LIMIT = 10.0  # seconds between two octets
MOST_OCTETS = 64_000


class NotFetched(Exception):
    """It could not be had; the message says why."""


def fetch(address: str) -> bytes:
    """Return what stands there; NotFetched if it can't be had, is too long, or leads elsewhere."""
    import requests

    try:
        with requests.get(address, timeout=LIMIT, allow_redirects=False, stream=True) as answer:
            if answer.status_code != requests.codes.ok:
                raise NotFetched(f"{address.partition('?')[0]} answers {answer.status_code}")
            found = answer.raw.read(MOST_OCTETS + 1, decode_content=True)
    except requests.RequestException as error:
        raise NotFetched(f"{address.partition('?')[0]}: {type(error).__name__}") from None
    if len(found) > MOST_OCTETS:
        raise NotFetched(f"{address.partition('?')[0]} answers with more than {MOST_OCTETS} octets")
    return bytes(found)
