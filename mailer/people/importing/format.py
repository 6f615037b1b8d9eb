"""What other systems' exports look like: one description a system, in TOML, in the folder `formats`.

A description is what somebody who knows the system would answer to all that an import asks.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from mailer.domain.spreadsheet import STATES
from mailer.domain.standing import SENSES, STATUS, Sense, Standing
from mailer.errors import UsageError
from mailer.people.importing.headings import joined
from mailer.people.importing.sources.row_file import RowFile

BUNDLED = Path(__file__).with_name("formats")
PLAIN = "plain"  # the name of no format: a file is taken as it stands
_T = TypeVar("_T")
KIND = "kind"  # in a table of what values mean: how all others are read
WORDS = "words"  # the kind of a column whose cells hold several things, some of which may refuse


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Alike(_Part):
    """A file in which all stand alike: by its name (`*` is anything), or because it has these columns."""

    name: str = ""
    columns: tuple[str, ...] = ()
    standing: Standing = Field(alias="is")


class CantTell(_Part):
    """Why nobody can tell from a file who agreed, unless it has one of these columns."""

    says: str
    unless: tuple[str, ...] = ()


class EvidenceColumns(_Part):
    """Columns that tell when somebody agreed, from which IP address and how, and when they
    left; the first that is filled counts.

    `dates` are how moments are written, as Python's strptime has it, if not as ISO 8601 does.
    """

    at: tuple[str, ...] = ()
    ip: tuple[str, ...] = ()
    note: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()


class Format(_Part):
    """One system's export. Headings are written as there; letter case and signs don't count.

    `columns` are those by which it is recognised: all of one of the rows; or `kind` is that of the file.
    `state` tells how a column is read: by a kind of `mailer.domain.standing.SENSES`, as `words`, or by a
    table of values. `spread` are columns that hold objects, each of whose keys fills a field. `aside` are
    columns that seem to speak of consent and don't.
    """

    name: str
    title: str
    export: str
    columns: tuple[tuple[str, ...], ...] = ()
    kind: str = ""
    fields: dict[str, str] = {}
    separators: dict[str, str] = {}
    spread: tuple[str, ...] = ()
    state: dict[str, str | dict[str, str]] = {}
    alike: tuple[Alike, ...] = ()
    evidence: EvidenceColumns = EvidenceColumns()
    aside: tuple[str, ...] = ()
    doubt: CantTell | None = None

    @field_validator("state")
    @classmethod
    def _readable(cls, state: dict[str, str | dict[str, str]]) -> dict[str, str | dict[str, str]]:
        for said in state.values():
            table = said if isinstance(said, dict) else {KIND: said}
            for value, meant in table.items():
                if meant not in ({*SENSES, WORDS} if value == KIND else {*Standing}):
                    raise ValueError(f"{meant!r} is no {'kind of column' if value == KIND else 'standing'}")
        return state


@dataclass(frozen=True, slots=True)
class Meaning:
    """How a column that tells how people stand is read."""

    sense: Sense
    whole: bool = True  # else what several words in a cell say counts, and nothing else
    meanings: Mapping[str, Standing] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Described:
    """What a format says of one file; columns are named by their headings in it."""

    format: Format | None = None
    why: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    separators: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[str, Meaning] = field(default_factory=dict)
    everyone: Standing | None = None
    doubt: str = ""
    aside: frozenset[str] = frozenset()
    spread: tuple[str, ...] = ()
    at: tuple[str, ...] = ()
    ip: tuple[str, ...] = ()
    note: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()


UNDESCRIBED = Described()


def load_formats(*folders: Path) -> dict[str, Format]:
    """Return the formats that folders describe, by name; UsageError for a file that is no description."""
    files = [path for folder in folders for path in sorted(folder.glob("*.toml"))]
    return {path.stem: _load(path) for path in files}


def _load(path: Path) -> Format:
    try:
        return Format.model_validate({"name": path.stem} | tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise UsageError(
            f"{path}: {key}: {first['msg']}",
            next_step="How a format is described: docs/how-to/describe-an-export.md",
        ) from None


def describe(file: RowFile, formats: Mapping[str, Format], wanted: str = "") -> Described:
    """Return what the format of a file says of it: of the one that fits best, or of the one `wanted`.

    UsageError for one that there is not, or that the file can't be in.
    """
    if wanted == PLAIN or {*STATES} <= {*map(str.strip, file.header.cells)}:
        return UNDESCRIBED
    there = {joined(heading): heading.strip() for heading in reversed(file.header.cells) if heading.strip()}
    if wanted:
        return _described(_wanted(wanted, formats, file, there), file, there, "as you say")
    fits = {
        name: found for name, each in formats.items() if (found := _matched(each, file, there)) is not None
    }
    if not fits:
        return UNDESCRIBED
    best = max(fits, key=lambda name: len(fits[name]))
    why = f"columns {', '.join(fits[best])}" if fits[best] else f"it is {file.kind}"
    return _described(formats[best], file, there, why)


def known_among(files: Sequence[RowFile], formats: Mapping[str, Format]) -> list[RowFile]:
    """Return the files of an archive that are known exports; of others only one that is alone.

    The first says which were left out. UsageError where it can't be told which are meant.
    """
    if len(files) == 1:
        return [*files]
    known = [each for each in files if describe(each, formats).format]
    if not known:
        names = ", ".join(each.origin.member for each in files) or "none that may hold people"
        raise UsageError(
            "of the files in the archive none is a known export",
            next_step=f"Unpack it and import those you mean; there is: {names}",
        )
    left = [each.origin.member for each in files if each not in known]
    remark = (f"left out, as no known export: {', '.join(left)}",) if left else ()
    return [replace(known[0], remarks=known[0].remarks + remark), *known[1:]]


def _wanted(name: str, formats: Mapping[str, Format], file: RowFile, there: Mapping[str, str]) -> Format:
    """Return the format that a person names, if the file has what tells how people stand there."""
    asked = formats.get(name)
    if asked is None:
        names = ", ".join([*formats, PLAIN])
        raise UsageError(f"--format {name}: there is no such format", next_step=f"There is: {names}")
    if _matched(asked, file, there) is None and not _present(list(asked.state), there):
        lacks = " or ".join(", ".join(row) for row in asked.columns) or asked.kind
        raise UsageError(
            f"{file.origin} is no export of {asked.title}, in which there is: {lacks}",
            next_step=f"Leave out --format, or take it as it stands: --format {PLAIN}",
        )
    return asked


def _matched(each: Format, file: RowFile, there: Mapping[str, str]) -> list[str] | None:
    """Return the headings by which a file is recognised, the most there are; None if it is not."""
    rows = [row for row in each.columns if {*map(joined, row)} <= there.keys()]
    if not rows:
        return [] if each.kind == file.kind else None
    return [there[joined(heading)] for heading in max(rows, key=len)]


def _described(each: Format, file: RowFile, there: Mapping[str, str], why: str) -> Described:
    fields: dict[str, str] = {}
    for heading, name in each.fields.items():
        if joined(heading) in there and name not in fields.values():
            fields[there[joined(heading)]] = name
    doubt = each.doubt and not _present(each.doubt.unless, there) and each.doubt.says
    alike = (which.standing for which in each.alike if _is_alike(which, file, there))
    return Described(
        format=each,
        why=why,
        fields=fields,
        separators=_here(each.separators, there),
        rules={heading: _rule(said) for heading, said in _here(each.state, there).items()},
        everyone=next(alike, None),
        doubt=doubt or "",
        aside=frozenset(_present(each.aside, there)),
        spread=each.spread,
        at=_present(each.evidence.at, there),
        ip=_present(each.evidence.ip, there),
        note=_present(each.evidence.note, there),
        left=_present(each.evidence.left, there),
        dates=each.evidence.dates,
    )


def _here(said: Mapping[str, _T], there: Mapping[str, str]) -> dict[str, _T]:
    """Return what is said of the columns that are there, by their headings."""
    return {there[key]: value for heading, value in said.items() if (key := joined(heading)) in there}


def _present(names: Sequence[str], there: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(there[key] for key in map(joined, names) if key in there)


def _is_alike(which: Alike, file: RowFile, there: Mapping[str, str]) -> bool:
    named = bool(which.name) and fnmatchcase(file.origin.stem.lower(), which.name)
    return named or (bool(which.columns) and len(_present(which.columns, there)) == len(which.columns))


def _rule(said: str | Mapping[str, str]) -> Meaning:
    table = {KIND: said} if isinstance(said, str) else said
    meanings = {value: Standing(meant) for value, meant in table.items() if value != KIND}
    return Meaning(SENSES.get(table.get(KIND, ""), STATUS), table.get(KIND) != WORDS, meanings)
