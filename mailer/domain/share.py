"""Dealing out."""

from __future__ import annotations


def share_of(total: int, place: int, number: int) -> int:
    """Return the share of the one at `place` (from 0) when `total` is dealt out among `number`."""
    return total // number + (place < total % number)
