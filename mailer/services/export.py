"""People as a file: of one list, of one status, or as they were before a command changes many of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain, count
from pathlib import Path

from sqlalchemy import Engine

from mailer.domain.subscriber import Status, Subscriber
from mailer.errors import UsageError
from mailer.people.directory import Directory
from mailer.people.exporting import columns, csv_lines, rows
from mailer.private import private_folder, replacing


def export_people(
    database: Engine, list_name: str | None = None, status: Status | None = None
) -> Iterator[bytes]:
    """Yield people as lines of CSV, the header first: of one list, of one status (there, or on any list).

    A file of everyone loses nobody who must not be mailed: addresses that are suppressed and no subscriber's
    are in it, too.
    """
    directory = Directory(database)
    people = directory.subscribers(list_name, status)
    if list_name is None and status is None:
        people = chain(people, directory.shut_out())
    return _csv(directory, people)


def keep_before(database: Engine, folder: Path, command: str, ids: Sequence[int], now: datetime) -> Path:
    """Write the people with these ids, as they are, to a new CSV file for the owner's eyes; return its path.

    UsageError if it can't be written: then there is nothing to go back to, and nothing should be changed.
    """
    names = chain([""], (f"-{number}" for number in count(2)))
    paths = (folder / f"before-{command}-{now:%Y%m%dT%H%M%S}{suffix}.csv" for suffix in names)
    path = next(path for path in paths if not path.exists())
    directory = Directory(database)
    try:
        private_folder(folder)
        with replacing(path) as out:
            out.writelines(_csv(directory, directory.with_ids(ids)))
    except OSError as error:
        raise UsageError(
            f"{path}, as they are before the change, can't be written: {error.strerror}; nothing was changed",
            next_step="Make room there, or let this user write in that folder.",
        ) from None
    return path


def _csv(directory: Directory, people: Iterator[Subscriber]) -> Iterator[bytes]:
    free = directory.field_names()
    return csv_lines(columns(free), rows(people, free))
