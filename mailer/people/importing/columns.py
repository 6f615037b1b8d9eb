"""Which column of a file is which field of a subscriber, and of what type."""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mailer.domain.address import BLANKS, CONTROLS, PLAIN
from mailer.domain.field import LONGEST_NAME, FieldType, field_name
from mailer.domain.spreadsheet import STATES
from mailer.errors import UsageError
from mailer.people.importing.headings import heads, heads_addresses, meant
from mailer.people.importing.sources.origin import FileOrigin
from mailer.people.importing.sources.row_file import Row

GLUED = re.compile(r"\w([^\w\s.'-])\w")  # two headings in one, and the sign between them


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


def columns(
    header: Row, origin: FileOrigin, mapping: Mapping[str, str], below: Sequence[Row] = ()
) -> tuple[Column, ...]:
    """Return the columns that fill a field; those without a heading are left out.

    `mapping` names fields by heading and wins over the heading itself. Without a column `email` the one that
    is headed as addresses are elsewhere is it; so for names, language, time zone and tags. UsageError if
    there is no address, two columns would fill one field, or the mapping names a column that isn't there.
    `below` are some rows, to say then what is meant.
    """
    where = f"{origin}:{header.line}"
    headings = [heading.strip() for heading in header.cells]
    chosen = _chosen(mapping, headings, where)
    if "email" not in {chosen.get(heading) or field_name(heading) for heading in headings}:
        candidates = [each for each in headings if each not in chosen and heads_addresses(each)]
        if len(set(candidates)) != 1:
            raise _several_emails(candidates, where) if candidates else _no_email(headings, where, below)
        chosen[candidates[0]] = "email"
    taken = {*chosen.values(), *(field_name(each) for each in headings if each not in chosen)}
    for heading, field in meant(each for each in headings if each not in chosen).items():
        if field not in taken:
            chosen[heading] = field
    found = [
        Column(index, heading, chosen.get(heading) or _field(heading, where))
        for index, heading in enumerate(headings)
        if heading
    ]
    _refuse_doubles(found, where)
    return tuple(found)


def unnamed(header: Row, found: Iterable[Column]) -> list[Column]:
    """Return the columns without a heading: they fill no field, and may say something all the same."""
    taken = {column.index for column in found}
    return [
        Column(index, f"column {index + 1}", "") for index in range(len(header.cells)) if index not in taken
    ]


def cell(row: Row, column: Column) -> str:
    """Return a cell's text without the blanks around it; empty if the row ends before it."""
    return row.cells[column.index].strip(BLANKS) if column.index < len(row.cells) else ""


def cells(rows: Iterable[Row], column: Column) -> list[str]:
    """Return a cell's text of each row, as `cell` does: of many a call for each is most of the work."""
    index = column.index
    return [row[index].strip(BLANKS) if index < len(row) else "" for _, row in rows]


def named(heading: str, found: Sequence[Column], option: str, where: str) -> Column:
    """Return the column that `option` names by its heading or field; UsageError if there is none."""
    wanted = heading.strip()
    for column in found:
        if wanted in (column.heading, column.field) or wanted.casefold() == column.heading.casefold():
            return column
    raise no_such_column(option, wanted, [column.heading for column in found], where)


def no_such_column(option: str, heading: str, headings: Sequence[str], where: str) -> UsageError:
    """Return the error for an option that names a column which isn't there."""
    near = nearest(heading, headings)
    hint = f"; did you mean {near}?" if near else ""
    return UsageError(
        f"{where}: {option} names a column {heading!r} that isn't there{hint}",
        next_step=f"The columns are: {', '.join(headings)}",
    )


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that looks most like `word`, letter case aside, or None if none does."""
    by_fold = {each.casefold(): each for each in known}
    near = difflib.get_close_matches(word.casefold(), by_fold, n=1)
    return by_fold[near[0]] if near else None


def _chosen(mapping: Mapping[str, str], headings: list[str], where: str) -> dict[str, str]:
    for heading in mapping:
        if heading not in headings:
            raise no_such_column("--map", heading, headings, where)
    return {heading: _field(field, "--map") for heading, field in mapping.items()}


def refuse_reserved(found: Iterable[Column]) -> None:
    """Raise UsageError for a column that fills a field whose name the exports of this program need."""
    for column in found:
        if column.field in STATES:
            raise UsageError(
                f"{column.field} can't name a field: an export has a column of that name",
                next_step=f"Give it another: {_map(column.heading, f'old_{column.field}')}",
            )


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
                next_step="Take one of the two out of the file, or give it another heading."
                if column.heading == other.heading
                else f"Take one of the two out of the file, or rename it: {_map(column.heading, 'FIELD')}",
            )


def _several_emails(found: list[str], where: str) -> UsageError:
    return UsageError(
        f"{where}: each of these may be the column of addresses: {', '.join(found)}",
        next_step=f"Say which one is, as in: {_map(found[0], 'email')}",
    )


def _no_email(headings: list[str], where: str, below: Sequence[Row]) -> UsageError:
    there = ", ".join(filter(None, headings))
    if address := next((each for each in headings if PLAIN.fullmatch(each)), None):
        return UsageError(
            f"{where}: the first row is no header: {address!r} is an address",
            next_step="Write a row above it that names the columns, as in: email,name,town",
        )
    if len(headings) == 1 and (sign := GLUED.search(headings[0])):
        return UsageError(
            f"{where}: there is one column, headed {there!r}: cells are parted by comma, semicolon, tab or |",
            next_step=f"If another sign parts them, name it in a first line of its own, as in: sep={sign[1]}",
        )
    problem = f"{where}: no column is headed email; there is: {there}"
    if row := next((row for row in below if _heads(row)), None):
        return UsageError(
            problem, next_step=f"Line {row.line} seems to be the header: delete what is above it."
        )
    holding = (
        heading
        for row in below
        for heading, text in zip(headings, row.cells, strict=False)
        if PLAIN.fullmatch(text)
    )
    near = next(holding, None) or nearest("email", headings) or "COLUMN"
    return UsageError(problem, next_step=f"If one holds the addresses, say which: {_map(near, 'email')}")


def _heads(row: Row) -> bool:
    """Whether a row is a header; below a title that no sign parts all of it is one cell."""
    return heads(cell for each in row.cells for cell in re.split(r"[,;\t|]", each))


def _map(heading: str, field: str) -> str:
    return f"--map {shlex.quote(f'{heading}={field}')}"
