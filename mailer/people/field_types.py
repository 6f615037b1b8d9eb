"""The types of the fields that subscribers have, as declared or inferred when they were first imported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from mailer.domain.address import CONTROLS
from mailer.domain.field import (
    LONGEST_NAME,
    FieldError,
    FieldType,
    OwnField,
    convert,
    field_name,
    infer,
    to_text,
)
from mailer.domain.local_time import zone_named
from mailer.domain.spreadsheet import STATES
from mailer.domain.subscriber import OWN_FIELDS
from mailer.domain.yes_no import WORDS, YesNo
from mailer.errors import UsageError
from mailer.store.dialect import put
from mailer.store.schema import fields, subscribers

OWN_TYPES = dict.fromkeys(OWN_FIELDS, FieldType.TEXT) | {"tags": FieldType.LIST}
PAGE = 1000


def known_types(connection: Connection) -> dict[str, FieldType]:
    """Return the type of every field by name."""
    return {row.name: FieldType(row.type) for row in connection.execute(select(fields))}


def known_fields(connection: Connection) -> list[OwnField]:
    """Return every field, by name."""
    f = fields.c
    rows = connection.execute(select(f.name, f.type, f.title, f.is_editable).order_by(f.name))
    return [OwnField(row.name, FieldType(row.type), row.title, row.is_editable) for row in rows]


def write_field(connection: Connection, field: OwnField) -> None:
    """Keep what is said of a field beside its type."""
    said = {"title": field.title, "is_editable": field.is_editable}
    connection.execute(update(fields).where(fields.c.name == field.name).values(said))


def declare_types(connection: Connection, types: Mapping[str, FieldType], words: YesNo = WORDS) -> None:
    """Record these types; values that subscribers have already are converted where a type changes.

    `words` are those for true and false. UsageError, and nothing is changed, if a value doesn't fit the new
    type.
    """
    known = known_types(connection)
    for name, kind in types.items():
        if known.get(name) is kind:
            continue
        if name in known:
            _convert_all(connection, name, kind, words)
        put(connection, fields, {"name": name}, {"type": kind})


def typed_values(connection: Connection, texts: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of fields typed by hand, by name; a new field gets the type it looks like.

    UsageError for a name that no field can have, a control character, what is no time zone where one is
    wanted, or a value of another type.
    """
    known = OWN_TYPES | known_types(connection)
    values: dict[str, Any] = {}
    for typed, text in texts.items():
        name = field_name(typed)
        if not name or len(name) > LONGEST_NAME or name in ("email", *STATES):
            raise UsageError(f"{typed!r} can't name a field: letters and digits, at most {LONGEST_NAME}")
        if CONTROLS.search(text):
            raise UsageError(f"{name} = {text!r} has a control character or a line break in it")
        if name == "timezone" and text and zone_named(text) is None:
            raise UsageError(
                f"timezone {text!r} is no time zone",
                next_step="Write it like Asia/Kathmandu: a region, / and a city, as the tz database has it.",
            )
        kind = known.get(name) or infer([text], name)
        try:
            values[name] = convert(text, kind)
        except FieldError as error:
            raise UsageError(f"{name}: {error}") from None
        if name not in known:
            declare_types(connection, {name: kind})
    return values


def _convert_all(connection: Connection, name: str, kind: FieldType, words: YesNo) -> None:
    wanted = select(subscribers.c.id, subscribers.c.email, subscribers.c.fields)
    change = update(subscribers).where(subscribers.c.id == bindparam("which"))
    change = change.values(fields=bindparam("fields"))
    last = 0
    while page := connection.execute(
        wanted.where(subscribers.c.id > last, subscribers.c.fields.is_not(None))
        .order_by(subscribers.c.id)
        .limit(PAGE)
    ).all():
        last = page[-1].id
        changes = [
            {
                "which": row.id,
                "fields": row.fields | {name: _converted(row, name, kind, words)},
            }
            for row in page
            if name in row.fields
        ]
        if changes:
            connection.execute(change, changes)


def _converted(row: Any, name: str, kind: FieldType, words: YesNo) -> Any:
    try:
        return convert(to_text(row.fields[name]), kind, words)
    except FieldError as error:
        raise UsageError(
            f"the field {name} can't become {kind}: for {row.email}, {error}",
            next_step=f"Correct that value first, or leave out --type {name}={kind}",
        ) from None
