"""One person of a frozen audience, as templates may see them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from mailer.domain.subscriber import OWN_FIELDS


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
        values = dict(self.fields) if self.fields else {}
        values.update(zip(OWN_FIELDS, self[1:6], strict=True))
        return {key: value for key, value in values.items() if value is not None}
