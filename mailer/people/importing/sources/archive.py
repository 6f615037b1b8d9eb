"""Zip archives of files of people, as Mailchimp hands out an audience. Nothing of one is written to disk."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from mailer.domain.address import CONTROLS
from mailer.errors import UsageError
from mailer.people.importing.sources.origin import FileOrigin

LARGEST = 4 * 1024**3  # octets of all that is unpacked
MOST = 1000  # files
BOMB = 200  # times as large as packed; a list of people shrinks to a tenth
SMALL = 64 * 1024**2  # octets at which nobody asks how often
TEXTS = re.compile(r"[^/]*\.(?:csv|tsv|txt|json|jsonl|ndjson|vcf|ldif)", re.IGNORECASE)


def members(origin: FileOrigin) -> list[FileOrigin]:
    """Return the files in the archive that may hold people; UsageError if it is none, or would do harm."""
    try:
        with zipfile.ZipFile(origin.path) as archive:
            found = [each for each in archive.infolist() if each.file_size]
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise UsageError(f"{origin} can't be read as a zip archive: {error}") from None
    unpacked = sum(each.file_size for each in found)
    packed = sum(each.compress_size for each in found)
    if len(found) > MOST or unpacked > LARGEST or unpacked > max(SMALL, packed * BOMB):
        raise UsageError(
            f"{origin} unpacks to {unpacked / 1024**2:,.0f} MB in {len(found):,} files: no list of people",
            next_step="Unpack it yourself, and import the files you mean.",
        )
    if any(each.flag_bits & 1 for each in found):
        raise UsageError(f"{origin} is locked with a password", next_step="Unpack it, and import its files.")
    names = [each.filename for each in found if TEXTS.fullmatch(each.filename.rpartition("/")[2])]
    return [FileOrigin(origin.path, name, origin.name) for name in names if not _is_odd(name)]


def _is_odd(name: str) -> bool:
    """Whether a name is no file's of anybody's: what computers leave there, or what moves a cursor."""
    parts = Path(name).parts
    return bool(CONTROLS.search(name)) or parts[0] == "__MACOSX" or parts[-1].startswith(".")
