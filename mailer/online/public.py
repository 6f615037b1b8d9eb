"""Which addresses may be tried: none that leads into the network that this program runs in."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network
# RFC 6052: an IPv4 address in the last four octets.
_TRANSLATED = IPv6Network("64:ff9b::/96")
# All of IPv6 that is given out to the public (RFC 4291 2.4), but for what is set apart in it; Python releases
# differ in how much of that they know.
_PUBLIC = IPv6Network("2000::/3")
_SET_APART = (IPv6Network("2001:db8::/32"), IPv6Network("3fff::/20"), IPv6Network("2001::/23"))


def may_try(written: str, allowed: Sequence[Network] = ()) -> bool:
    """Return whether an IP address is public, or in a network that whoever runs the program allows."""
    if is_within(written, allowed):
        return True
    address = _meant(ip_address(written.partition("%")[0]))
    return address.is_global and not address.is_multicast and not _is_set_apart(address)


def is_within(written: str, networks: Sequence[Network]) -> bool:
    """Return whether an IP address is in one of these networks."""
    address = _meant(ip_address(written.partition("%")[0]))
    return any(address in network for network in networks if network.version == address.version)


def _is_set_apart(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv4Address):
        return False
    return address not in _PUBLIC or any(address in network for network in _SET_APART)


def _meant(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that an IPv6 one stands for, if it does."""
    if isinstance(address, IPv4Address):
        return address
    teredo = address.teredo
    inner = address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)
    if inner is None and address in _TRANSLATED:
        inner = IPv4Address(int(address) & 0xFFFFFFFF)
    return inner or address
