"""One person of a frozen audience, as templates may see them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


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
        values = {key: value for key, value in (self.fields or {}).items() if value is not None}
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
