"""Who asks, where other web servers stand before this one: the part of what they say that can be believed."""

from __future__ import annotations

from ipaddress import ip_address


def client_address(forwarded: str, peer: str, proxies: int) -> str:
    """Return the IP address of whoever asks, empty if it isn't known.

    `forwarded` is X-Forwarded-For, to which each of the `proxies` added the address that it was asked from,
    the nearest of them last; `peer` is the address of that one. What stands further left anybody may have
    written. Where fewer have added theirs, somebody asks past the first of them.
    """
    said = [*(each.strip() for each in forwarded.split(",") if each.strip()), peer]
    return _plain(said[max(-proxies - 1, -len(said))])


def _plain(text: str) -> str:
    """Return an address without port and brackets; nothing if it is none."""
    bare = text[1:].partition("]")[0] if text.startswith("[") else text
    if bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        found = ip_address(bare)
    except ValueError:
        return ""
    mapped = getattr(found, "ipv4_mapped", None)
    return str(mapped or found)
