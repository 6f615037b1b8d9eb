"""What a file says of who agreed to get mail: looked for in the first reading, understood before the second.

A column that seems to speak of consent stops an import until a person has said what it means: it would be
lost as an ordinary field, and everybody mailed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from mailer.domain.fold import fold
from mailer.domain.spreadsheet import STATES
from mailer.domain.standing import (
    STATUS,
    Sense,
    Standing,
    parts,
    refusing_name,
    refusing_word,
    sense_of,
    smells,
    strictest,
)
from mailer.domain.subscriber import Status
from mailer.errors import ExitCode, MailerError, UsageError
from mailer.people.importing.columns import Column, cell, named
from mailer.people.importing.csv_file import Row


@dataclass(frozen=True, slots=True)
class Answers:
    """What a person says about consent in a file.

    `status` are headings of columns that tell how people stand, `ignored` of columns that tell nothing of
    it. `meanings` are values and what they mean, as VALUE or COLUMN=VALUE; `everyone` is how all stand.
    """

    status: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    meanings: tuple[tuple[str, Standing], ...] = ()
    everyone: Standing | None = None

    @property
    def settled(self) -> bool:
        """Whether the file as a whole is answered for: nobody in it is to be mailed."""
        return self.everyone not in (None, Standing.SUBSCRIBED)


NOTHING = Answers()


class Said(NamedTuple):
    """What a row says of a person: how they stand on each of the import's lists (None: not on it), and why
    they are never mailed.
    """

    statuses: tuple[Status | None, ...]
    suppressed: str | None = None

    @property
    def refuses(self) -> bool:
        """Whether it keeps any mail away."""
        return self.suppressed is not None or any(
            each not in (None, Status.SUBSCRIBED) for each in self.statuses
        )


class Unclear(ValueError):
    """A row doesn't say how the person stands; the message says which cell, and what to do."""

    def __init__(self, value: str, reason: str) -> None:
        super().__init__(reason)
        self.value = value


class ConsentUnclear(MailerError):
    """The file seems to say who agreed and who left, and nobody said what it means; nothing was imported."""

    exit_code = ExitCode.REFUSED

    def __init__(self, path: Path, seen: Sequence[Seen], name: Standing | None) -> None:
        super().__init__(f"{path} seems to say who agreed to get mail and who left")
        self.seen = tuple(seen)
        self.name = name


@dataclass(slots=True)
class Seen:
    """What was seen in one column: its values with how often and on which line first.

    Without a `sense` only the values that seem to speak of consent.
    """

    column: Column
    sense: Sense | None
    counts: Counter[str] = field(default_factory=Counter)
    lines: dict[str, int] = field(default_factory=dict)

    def add(self, text: str, line: int) -> None:
        """Count one value."""
        self.counts[text] += 1
        self.lines.setdefault(text, line)

    def meaning(self, text: str) -> Standing | None:
        """Return what a value would be taken for."""
        return self.sense.read(text) if self.sense else refusing_word(text)

    @property
    def speaks(self) -> bool:
        """Whether the column has to be asked about."""
        if self.sense is None:
            return bool(self.counts)
        if self.sense.doubtful:
            # Where figures are more than 0 and 1 they count something.
            counted = any(text.isdecimal() and text.lstrip("0") not in ("", "1") for text in self.counts)
            heard = (text for text in self.counts if text and not (counted and text.isdecimal()))
            return any(map(self.meaning, heard))
        harmless = self.sense.evidence or self.sense.blank is Standing.SUBSCRIBED
        return not harmless or any(self.counts)  # a blank is counted as ""


class ConsentWatch:
    """Looks at every row in the first reading of a file; `understood` is for the second."""

    def __init__(self, columns: Sequence[Column], answers: Answers, path: Path, where: str) -> None:
        """UsageError if an answer names a column that isn't there."""
        self._answers, self._path, self._columns = answers, path, columns
        self._status = [named(each, columns, "--status", where) for each in answers.status]
        ignored = {named(each, columns, "--ignore", where) for each in answers.ignored}
        self._meanings = [(*_split(typed, columns), standing) for typed, standing in answers.meanings]
        self._seen = {
            column: Seen(column, sense_of(column.heading))
            for column in columns
            if column.field != "email" and column not in ignored
        }
        self._with_sense = [each for each in self._seen.values() if each.sense]
        self._without = [each for each in self._seen.values() if not each.sense]

    def see(self, row: Row) -> None:
        """Take one row into account."""
        for seen in self._with_sense:
            seen.add(cell(row, seen.column), row.line)
        if smells(cell(row, seen.column) for seen in self._without):
            for seen in self._without:
                if smells([text := cell(row, seen.column)]):
                    seen.add(next(filter(refusing_word, parts(text)), text), row.line)

    def understood(self, lists: tuple[str, ...]) -> ConsentReader:
        """Return what reads each row for an import to these lists; ConsentUnclear if an answer is missing."""
        if self._answers.settled:
            # What the columns say of consent is outdone, and of use for nothing else.
            sure = [each.column for each in self._with_sense if each.sense and not each.sense.doubtful]
            states = [column for column in self._seen if column.field in STATES]
            return ConsentReader([], {*sure, *states}, lists, self._answers.everyone)
        open_ = {each.column: each for each in self._seen.values() if each.speaks}
        readers = self._readers(open_)
        asked = [
            each for column, each in open_.items() if column not in {reader.column for reader in readers}
        ]
        name = None if self._answers.everyone else refusing_name(self._path.stem)
        if asked or name:
            raise ConsentUnclear(self._path, asked, name)
        return ConsentReader(readers, [each.column for each in readers if each.whole], lists)

    def _readers(self, open_: Mapping[Column, Seen]) -> list[StatusColumn]:
        """Return the columns that were answered for, each with all that was said of it."""
        readers = {
            column: StatusColumn(column, sense_of(column.heading) or STATUS) for column in self._status
        }
        for column, value, standing in self._meanings:
            for each in [column] if column else self._holding(value, open_):
                sense = sense_of(each.heading)
                whole = sense is not None and not sense.doubtful
                reader = readers.setdefault(each, StatusColumn(each, sense or STATUS, whole))
                reader.meanings[_key(value)] = standing
        return list(readers.values())

    def _holding(self, value: str, open_: Mapping[Column, Seen]) -> list[Column]:
        """Return the columns that a value is said of without naming one."""
        found = self._status or [
            column for column, seen in open_.items() if _key(value) in {_key(text) for text in seen.counts}
        ]
        if not found:
            raise UsageError(
                f"no column that seems to speak of consent holds {value!r}",
                next_step="Say which column is meant, as COLUMN=VALUE; the columns are: "
                + ", ".join(each.heading for each in self._columns),
            )
        return found


@dataclass(slots=True)
class StatusColumn:
    """A column that says how people stand. If `whole`, each of its values must be understood."""

    column: Column
    sense: Sense
    whole: bool = True
    meanings: dict[str, Standing] = field(default_factory=dict)

    def read(self, text: str) -> Standing | None:
        """Return what a cell says, Unclear if that can't be told, None if it isn't about consent."""
        if meant := self.meanings.get(_key(text)):
            return meant
        if not self.whole:
            items = [text, *parts(text)]
            said = [self.meanings.get(_key(item)) or refusing_word(item) for item in items if item]
            return strictest(filter(None, said)) if any(said) else None
        standing = self.sense.read(text)
        if standing is None:
            raise Unclear(text, self._unclear(text))
        return standing

    def _unclear(self, text: str) -> str:
        name = self.column.heading
        if text:
            return f"{name}: not clear; say what it means with --unsubscribed-if or --subscribed-if"
        return f"{name} is blank, which is no consent; to take a blank for one: --subscribed-if '{name}='"


class ConsentReader:
    """Reads from each row how the person stands; `columns` are not fields, as all that they say is in it."""

    def __init__(
        self,
        readers: Sequence[StatusColumn],
        columns: Iterable[Column],
        lists: tuple[str, ...],
        everyone: Standing | None = None,
    ) -> None:
        """UsageError where people may have left, and no list is named that they left."""
        if not lists and (readers or everyone in (Standing.UNSUBSCRIBED, Standing.UNCONFIRMED)):
            raise UsageError(
                "on which list do they stand so?",
                next_step="Add --list LIST; for all lists, now and later: --as suppressed.",
            )
        self.columns = tuple(columns)
        self.lists = lists
        self._readers = readers
        self._everyone = [everyone] if everyone else []

    def said(self, row: Row) -> Said:
        """Return what the row says; Unclear if a column doesn't tell and no other refuses."""
        standings, unclear = list(self._everyone), None
        for reader in self._readers:
            try:
                if standing := reader.read(cell(row, reader.column)):
                    standings.append(standing)
            except Unclear as error:
                unclear = unclear or error
        status = max((each.status for each in standings), key=list(Status).index, default=Status.SUBSCRIBED)
        found = Said((status,) * len(self.lists), strictest(standings).suppression)
        if unclear and not found.refuses:
            raise unclear
        return found


def _key(text: str) -> str:
    """Return what two values that are the same have in common; of one without letters that is all of it."""
    return fold(text) or text.strip()


def _split(typed: str, columns: Sequence[Column]) -> tuple[Column | None, str]:
    """Return the column that COLUMN=VALUE names and the value; no column for a VALUE."""
    named = {name: column for column in columns for name in (column.field, column.heading.casefold())}
    for name in sorted(named, key=len, reverse=True):
        if typed.casefold().startswith(f"{name}="):
            return named[name], typed[len(name) + 1 :].strip()
    return None, typed
