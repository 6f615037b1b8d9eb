"""Whom other programs no longer mail is taken in from their files, and ours is given out in theirs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Engine

from mailer.domain.address import CONTROLS, AddressError
from mailer.domain.consent import Source
from mailer.domain.spreadsheet import REJECTS, csv_line
from mailer.domain.suppression import Kind, Reason, Suppression, read_who
from mailer.domain.suppression_files import (
    BY_NAME,
    FILES,
    OURS,
    SOFT,
    UPLOADS,
    SuppressionFile,
    fitting,
    joined,
    read_since,
)
from mailer.errors import PlanRefused, UsageError
from mailer.people.importing.suppression_rows import SuppressionRow, SuppressionTable, suppression_table
from mailer.people.suppression_list import add, entries
from mailer.private import replacing

BATCH = 1000  # rows in a transaction
KEPT = 1000  # rejects in the report
NOTE = 200  # characters of what a file says of somebody


@dataclass(frozen=True, slots=True)
class SuppressionImport:
    """Which file to take in, as what (a name of `domain.suppression_files`), or all in it for one `reason`.

    `rejects` is the file to write rows to that aren't taken in.
    """

    path: Path
    source: Source
    form: str | None = None
    reason: Reason | None = None
    dry_run: bool = False
    rejects: Path | None = None


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that isn't taken in, and why."""

    record: SuppressionRow
    value: str
    reason: str


@dataclass(slots=True)
class SuppressionReport:
    """What an import did, or in a dry run would do: `added` by reason, the others as numbers of rows.

    `soft` are those who were only put off, or refused one message: they may be mailed.
    """

    file: SuppressionFile
    added: Counter[str] = field(default_factory=Counter)
    known: int = 0
    soft: int = 0
    rejected: int = 0
    rejects: list[BadRow] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """How many rows have been dealt with."""
        return sum(self.added.values()) + self.known + self.soft + self.rejected


def import_suppressions(database: Engine, request: SuppressionImport, now: datetime) -> SuppressionReport:
    """Take in a file; a dry run does the same and rolls each batch back.

    What is wrong with one row stops no other. UsageError for a file that can't be read, PlanRefused for one
    that doesn't say why its people are not to be mailed: then nothing was written.
    """
    with suppression_table(request.path) as table:
        report = SuppressionReport(_recognised(request, table))
        with _rejects_file(request, table) as rejects:
            while batch := list(islice(table.records, BATCH)):
                _take_in(database, request, report, batch, rejects, now)
    return report


def _take_in(
    database: Engine,
    request: SuppressionImport,
    report: SuppressionReport,
    batch: list[SuppressionRow],
    rejects: BinaryIO | None,
    now: datetime,
) -> None:
    read = [_read(report.file, record, request.source, now) for record in batch]
    _count(report, read, rejects)
    wanted = [each for each in read if isinstance(each, Suppression)]
    with database.begin() as connection:
        new = add(connection, wanted, request.source, now)
        if request.dry_run:
            connection.rollback()
    named = {each.who for each in wanted}  # new are also those who had such an address before
    added = [each.reason for each in new if each.who in named]
    report.added.update(added)
    report.known += len(wanted) - len(added)


def _recognised(request: SuppressionImport, table: SuppressionTable) -> SuppressionFile:
    headings = [joined(heading) for heading in table.headings]
    fit = [BY_NAME[request.form]] if request.form else fitting(headings, request.path)
    found = fit[0] if len(fit) == 1 else None
    if request.reason is not None:
        address = found.address if found else table.address
        if address is None or address not in headings:
            raise UsageError(
                f"{request.path} has no column, or several, that would be the one of the addresses",
                next_step="Head that column email, or leave only that one in the file.",
            )
        since = found.since if found else ""
        return SuppressionFile("plain", "a column of addresses", address, reason=request.reason, since=since)
    if found is None or found.address not in headings:
        raise _unclear(request, table, fit)
    if found.refused:
        raise PlanRefused(
            f"{request.path} looks like {found.says}: {found.refused}; nothing was taken in",
            next_step=f"If they are not to be mailed all the same: --as {Reason.BLOCKED}",
        )
    return found


def _unclear(request: SuppressionImport, table: SuppressionTable, fit: list[SuppressionFile]) -> PlanRefused:
    perhaps = fit if len(fit) > 1 else [each for each in FILES if not each.refused]
    names = ", ".join(each.name for each in perhaps)
    reasons = ", ".join(reason for reason in Reason if reason is not Reason.ERASED)
    return PlanRefused(
        f"{request.path} doesn't say in a way that is known here why its people are not to be mailed; "
        f"nothing was taken in. Its columns: {', '.join(table.headings)}",
        next_step=f"Say what it is (--format with one of {names}) or why (--as with one of {reasons})",
    )


def _read(
    file: SuppressionFile, record: SuppressionRow, source: Source, now: datetime
) -> Suppression | BadRow | None:
    """Return what a row says; None for somebody who may be mailed all the same."""
    typed = record.cells.get(file.address, "")
    if record.fault:
        return BadRow(record, "".join(record.raw), record.fault)
    if file is OURS and typed.startswith(Kind.ERASED):
        return BadRow(record, typed, "the hash of an erased address means nothing in another database")
    try:
        who = read_who(typed)
    except AddressError as error:
        return BadRow(record, typed, f"neither an address nor a domain: {error}")
    meaning = file.means(record.cells)
    if meaning is None:
        said = " ".join(record.cells.get(column, "") for column in file.why).strip()
        return BadRow(record, typed, f"{said!r} is no reason that is known here")
    if meaning == SOFT:
        return None
    since = read_since(record.cells.get(file.since, "")) if file.since else None
    return Suppression(who, meaning, _note(file, record, source), min(since or now, now))


def _note(file: SuppressionFile, record: SuppressionRow, source: Source) -> str:
    said = [text for column in file.notes if (text := record.cells.get(column, ""))]
    told = CONTROLS.sub(" ", " ".join(said))[:NOTE]
    if file is OURS:  # who said it first is in it
        return told
    return f"{source}: {told}" if told else str(source)


def _count(
    report: SuppressionReport, read: list[Suppression | BadRow | None], rejects: BinaryIO | None
) -> None:
    for each in read:
        report.soft += each is None
        if isinstance(each, BadRow):
            report.rejected += 1
            if len(report.rejects) < KEPT:
                report.rejects.append(each)
            if rejects:
                rejects.write(csv_line((each.record.line, each.reason, *each.record.raw)).encode())


@contextmanager
def _rejects_file(request: SuppressionImport, table: SuppressionTable) -> Iterator[BinaryIO | None]:
    if request.rejects is None:
        yield None
        return
    if request.rejects.exists() and request.rejects.samefile(request.path):
        raise UsageError(f"--rejects {request.rejects} is the file to import; name another one")
    try:
        with replacing(request.rejects) as out:
            out.write(csv_line((*REJECTS, *table.headings)).encode())
            yield out
    except OSError as error:
        raise UsageError(f"--rejects {request.rejects} can't be written: {error.strerror}") from None


@dataclass(frozen=True, slots=True)
class Given:
    """How many were written, and how many a provider would not take: domains, and hashes of erased ones."""

    written: int
    left_out: int


def export_suppressions(database: Engine, form: str, out: BinaryIO, reason: Reason | None = None) -> Given:
    """Write who is never mailed, in one of the formats UPLOADS; only those of one reason, if it is given.

    Hashes mean nothing elsewhere, and no provider takes domains.
    """
    upload, written, left_out = UPLOADS[form], 0, 0
    if upload.headings:
        out.write(csv_line(upload.headings).encode())
    for each in entries(database, reason):
        theirs = "@" in each.who and (form == OURS.name or not each.who.startswith(Kind.DOMAIN))
        if theirs:
            out.write(csv_line(upload.row(each), guarded=form == OURS.name).encode())
        written += theirs
        left_out += not theirs
    return Given(written, left_out)
