"""How much a template may make: an endless one ends in a clear error within seconds, not in a full memory.

Steps are counted, not seconds, so that a template is refused on every machine or on none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

# A full issue takes some thousands; so many are done in a few seconds.
MOST_STEPS = 200_000
# Of one text, and of all that one mail prints; Gmail clips mails at 102,400.
MOST_CHARACTERS = 4_000_000
# So many, or items of a list, are looked at in the time that a step takes.
CHARACTERS_A_STEP = 50
# As an argument: a width, a number of copies, of columns.
MOST_NUMBER = 100_000
# What an item of a list takes, beside its own length.
ITEM = 10
# Filters whose time grows with the square of a text or list; of that they take at most MOST_NUMBER.
SLOW_FILTERS = frozenset({"sum", "urlize", "wordwrap"})
MOST_BITS = 10_000

_WIDE = re.compile(r"\d{6,}")


class Opaque:
    """Something that may not be looked into, whatever it seems to be: it weighs as little as can be."""

    __slots__ = ()


class TooMuch(ValueError):
    """What would be made is too large, or would take too long."""


def check_call(name: str, value: Any, others: Iterable[Any]) -> None:
    """Raise TooMuch if a filter or method of `value` might make far more than it is given."""
    others = list(others)
    for other in others:
        if isinstance(other, int) and abs(other) > MOST_NUMBER:
            raise TooMuch(f"{other} is too large a number for {name}; at most {MOST_NUMBER:,}")
    if name in ("format", "format_map", "%") and isinstance(value, str) and _WIDE.search(value):
        raise TooMuch(f"{name} with so large a number would make too long a text")
    if name in SLOW_FILTERS and weight(value) > MOST_NUMBER:
        raise TooMuch(f"{name} would take too long for so much")
    if weight(value) * max(map(weight, others), default=1) > MOST_CHARACTERS * 10:
        raise TooMuch(f"{name} would make too long a text of this")


def check_operator(sign: str, left: Any, right: Any) -> None:
    """Raise TooMuch if `left sign right` would be too long a text or list, or too large a number."""
    match sign, left, right:
        case "%", str(), _:
            check_call("%", left, [right] if not isinstance(right, (tuple, list)) else right)
        case "*", (str() | list() | tuple()), int():
            _check_size(weight(left) * right)
        case "*", int(), (str() | list() | tuple()):
            _check_size(weight(right) * left)
        case "*", int(), int():
            _check_bits(left.bit_length() + right.bit_length())
        case "**", int(), int():
            _check_bits(left.bit_length() * max(right, 1))
        case "+", (str() | list() | tuple()), (str() | list() | tuple()):
            _check_size(weight(left) + weight(right))


def check_joined(values: Iterable[Any]) -> None:
    """Raise TooMuch if these are too long as one text."""
    _check_size(sum(map(weight, values)))


def weight(value: Any, limit: int = MOST_CHARACTERS) -> int:
    """Return about how many characters `value` is as a text; more than `limit` is not counted further."""
    if isinstance(value, str):
        return max(len(value), 1)
    if isinstance(value, range):
        return len(value) * ITEM
    if isinstance(value, Iterator) and not isinstance(value, Opaque):
        return MOST_NUMBER  # nobody can tell without using it up
    if not isinstance(value, (list, tuple, Mapping, set, frozenset)):
        return 1
    total = 1
    for item in value.values() if isinstance(value, Mapping) else value:
        total += ITEM + weight(item, limit - total)
        if total > limit:
            break
    return total


def _check_size(size: int) -> None:
    if size > MOST_CHARACTERS:
        raise TooMuch(f"this would be a text or list of {size:,}; at most {MOST_CHARACTERS:,}")


def _check_bits(bits: int) -> None:
    if bits > MOST_BITS:
        raise TooMuch("this would be too large a number")


class Budget:
    """What one rendering has left: `steps`, and characters to print."""

    def __init__(self) -> None:
        self.steps = MOST_STEPS
        self._characters = MOST_CHARACTERS

    def step(self, count: int = 1) -> None:
        """Spend a step: a round of a loop, a call, a filter, a template. Raise TooMuch if none is left."""
        self.steps -= count
        if self.steps < 0:
            raise TooMuch(f"this takes more than {MOST_STEPS:,} steps: does a loop or a macro never end?")

    def handle(self, *values: Any) -> None:
        """Spend a step on what is done to these values, and more if they are long."""
        # An iterator's items were paid for where it was made.
        long = (weight(value) for value in values if not isinstance(value, Iterator))
        self.step(1 + sum(long) // CHARACTERS_A_STEP)

    def print(self, value: Any) -> None:
        """Spend what is printed."""
        self.step()
        self._characters -= weight(value)
        if self._characters < 0:
            raise TooMuch(f"more than {MOST_CHARACTERS:,} characters are printed")
