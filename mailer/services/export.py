"""People as a file: of one list, of one status, or as they were before a command changes many of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, count
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Engine

from mailer.domain.field import Value
from mailer.domain.segment.named import KeptSegment
from mailer.domain.subscriber import Status, Subscriber
from mailer.errors import UsageError
from mailer.people.directory import Directory
from mailer.people.exporting import WRITERS, FileKind, columns, refuse_too_many, rows
from mailer.private import private_folder, replacing

__all__ = ["Export", "FileKind", "export_people", "keep_before"]

TOLD = 1000  # people between two tellings of the progress

Progress = Callable[[int], AbstractContextManager[Callable[[int], None]]]


@dataclass(frozen=True, slots=True)
class Export:
    """Whom to write, and as what: those on one list, those of one status (there, or on any list), those whom
    no segment takes out.

    An export of everyone loses nobody who must not be mailed: addresses that are suppressed and no
    subscriber's are in it, too.
    """

    form: FileKind = FileKind.CSV
    list_name: str | None = None
    status: Status | None = None
    segments: tuple[KeptSegment, ...] = ()

    @property
    def of_everyone(self) -> bool:
        """Whether nobody is left out."""
        return self.list_name is None and self.status is None and not self.segments


def export_people(database: Engine, request: Export, out: BinaryIO, progress: Progress) -> int:
    """Write people to `out`, each as they are when it comes to them; return how many.

    UsageError for an unknown list, and for more than a workbook can hold.
    """
    directory = Directory(database)
    ids = directory.ids(request.list_name, request.status, request.segments)
    people, total = directory.with_ids(ids), len(ids)
    if request.of_everyone:
        people, total = chain(people, directory.shut_out()), total + directory.count_shut_out()
    if request.form is FileKind.WORKBOOK:
        refuse_too_many(total)
    with progress(total) as advance:
        counted = _Counted(people, advance)
        _write(directory, request.form, out, counted)
    return counted.number


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
            _write(directory, FileKind.CSV, out, directory.with_ids(ids), untagged=[])
    except OSError as error:
        raise UsageError(
            f"{path}, as they are before the change, can't be written: {error.strerror}; nothing was changed",
            next_step="Make room there, or let this user write in that folder.",
        ) from None
    return path


def _write(
    directory: Directory,
    form: FileKind,
    out: BinaryIO,
    people: Iterable[Subscriber],
    *,
    untagged: Value | None = None,
) -> None:
    free = directory.field_names()
    WRITERS[form](out, columns(free), rows(people, free, untagged=untagged))


class _Counted(Iterable[Subscriber]):
    """People, counted as they go by; now and then the count is told."""

    def __init__(self, people: Iterable[Subscriber], tell: Callable[[int], None]) -> None:
        self._people, self._tell = people, tell
        self.number = 0

    def __iter__(self) -> Iterator[Subscriber]:
        for each in self._people:
            yield each
            self.number += 1
            if self.number % TOLD == 0:
                self._tell(TOLD)
        self._tell(self.number % TOLD)
