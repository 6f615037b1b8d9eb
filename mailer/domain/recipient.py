"""One person of a frozen audience, as templates may see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Recipient:
    """A subscriber's values as they were when the audience was frozen."""

    subscriber_id: int
    email: str
    name: str | None = None
    language: str | None = None
    timezone: str | None = None
    tags: tuple[str, ...] | None = None
    fields: Mapping[str, Any] | None = None

    def values(self) -> dict[str, Any]:
        """Return what `subscriber` offers in a template; an absent value has no key."""
        own = {
            "email": self.email,
            "name": self.name,
            "language": self.language,
            "timezone": self.timezone,
            "tags": self.tags,
        }
        return {key: value for key, value in {**(self.fields or {}), **own}.items() if value is not None}
