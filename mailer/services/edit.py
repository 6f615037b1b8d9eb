"""One person's fields are changed, and their lists paused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Engine

from mailer.domain.address import Address
from mailer.domain.consent import Source
from mailer.domain.field import field_name
from mailer.errors import UsageError
from mailer.ledger.sequences import wake_person
from mailer.people import pausing
from mailer.people.field_types import OWN_TYPES, known_types, typed_values
from mailer.people.lists import list_ids
from mailer.people.person import required, write


@dataclass(frozen=True, slots=True)
class Edit:
    """Whose fields to change: `texts` are new values by name, as typed; `unset` are names to take away."""

    address: Address
    texts: Mapping[str, str] = field(default_factory=dict)
    unset: tuple[str, ...] = ()


def edit(database: Engine, request: Edit, now: datetime) -> list[str]:
    """Change a person's fields; return the names of those that are other ones now.

    UsageError, and nothing is changed, for an address that is nobody's, a value that isn't of its field's
    type, and a name that no field has.
    """
    with database.begin() as connection:
        person = required(connection, request.address.key)
        values = typed_values(connection, request.texts)
        known = OWN_TYPES | known_types(connection)
        for typed in request.unset:
            name = field_name(typed)
            if name == "email" or name not in known:
                raise UsageError(
                    f"there is no field {typed} to take away",
                    next_step=f"See what they have: mailer subscribers show {person.email}",
                )
            if name in values:
                raise UsageError(f"{typed} can't be set and taken away at once")
            values[name] = None
        return write(connection, person, values, now)


@dataclass(frozen=True, slots=True)
class Pause:
    """Who gets nothing from which lists (by name; None: any) until when; None: they go on now."""

    address: Address
    lists: tuple[str, ...] | None
    until: datetime | None
    source: Source


def pause(database: Engine, request: Pause, now: datetime) -> list[str]:
    """Let a person pause, or go on; return the names of the lists of which that is news.

    UsageError for an address that is nobody's, an unknown list, and a moment that is over.
    """
    if request.until is not None and request.until <= now:
        raise UsageError(f"{request.until:%Y-%m-%d %H:%M} UTC is over already", next_step="Name a later day.")
    with database.begin() as connection:
        person = required(connection, request.address.key)
        wanted = None if request.lists is None else list_ids(connection, request.lists)
        found = pausing.pause(connection, person.id, wanted, request.until, request.source, now)
        wake_person(connection, person.id, now)
        return [each.list_name for each in found]
