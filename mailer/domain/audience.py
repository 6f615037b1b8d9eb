"""Whom a send is for: which lists, in which segment, less whom, and one person of the frozen audience."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from mailer.domain.segment.named import KeptSegment

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
    """Names of lists whose subscribers get the issue, and of lists whose subscribers do not.

    Of those only who is in the `segment`, if there is one, and in none of `exclude_segments`: each as it was
    asked for, by name or definition. `kept` is what they stand for, once that was looked up.
    """

    lists: tuple[str, ...]
    exclude: tuple[str, ...] = ()
    segment: str = ""
    exclude_segments: tuple[str, ...] = ()
    kept: tuple[KeptSegment, ...] = field(default=(), compare=False)

    def canonical(self) -> str:
        """Return the one way to write this audience: what a send is bound to."""
        parts = {"exclude": sorted(set(self.exclude)), "lists": sorted(set(self.lists))}
        parts |= self._segments(sorted(set(self.exclude_segments)))
        return json.dumps(parts, separators=(",", ":"), ensure_ascii=False)

    def text(self) -> str:
        """Return the audience as it was put: the mail names the first list, so that their order counts."""
        parts = {"exclude": self.exclude, "lists": self.lists} | self._segments(self.exclude_segments)
        return json.dumps(parts, ensure_ascii=False)

    def _segments(self, excluded: Sequence[str]) -> dict[str, Any]:
        # An audience without segments is written as it was before there were any.
        parts = {"segment": self.segment, "exclude_segments": excluded}
        return {name: value for name, value in parts.items() if value}

    @classmethod
    def parse(cls, written: str, kept: Sequence[KeptSegment] = ()) -> Audience:
        """Return the audience that `canonical` or `text` wrote, with its segments as they are kept."""
        parts = json.loads(written)
        lists, exclude = tuple(parts["lists"]), tuple(parts["exclude"])
        segments = parts.get("segment", ""), tuple(parts.get("exclude_segments", ()))
        return cls(lists, exclude, *segments, tuple(kept))

    @property
    def segments(self) -> tuple[tuple[str, bool], ...]:
        """The segments that were asked for, each with whether it is excluded."""
        chosen = ((self.segment, False),) if self.segment else ()
        return (*chosen, *((each, True) for each in self.exclude_segments))

    @property
    def whole(self) -> Audience:
        """The same lists without a look at segments."""
        return replace(self, segment="", exclude_segments=(), kept=())

    def __str__(self) -> str:
        lists = f"list{'s' if len(self.lists) > 1 else ''} {', '.join(self.lists)}"
        within = f", segment {self.segment}" if self.segment else ""
        without = [*self.exclude, *(f"segment {each}" for each in self.exclude_segments)]
        return f"{lists}{within}" + (f" without {', '.join(without)}" if without else "")


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
