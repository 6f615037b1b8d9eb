"""What a digest of feeds is made of, and how much of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MOST = 50  # entries in one digest
MOST_FEEDS = 20


@dataclass(frozen=True, slots=True)
class Digest:
    """The addresses of its feeds; how many new entries it waits for, and how many it takes, the newest first.

    `full_text`: entries whole, where there is room, not summed up. `template` lays out the entries.
    """

    feeds: tuple[str, ...]
    at_least: int = 1
    at_most: int = 10
    full_text: bool = False
    template: str = "digest"

    @classmethod
    def parse(cls, parts: Mapping[str, Any]) -> Digest:
        """Return the digest that `dataclasses.asdict` took apart."""
        return cls(**{**parts, "feeds": tuple(parts["feeds"])})

    @property
    def words(self) -> str:
        """What it is, for a person."""
        return f"a digest of {', '.join(self.feeds)}"
