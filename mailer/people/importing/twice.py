"""Who may stand in files twice: found in the first reading, so that the second remembers hardly anybody."""

from __future__ import annotations

from collections.abc import Iterable

from mailer.domain.address import PLAIN, AddressError
from mailer.people.importing.cells import read_address

BITS = 2**26  # eight megabytes: of a million people a few hundred look like others by chance


class Twice:
    """Tells of an address that it is the only one of its person, or may be not (a Bloom filter)."""

    def __init__(self) -> None:
        self._bits = bytearray(BITS // 8)
        self._found: set[int] = set()

    def see(self, cells: Iterable[str]) -> list[int]:
        """Take some cells with addresses into account; return which are of people who may have been seen."""
        bits, again = self._bits, list[int]()
        for place, text in enumerate(cells):
            if (key := _key(text)) is None:
                continue
            whole = hash(key)
            first, second = whole % BITS, (whole >> 32) % BITS
            mask, other = 1 << (first & 7), 1 << (second & 7)
            if bits[first >> 3] & mask and bits[second >> 3] & other:
                self._found.add(whole)
                again.append(place)
            bits[first >> 3] |= mask
            bits[second >> 3] |= other
        return again

    def may_hold(self, key: str) -> bool:
        """Whether somebody of this key (`Address.key`) may have been seen more than once."""
        return hash(key) in self._found


def _key(text: str) -> str | None:
    """Return what `Address.key` is of a cell; None if it holds no address."""
    if PLAIN.fullmatch(text):
        return text.lower()
    try:
        return read_address(text)[0].key
    except AddressError:
        return None
