"""Reads from each row how the person stands: in the second reading, once all columns are understood."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from mailer.domain.fold import fold
from mailer.domain.standing import Sense, Standing, parts, refusing_word, strictest
from mailer.domain.subscriber import Status
from mailer.errors import UsageError
from mailer.people.importing.columns import Column, cell
from mailer.people.importing.sources.row_file import Row


class Stance(NamedTuple):
    """What a row says of a person: how they stand on each of the import's lists (None: not on it), why they
    are never mailed, and until when they pause each of the lists.
    """

    statuses: tuple[Status | None, ...]
    suppressed: str | None = None
    pauses: tuple[datetime | None, ...] = ()

    @property
    def left(self) -> bool:
        """Whether it tells that they left a list, or are never mailed."""
        return self.suppressed is not None or Status.UNSUBSCRIBED in self.statuses

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


@dataclass(slots=True)
class StatusColumn:
    """A column that says how people stand. If `whole`, each of its values must be understood."""

    column: Column
    sense: Sense
    whole: bool = True
    meanings: dict[str, Standing] = field(default_factory=dict)

    def read(self, text: str) -> Standing | None:
        """Return what a cell says, Unclear if that can't be told, None if it isn't about consent."""
        if meant := self.meanings.get(key_of(text)):
            return meant
        if not self.whole:
            items = [text, *parts(text)]
            said = [self.meanings.get(key_of(item)) or refusing_word(item) for item in items if item]
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
    """Reads from each row how the person stands; `columns` are not fields, as all that they say is in it.

    `agreed` is what it returns for whoever is to be mailed, so that others need not ask.
    """

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
        self.agreed = Stance((Status.SUBSCRIBED,) * len(lists))
        self._readers = readers
        self._everyone = [everyone] if everyone else []

    def said(self, row: Row) -> Stance:
        """Return what the row says; Unclear if a column doesn't tell and no other refuses."""
        if not (self._readers or self._everyone):
            return self.agreed
        standings, unclear = list(self._everyone), None
        for reader in self._readers:
            try:
                if standing := reader.read(cell(row, reader.column)):
                    standings.append(standing)
            except Unclear as error:
                unclear = unclear or error
        status = max((each.status for each in standings), key=list(Status).index, default=Status.SUBSCRIBED)
        found = Stance((status,) * len(self.lists), strictest(standings).suppression)
        if unclear and not found.refuses:
            raise unclear
        return found if found.refuses else self.agreed


def key_of(text: str) -> str:
    """Return what two values that are the same have in common; of one without letters that is all of it."""
    return fold(text) or text.strip()
