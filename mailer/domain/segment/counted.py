"""How many people are in a segment."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OnList:
    """How many of a segment are or were on a list, and how many of them an issue to it would be mailed to."""

    name: str
    people: int
    mailed: int


@dataclass(frozen=True, slots=True)
class Count:
    """How many people are in a segment, and how many of them an issue to all lists would be mailed to."""

    people: int
    mailed: int
    lists: tuple[OnList, ...]
