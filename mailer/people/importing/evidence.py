"""When, from where and how people agreed, and when they left, as far as a file tells: for the ledger."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address

from mailer.domain.address import CONTROLS
from mailer.domain.consent import Evidence, KeptIp, ip_as_kept
from mailer.people.importing.columns import Column, cell
from mailer.people.importing.format import Described
from mailer.people.importing.sources.row_file import Row

LONGEST = 200  # characters of a note
_ZONE = re.compile(r"(?: ?(?:UTC|GMT|Z))$")
_HOURS = re.compile(r"([+-]\d\d)$", re.ASCII)
_SECONDS = re.compile(r"1\d{9}(?:\d{3})?", re.ASCII)  # since 1970, or a thousand times as many, from 2001 on


# Fields that a column can be mapped to, whatever file it is in.
AT, IP, NOTE, LEFT = "agreed_at", "agreed_ip", "agreed_note", "left_at"
FIELDS = frozenset({AT, IP, NOTE, LEFT})


def evidence_reader(columns: Sequence[Column], described: Described, keep: KeptIp) -> EvidenceReader:
    """Return what reads the evidence in a file: by its format, and by fields that columns are mapped to."""

    def found(headings: Sequence[str], field: str) -> list[Column]:
        by_heading = {column.heading: column for column in columns}
        named = [by_heading[heading] for heading in headings if heading in by_heading]
        return [*(column for column in columns if column.field == field), *named]

    return EvidenceReader(
        found(described.at, AT),
        found(described.ip, IP),
        found(described.note, NOTE),
        found(described.left, LEFT),
        described.dates,
        keep,
    )


@dataclass(frozen=True, slots=True)
class EvidenceReader:
    """Reads evidence from rows: of each kind the first column that is filled. A moment without a zone is UTC.

    `dates` are further ways to write one, as strptime has them. What can't be read stands in the note.
    `keep` is how much of an IP address is kept.
    """

    at: Sequence[Column] = ()
    ip: Sequence[Column] = ()
    note: Sequence[Column] = ()
    left: Sequence[Column] = ()
    dates: Sequence[str] = ()
    keep: KeptIp = KeptIp.TRUNCATED

    @property
    def columns(self) -> set[Column]:
        """The columns that it reads."""
        return {*self.at, *self.ip, *self.note, *self.left}

    def of(self, row: Row, *, left: bool) -> Evidence:
        """Return what the row tells of the moment that somebody agreed, or `left`."""
        if left:
            return Evidence(read_moment(_first(row, self.left), self.dates), row.line)
        if not (self.at or self.ip or self.note):
            return Evidence(line=row.line)
        at, ip = _first(row, self.at), _first(row, self.ip)
        moment, address = read_moment(at, self.dates), _address(ip)
        unread = [text for text, known in ((at, moment), (ip, address)) if text and not known]
        note = CONTROLS.sub(" ", "; ".join(filter(None, [_first(row, self.note), *unread])))[:LONGEST]
        kept = ip_as_kept(address, self.keep) if address else None
        return Evidence(moment, row.line, kept, note=note or None)


def read_moment(text: str, dates: Sequence[str] = ()) -> datetime | None:
    """Return the moment that a cell tells; None if it is none, or may be several (03/04/2026)."""
    if _SECONDS.fullmatch(text):
        return datetime.fromtimestamp(int(text[:10]), UTC)
    plain = _HOURS.sub(r"\1:00", _ZONE.sub("", text)) if ":" in text else text
    for written in dates:
        try:
            return _zoned(datetime.strptime(plain, written))  # noqa: DTZ007
        except ValueError:
            continue
    try:
        return _zoned(datetime.fromisoformat(plain))
    except ValueError:
        return None


def _zoned(moment: datetime) -> datetime | None:
    try:
        found = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:  # years 1 and 9999
        return None
    return found if found.year >= 1970 else None


def _address(text: str) -> str | None:
    try:
        return str(ip_address(text)) if text else None
    except ValueError:
        return None


def _first(row: Row, columns: Sequence[Column]) -> str:
    return next(filter(None, (cell(row, column) for column in columns)), "")
