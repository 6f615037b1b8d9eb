"""Domains that nobody can own: no mail from them is anybody's."""

from __future__ import annotations

# RFC 6761 and RFC 2606: for documents and tests.
MADE_UP = {"example", "test", "invalid", "localhost"}
MADE_UP_DOMAINS = {"example.com", "example.net", "example.org"}
# RFC 6762, RFC 8375 and ICANN's resolution of July 2024: for private networks.
PRIVATE = {"local", "internal"}
PRIVATE_DOMAINS = {"home.arpa"}


def is_made_up(domain: str) -> bool:
    """Whether `domain` stands only in examples and tests."""
    return _below(domain, MADE_UP, MADE_UP_DOMAINS)


def is_reserved(domain: str) -> bool:
    """Whether public DNS has no records for `domain`, whoever asks."""
    return is_made_up(domain) or _below(domain, PRIVATE, PRIVATE_DOMAINS)


def _below(domain: str, tops: set[str], domains: set[str]) -> bool:
    labels = domain.lower().split(".")
    return labels[-1] in tops or ".".join(labels[-2:]) in domains
