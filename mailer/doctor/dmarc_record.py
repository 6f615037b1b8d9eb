"""The text of a DMARC record, and the walk up the tree that finds it (RFC 9989, sections 4.7 and 4.10)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mailer.doctor.tag_list import parse_tags
from mailer.online.lookup import Found, Lookup, Unanswered

MOST_LABELS = 8
POLICIES = ("none", "quarantine", "reject")
_VERSION = re.compile(r"v\s*=\s*DMARC1\s*(;|$)")


@dataclass(frozen=True, slots=True)
class Level:
    """One domain on the way up: its DMARC records, or the words why nobody knows."""

    domain: str
    records: tuple[str, ...] = ()
    unanswered: str = ""

    @property
    def tags(self) -> Mapping[str, str]:
        """The tags of the one valid record; empty without one: several count as none (4.10.1)."""
        if len(self.records) != 1:
            return {}
        try:
            return parse_tags(self.records[0])
        except ValueError:
            return {}


@dataclass(frozen=True, slots=True)
class Walk:
    """What was found from a domain upwards; the domain itself comes first."""

    levels: tuple[Level, ...]

    @property
    def domain(self) -> str:
        """Where the walk began."""
        return self.levels[0].domain

    @property
    def unanswered(self) -> str:
        """Why the walk isn't the whole story; empty if it is."""
        return next((level.unanswered for level in self.levels if level.unanswered), "")

    @property
    def organisation(self) -> str:
        """The organisational domain (4.10.2): the highest with a record, unless one says otherwise."""
        for place, level in enumerate(self.levels):
            if level.tags.get("psd") == "n":
                return level.domain
            if level.tags.get("psd") == "y" and place:
                return self.levels[place - 1].domain
        with_record = [level.domain for level in self.levels if level.tags]
        return with_record[-1] if with_record else self.domain

    @property
    def policy(self) -> Level | None:
        """The level whose record holds for mail from the domain: its own, else the organisation's."""
        if self.levels[0].tags:
            return self.levels[0]
        named = (level for level in self.levels if level.tags and level.domain == self.organisation)
        # Below a public suffix that has a record, that one holds (4.10.1).
        return next(named, next((level for level in reversed(self.levels) if level.tags), None))


async def walk_up(domain: str, lookup: Lookup) -> Walk:
    """Ask for the DMARC records of `domain` and of those above it, as far as a receiver does."""
    levels: list[Level] = []
    for name in ancestors(domain):
        answer = await lookup.texts(f"_dmarc.{name}")
        found = answer.records if isinstance(answer, Found) else ()
        words = answer.words if isinstance(answer, Unanswered) else ""
        level = Level(name, tuple(text for text in found if _VERSION.match(text)), words)
        levels.append(level)
        if level.tags.get("psd") in ("y", "n"):
            break
    return Walk(tuple(levels))


def ancestors(domain: str) -> Iterator[str]:
    """Yield the domain and those above it down to the top one, eight at most (4.10)."""
    labels = domain.split(".")
    yield domain
    for left in range(min(len(labels) - 1, MOST_LABELS - 1), 0, -1):
        yield ".".join(labels[-left:])


def is_aligned(one: Walk, other: Walk, *, strict: bool) -> bool:
    """Whether DMARC counts the domain of `one` as that of `other` (4.4): the same, or of one organisation."""
    return one.domain == other.domain or (not strict and one.organisation == other.organisation)
