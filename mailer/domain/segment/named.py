"""Segments by name: as they are kept for whoever asks for them, and as a send keeps them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from mailer.domain.segment.values import Today
from mailer.domain.segment.vocabulary import RESERVED

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")


@dataclass(frozen=True, slots=True)
class Segment:
    """A definition with a name; the definition as it was typed."""

    name: str
    definition: str
    description: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class KeptSegment:
    """A segment as it stood when a send began: what was `asked` for, its conditions, the day and its zone.

    It names no other segment. It takes out those who are not in it, or, if `excluded`, those who are.
    """

    asked: str
    definition: str
    day: date
    zone: str
    excluded: bool = False

    @property
    def today(self) -> Today:
        """The day that "today" is in it."""
        return Today(self.day, ZoneInfo(self.zone))

    @property
    def reason(self) -> str:
        """Why it takes somebody out."""
        return f"{'in' if self.excluded else 'not in'} segment {self.asked}"

    def data(self) -> dict[str, Any]:
        """Return it as JSON takes it."""
        return {
            "asked": self.asked,
            "definition": self.definition,
            "day": self.day.isoformat(),
            "zone": self.zone,
            "excluded": self.excluded,
        }

    @classmethod
    def read(cls, data: dict[str, Any]) -> KeptSegment:
        """Return it from what `data` made of it."""
        return cls(**data | {"day": date.fromisoformat(data["day"])})


def is_name(asked: str) -> bool:
    """Return whether a segment is asked for by its name; anything else is a definition."""
    return NAME.fullmatch(asked) is not None and asked.casefold() not in RESERVED
