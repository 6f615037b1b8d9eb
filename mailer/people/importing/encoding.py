"""In which encoding a file of people is written: UTF-8, or what spreadsheets call Unicode text, UTF-16."""

from __future__ import annotations

import shlex
from pathlib import Path

from mailer.errors import UsageError

UTF8 = "utf-8-sig"
LOOKED_AT = 4096  # octets

# The octets that files begin with. UTF-32's mark begins with UTF-16's, so it comes first.
MARKS = (
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
OTHERS = {
    b"PK\x03\x04": "a spreadsheet (.xlsx, .ods) or another zip archive",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet (.xls)",
    b"\x1f\x8b": "compressed (gzip)",
    b"%PDF": "a PDF",
    b"SQLite format 3": "a database",
}


def encoding_of(path: Path) -> str:
    """Return the encoding as Python names it; UsageError if the file can't be read or is no text."""
    try:
        with path.open("rb") as file:
            head = file.read(LOOKED_AT)
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}") from None
    for magic, what in OTHERS.items():
        if head.startswith(magic):
            raise UsageError(f"{path} is {what}, not CSV", next_step="Save or export it as 'CSV UTF-8'.")
    return next((name for mark, name in MARKS if head.startswith(mark)), None) or _unmarked(head)


def _unmarked(head: bytes) -> str:
    """Tell UTF-16 without a mark: every other octet of mostly Latin text is zero there."""
    half = len(head) // 2
    zeros = {"utf-16-be": head[0::2].count(0), "utf-16-le": head[1::2].count(0)}
    likely = max(zeros, key=lambda name: zeros[name])
    return likely if half and zeros[likely] > half / 2 > 4 * min(zeros.values()) else UTF8


def undecodable(path: Path, encoding: str) -> UsageError:
    """Return the error for a file that is not written in `encoding` to its end."""
    if encoding != UTF8:
        return UsageError(
            f"{path} begins as {encoding.upper()} and can't be read to its end in it",
            next_step="Save it as 'CSV UTF-8'.",
        )
    converted = path.with_name(f"{path.stem}-utf8{path.suffix}")
    command = f"iconv -f WINDOWS-1252 -t UTF-8 {shlex.quote(str(path))} > {shlex.quote(str(converted))}"
    return UsageError(
        f"{path}:{_undecodable_line(path)}: the file is not written in UTF-8",
        next_step=f"Save it as 'CSV UTF-8'; or, if it comes from Windows in western Europe: {command}",
    )


def _undecodable_line(path: Path) -> int:
    with path.open(encoding=UTF8, errors="surrogateescape", newline="") as text:
        escaped = (n for n, line in enumerate(text, 1) if any("\udc80" <= char <= "\udcff" for char in line))
        return next(escaped, 1)
