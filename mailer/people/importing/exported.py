"""What `mailer subscribers export` wrote of how people stand, read back."""

from __future__ import annotations

from collections.abc import Sequence

from mailer.domain.spreadsheet import STATES, SUPPRESSIONS, read_lists
from mailer.domain.subscriber import Status
from mailer.errors import UsageError
from mailer.people.importing.columns import Column, cell
from mailer.people.importing.said import Stance, Unclear
from mailer.people.importing.sources.row_file import Row


class ExportWatch:
    """Notes in the first reading which lists the file names."""

    def __init__(self, columns: Sequence[Column]) -> None:
        by_field = {column.field: column for column in columns}
        self._columns = tuple(by_field[name] for name in STATES)
        self._lists: set[str] = set()

    def see(self, rows: Sequence[Row]) -> None:
        """Take some rows into account."""
        for text in {cell(row, self._columns[0]) for row in rows}:
            if found := read_lists(text):
                self._lists |= found[0].keys()

    def understood(self, lists: tuple[str, ...]) -> ExportReader:
        """Return what reads each row for an import to these lists, or to all that the file names.

        UsageError for a list on which the file has nobody: nobody would come to be on it.
        """
        for name in lists:
            if name not in self._lists:
                there = ", ".join(sorted(self._lists)) or "none"
                raise UsageError(
                    f"the file says itself who is on which list, and it has nobody on {name}",
                    next_step=f"Leave out --list {name}; the file's lists are: {there}",
                )
        return ExportReader(self._columns, lists or tuple(sorted(self._lists)))


class ExportReader:
    """Reads from each row on which lists a person is, how, and why they are never mailed."""

    def __init__(self, columns: tuple[Column, ...], lists: tuple[str, ...]) -> None:
        self.columns = columns
        self.lists = lists
        self.agreed = Stance((Status.SUBSCRIBED,) * len(lists))

    def said(self, row: Row) -> Stance:
        """Return what the row says; Unclear if it isn't what this program writes."""
        on_text, suppressed = (cell(row, column) for column in self.columns)
        found = read_lists(on_text)
        if found is None:
            raise Unclear(on_text, "lists: write it like: daily (unsubscribed), weekly")
        if suppressed and suppressed not in SUPPRESSIONS:
            raise Unclear(suppressed, f"suppressed: there is {', '.join(sorted(SUPPRESSIONS))}")
        on, paused = found
        return Stance(
            tuple(on.get(name) for name in self.lists),
            suppressed or None,
            tuple(paused.get(name) for name in self.lists),
        )
