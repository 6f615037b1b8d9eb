"""The fields of subscribers: what they hold, what readers call them, and which of them they may change."""

from __future__ import annotations

import difflib
from dataclasses import replace

from sqlalchemy import Engine

from mailer.domain.address import CONTROLS
from mailer.domain.field import OwnField, field_name
from mailer.errors import UsageError
from mailer.people import field_types


def all_fields(database: Engine) -> list[OwnField]:
    """Return every field that there is, by name; not name, language, timezone and tags, which all have."""
    with database.connect() as connection:
        return field_types.known_fields(connection)


def change(database: Engine, typed: str, *, title: str | None, editable: bool | None) -> OwnField:
    """Say of a field what readers call it, and whether they may change it; None: as it is.

    UsageError, and nothing is changed, for one that there is not.
    """
    if title is not None and CONTROLS.search(title):
        raise UsageError("a field's title has a control character in it")
    with database.begin() as connection:
        known = {each.name: each for each in field_types.known_fields(connection)}
        field = known.get(field_name(typed))
        if field is None:
            raise _no_such_field(typed, known)
        if title is not None:
            field = replace(field, title=title.strip())
        if editable is not None:
            field = replace(field, is_editable=editable)
        field_types.write_field(connection, field)
        return field


def _no_such_field(typed: str, known: dict[str, OwnField]) -> UsageError:
    near = difflib.get_close_matches(field_name(typed), known, n=1)
    meant = f"; did you mean {near[0]}?" if near else ""
    return UsageError(f"there is no field {typed}{meant}", next_step="See: mailer fields list")
