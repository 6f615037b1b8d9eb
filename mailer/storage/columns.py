"""Which column of a file is which field of a subscriber, and of what type."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mailer.domain.address import CONTROLS
from mailer.domain.field import FieldType, field_name
from mailer.domain.subscriber import OWN_FIELDS
from mailer.errors import UsageError
from mailer.storage.csvfile import Record

OWN_TYPES = dict.fromkeys(OWN_FIELDS, FieldType.TEXT) | {"tags": FieldType.LIST}
LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file: its place from 0, its heading as typed, the field it fills."""

    index: int
    heading: str
    field: str

    def typed(self, kind: FieldType) -> TypedColumn:
        """Return this column as one of that type."""
        return TypedColumn(self.index, self.heading, self.field, kind)


@dataclass(frozen=True, slots=True)
class TypedColumn(Column):
    """A column and what its values are."""

    type: FieldType


def columns(header: Record, path: Path, mapping: Mapping[str, str]) -> tuple[Column, ...]:
    """Return the columns that fill a field; those without a heading are left out.

    `mapping` names fields by heading and wins over the heading itself. UsageError if there is no email
    column, two columns would fill one field, or the mapping names a column that isn't there.
    """
    where = f"{path}:{header.line}"
    headings = [heading.strip() for heading in header.cells]
    chosen = _chosen(mapping, headings, where)
    found = [
        Column(index, heading, chosen.get(heading) or _field(heading, where))
        for index, heading in enumerate(headings)
        if heading
    ]
    _refuse_doubles(found, where)
    if not any(column.field == "email" for column in found):
        raise _no_email(headings, where)
    return tuple(found)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that looks most like `word`, letter case aside, or None if none does."""
    by_fold = {each.casefold(): each for each in known}
    near = difflib.get_close_matches(word.casefold(), by_fold, n=1)
    return by_fold[near[0]] if near else None


def _chosen(mapping: Mapping[str, str], headings: list[str], where: str) -> dict[str, str]:
    for heading in mapping:
        if heading not in headings:
            near = nearest(heading, headings)
            hint = f"; did you mean {near}?" if near else ""
            raise UsageError(
                f"{where}: --map names a column {heading!r} that isn't there{hint}",
                next_step=f"The columns are: {', '.join(headings)}",
            )
    return {heading: _field(field, "--map") for heading, field in mapping.items()}


def _field(heading: str, where: str) -> str:
    name = field_name(heading)
    if not name or len(name) > LONGEST_NAME or CONTROLS.search(heading):
        raise UsageError(
            f"{where}: {heading!r} can't name a field: letters and digits, at most {LONGEST_NAME}",
            next_step="Give the column another heading, or a field: --map COLUMN=FIELD",
        )
    return name


def _refuse_doubles(found: list[Column], where: str) -> None:
    first: dict[str, Column] = {}
    for column in found:
        other = first.setdefault(column.field, column)
        if other is not column:
            raise UsageError(
                f"{where}: columns {other.index + 1} and {column.index + 1} both fill {column.field}",
                next_step="Take one of the two out of the file, or rename it: --map COLUMN=FIELD",
            )


def _no_email(headings: list[str], where: str) -> UsageError:
    near = nearest("email", headings) or next((each for each in headings if "mail" in each.casefold()), None)
    hint = near or "COLUMN"
    return UsageError(
        f"{where}: no column is headed email; there is: {', '.join(headings)}",
        next_step=f'If one holds the addresses, say which: --map "{hint}=email"',
    )
