"""What a file says of who agreed to get mail: looked for in the first reading, understood before the second.

A column that seems to speak of consent stops an import until a person has said what it means: it would be
lost as an ordinary field, and everybody mailed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

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
)
from mailer.errors import ExitCode, MailerError, UsageError
from mailer.people.importing.columns import Column, cell, cells, named
from mailer.people.importing.evidence import FIELDS as EVIDENCE
from mailer.people.importing.evidence import LEFT, read_moment
from mailer.people.importing.format import UNDESCRIBED, Described
from mailer.people.importing.said import ConsentReader, StatusColumn, key_of
from mailer.people.importing.sources.origin import FileOrigin
from mailer.people.importing.sources.row_file import Row, RowFile


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


class ConsentUnclear(MailerError):
    """The file seems to say who agreed and who left, and nobody said what it means; nothing was imported.

    `name` is what its name says of all in it, `doubt` why nothing in such a file can tell.
    """

    exit_code = ExitCode.REFUSED

    def __init__(
        self, origin: FileOrigin, seen: Sequence[Seen], name: Standing | None, doubt: str = ""
    ) -> None:
        problem = (
            "seems to say who agreed to get mail and who left" if seen or name else "doesn't say who agreed"
        )
        super().__init__(f"{origin} {problem}")
        self.path = origin.path
        self.seen = tuple(seen)
        self.name = name
        self.doubt = doubt


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
    def tells_when(self) -> bool:
        """Whether it is of use as evidence: it tells when people agreed, and nothing else."""
        evidence = self.sense is not None and self.sense.evidence
        return evidence and all(read_moment(text) for text in self.counts if text)

    @property
    def speaks(self) -> bool:
        """Whether the column has to be asked about."""
        if self.column.field in EVIDENCE:  # it was said what it tells, but not of those who left
            return any(self.meaning(text) not in (None, Standing.SUBSCRIBED) for text in self.counts)
        if self.sense is None:
            return bool(self.counts)
        if self.sense.doubtful:
            # Where figures are more than 0 and 1 they count something.
            counted = any(text.isdecimal() and text.lstrip("0") not in ("", "1") for text in self.counts)
            heard = (text for text in self.counts if text and not (counted and text.isdecimal()))
            return any(map(self.meaning, heard)) or smells(self.counts)
        harmless = self.sense.evidence or self.sense.blank is Standing.SUBSCRIBED
        return not harmless or any(self.counts)  # a blank is counted as ""


class ConsentWatch:
    """Looks at every row in the first reading of a file; `understood` is for the second."""

    def __init__(
        self, columns: Sequence[Column], answers: Answers, file: RowFile, described: Described = UNDESCRIBED
    ) -> None:
        """UsageError if an answer names a column that isn't there."""
        where = f"{file.origin}:{file.header.line}"
        self._answers, self._origin, self._columns, self._described = answers, file.origin, columns, described
        self._names = file.names
        self._status = [named(each, columns, "--status", where) for each in answers.status]
        ignored = {named(each, columns, "--ignore", where) for each in answers.ignored}
        self._meanings = [(*_split(typed, columns), standing) for typed, standing in answers.meanings]
        self._rules = {
            column: described.rules[column.heading]
            for column in columns
            if column.heading in described.rules and column not in ignored
        }
        told = described.aside.union(described.at, described.ip, described.note, described.left)
        self._seen = {
            column: Seen(column, _sense(column))
            for column in columns
            if column.field != "email"
            and not (column in ignored or column in self._rules or column.heading in told)
        }
        self._with_sense = [each for each in self._seen.values() if each.sense]
        self._without = [each for each in self._seen.values() if not each.sense]

    def see(self, rows: Sequence[Row]) -> None:
        """Take some rows into account."""
        for seen in self._with_sense:
            for row in rows:
                seen.add(cell(row, seen.column), row.line)
        if smells(chain(*(cells(rows, seen.column) for seen in self._without))):
            for row in rows:
                self._smell(row)

    def _smell(self, row: Row) -> None:
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
            return ConsentReader([], {*sure, *states, *self._rules}, lists, self._answers.everyone)
        open_ = {each.column: each for each in self._seen.values() if each.speaks}
        readers = self._readers(open_)
        answered = {reader.column for reader in readers}
        asked = [each for column, each in open_.items() if column not in answered]
        said = self._answers.everyone or self._described.everyone
        refusing = filter(None, map(refusing_name, self._names))
        name = None if said else next(refusing, None)
        doubt = "" if said or self._answers.status or self._answers.meanings else self._described.doubt
        if asked or name or doubt:
            raise ConsentUnclear(self._origin, asked, name, doubt)
        everyone = None if self._answers.everyone else self._described.everyone
        spent = [each.column for each in readers if each.whole or each.column in self._rules]
        return ConsentReader(readers, spent, lists, everyone)

    def _readers(self, open_: Mapping[Column, Seen]) -> list[StatusColumn]:
        """Return the columns that were answered for, each with all that was said of it."""
        leaving = [each for each in self._seen if each.field == LEFT]
        readers = {each: StatusColumn(each, _sense(each) or STATUS) for each in [*leaving, *self._status]}
        for each, rule in self._rules.items():
            meanings = {key_of(value): standing for value, standing in rule.meanings.items()}
            readers[each] = StatusColumn(each, rule.sense, rule.whole, meanings)
        for column, value, standing in self._meanings:
            for each in [column] if column else self._holding(value, open_):
                sense = _sense(each)
                whole = sense is not None and not sense.doubtful
                reader = readers.setdefault(each, StatusColumn(each, sense or STATUS, whole))
                reader.meanings[key_of(value)] = standing
        return list(readers.values())

    def _holding(self, value: str, open_: Mapping[Column, Seen]) -> list[Column]:
        """Return the columns that a value is said of without naming one."""
        holding = [column for column, seen in open_.items() if key_of(value) in map(key_of, seen.counts)]
        found = self._status or holding or list(self._rules)
        if not found:
            raise UsageError(
                f"no column that seems to speak of consent holds {value!r}",
                next_step="Say which column is meant, as COLUMN=VALUE; the columns are: "
                + ", ".join(each.heading for each in self._columns),
            )
        return found


def _sense(column: Column) -> Sense | None:
    """Return what a column means; who has something in the one that fills `left_at` has left."""
    return sense_of(LEFT if column.field == LEFT else column.heading)


def _split(typed: str, columns: Sequence[Column]) -> tuple[Column | None, str]:
    """Return the column that COLUMN=VALUE names and the value; no column for a VALUE."""
    named = {name: column for column in columns for name in (column.field, column.heading.casefold())}
    for name in sorted(named, key=len, reverse=True):
        if typed.casefold().startswith(f"{name}="):
            return named[name], typed[len(name) + 1 :].strip()
    return None, typed
