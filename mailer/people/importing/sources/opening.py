"""What a file of people is written in, told by what stands in it."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from mailer.errors import UsageError
from mailer.people.importing.sources.address_file import AddressFile
from mailer.people.importing.sources.archive import members
from mailer.people.importing.sources.csv_file import CsvFile
from mailer.people.importing.sources.encoding import LOOKED_AT, TextEncoding, encoding_of
from mailer.people.importing.sources.json_file import JsonFile
from mailer.people.importing.sources.keyed_file import KeyedFile
from mailer.people.importing.sources.ldif_file import LdifFile
from mailer.people.importing.sources.origin import FileOrigin, kept
from mailer.people.importing.sources.row_file import RowFile
from mailer.people.importing.sources.spreadsheet_file import SpreadsheetFile
from mailer.people.importing.sources.vcard_file import VcardFile

ZIP = b"PK\x03\x04"
OLD_SPREADSHEET = b"\xd0\xcf\x11\xe0"
# What is in a zip archive that is a spreadsheet.
SHEETS = frozenset({"xl/workbook.xml", "xl/workbook.bin", "content.xml"})
OTHERS = {b"\x1f\x8b": "compressed (gzip)", b"%PDF": "a PDF", b"SQLite format 3": "a database"}
# How what is no CSV begins.
BEGINNINGS: tuple[tuple[str, type[KeyedFile]], ...] = (
    ("[", JsonFile),
    ("{", JsonFile),
    ("begin:vcard", VcardFile),
    ("dn:", LdifFile),
    ("version:", LdifFile),
)


@contextmanager
def opened(path: Path | FileOrigin, *, sheet: str = "", encoding: str = "") -> Iterator[list[RowFile]]:
    """Yield the files of people at `path`: one, or those in an archive; `-` is standard input.

    `sheet` and `encoding` are what a person says of it. UsageError if it can't be read.
    """
    with ExitStack() as closing:
        origin = path if isinstance(path, FileOrigin) else closing.enter_context(kept(path))
        head = origin.head(LOOKED_AT)
        if head.startswith(OLD_SPREADSHEET) or (head.startswith(ZIP) and _is_spreadsheet(origin)):
            yield [SpreadsheetFile.open(origin, sheet, closing)]
            return
        if sheet:
            raise UsageError(f"{origin} is no spreadsheet: it has no sheet {sheet!r}")
        found = members(origin) if head.startswith(ZIP) else [origin]
        yield [_open_text(each, encoding_of(each, encoding)) for each in found]


def _is_spreadsheet(origin: FileOrigin) -> bool:
    try:
        with zipfile.ZipFile(origin.path) as archive:
            return not SHEETS.isdisjoint(archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return False


def _open_text(origin: FileOrigin, encoding: TextEncoding) -> RowFile:
    head = origin.head(LOOKED_AT)
    for magic, what in OTHERS.items():
        if head.startswith(magic):
            raise UsageError(f"{origin} is {what}", next_step="Save or export it as 'CSV UTF-8'.")
    text = head.decode(encoding.name, "ignore").lstrip().lower()
    kind = next((kind for beginning, kind in BEGINNINGS if text.startswith(beginning)), None)
    if kind:
        return kind.open(origin, encoding)
    if AddressFile.holds(origin, encoding):
        return AddressFile.open(origin, encoding)
    return CsvFile.open(origin, encoding)
