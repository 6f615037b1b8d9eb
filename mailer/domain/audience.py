"""Whom a send is for: which lists, less whom, and one person of the frozen audience."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

# Why somebody on the lists doesn't get an issue, where what the ledger keeps doesn't explain itself.
_REASONS = {
    "requested": "suppressed by request",
    "complained": "suppressed after a complaint",
    "unconfirmed": "not confirmed",
}


def reason_in_words(reason: str) -> str:
    """Return why somebody doesn't get an issue as a person says it."""
    return _REASONS.get(reason, reason)


def excluded_in_words(excluded: Mapping[str, int]) -> str:
    """Return how many are left out for which reason: `bounced 21, suppressed by request 4`; empty if none."""
    return ", ".join(f"{reason_in_words(reason)} {count:,}" for reason, count in sorted(excluded.items()))


@dataclass(frozen=True, slots=True)
class Audience:
    """Names of lists whose subscribers get the issue, and of lists whose subscribers do not."""

    lists: tuple[str, ...]
    exclude: tuple[str, ...] = ()

    def canonical(self) -> str:
        """Return the one way to write this audience: what a send is bound to."""
        parts = {"exclude": sorted(set(self.exclude)), "lists": sorted(set(self.lists))}
        return json.dumps(parts, separators=(",", ":"), ensure_ascii=False)

    def text(self) -> str:
        """Return the audience as it was put: the mail names the first list, so that their order counts."""
        return json.dumps({"exclude": self.exclude, "lists": self.lists}, ensure_ascii=False)

    @classmethod
    def parse(cls, written: str) -> Audience:
        """Return the audience that `canonical` or `text` wrote."""
        parts = json.loads(written)
        return cls(tuple(parts["lists"]), tuple(parts["exclude"]))

    def __str__(self) -> str:
        lists = f"list{'s' if len(self.lists) > 1 else ''} {', '.join(self.lists)}"
        return f"{lists} without {', '.join(self.exclude)}" if self.exclude else lists


class Recipient(NamedTuple):
    """A subscriber's values as they were when the audience was frozen.

    A tuple, because one is made for every message: `_make` takes a row as it comes from the database.
    """

    subscriber_id: int
    email: str
    name: str | None = None
    language: str | None = None
    timezone: str | None = None
    tags: tuple[str, ...] | None = None
    fields: Mapping[str, Any] | None = None

    def values(self) -> dict[str, Any]:
        """Return what `subscriber` offers in a template; an absent value has no key."""
        values = dict(self.fields or ())
        if None in values.values():
            values = {key: value for key, value in values.items() if value is not None}
        values["email"] = self.email
        if self.name is not None:
            values["name"] = self.name
        if self.language is not None:
            values["language"] = self.language
        if self.timezone is not None:
            values["timezone"] = self.timezone
        if self.tags is not None:
            values["tags"] = self.tags
        return values
