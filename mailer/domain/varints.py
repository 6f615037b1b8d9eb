"""Numbers as varints: seven bits an octet, the lowest first, the last octet below 0x80."""

from __future__ import annotations


def varint(number: int) -> bytes:
    """Return a number that is not negative as a varint. Run for every message."""
    if number <= 0x7F:
        return number.to_bytes(1, "little")
    if 0x3FFF < number <= 0x1FFFFF:  # those of most people on large lists
        return bytes((number & 0x7F | 0x80, number >> 7 & 0x7F | 0x80, number >> 14))
    octets = bytearray()
    while number > 0x7F:
        octets.append(number & 0x7F | 0x80)
        number >>= 7
    octets.append(number)
    return bytes(octets)


def read_varints(raw: bytes, count: int) -> tuple[list[int], bytes] | None:
    """Return so many numbers and what stands behind them; None if there are not so many."""
    numbers, number, shift = [], 0, 0
    for place, octet in enumerate(raw, 1):
        number |= (octet & 0x7F) << shift
        shift += 7
        if octet < 0x80:
            numbers.append(number)
            number, shift = 0, 0
            if len(numbers) == count:
                return numbers, raw[place:]
    return None
