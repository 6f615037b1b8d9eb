"""The text of an issue file, whatever program saved it."""

from __future__ import annotations

import re

from mailer.domain.issue import IssueNotice, Notices
from mailer.errors import IssueError

MAX_BYTES = 2_000_000

# C0 and C1 controls but tab and line feed, and what XML forbids.
_UNPRINTABLE = re.compile(r"(?![\t\n])[\x00-\x1f\x7f-\x9f\ufffe\uffff]")
_BREAKS = "\v\f"


def read_text(path: str, data: bytes) -> tuple[str, list[IssueNotice]]:
    """Return the text of a file in UTF-8 (or UTF-16 with its mark), every line end a line feed.

    Controls that nobody meant are taken out, with a notice. Raise IssueError for what is no text.
    """
    if len(data) > MAX_BYTES:
        raise IssueError(path, None, f"has {len(data):,} bytes; an issue may have {MAX_BYTES:,}")
    text = _line_feeds(_decode(path, data))
    if not text.strip():
        raise IssueError(path, None, "is empty", next_step="Write the issue in it")
    notices = Notices(path)
    return _printable(path, text, notices), list(notices)


def encoding_of(data: bytes) -> str:
    """Return what a text file is encoded in, by its byte order mark."""
    return "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"


def _decode(path: str, data: bytes) -> str:
    encoding = encoding_of(data)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding == "utf-16":
            raise IssueError(
                path, None, "is neither UTF-8 nor UTF-16", next_step="Save it as UTF-8"
            ) from None
        line, column = _position(_line_feeds(data[: error.start].decode(encoding, "replace")))
        raise IssueError(
            path,
            line,
            f"column {column} is not UTF-8 (byte 0x{data[error.start]:02x})",
            next_step="Save it as UTF-8",
        ) from None


def _line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _position(before: str) -> tuple[int, int]:
    """Return the line and column (from 1, in characters) of what follows `before`."""
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def _printable(path: str, text: str, notices: Notices) -> str:
    """Return `text` without its control characters; raise IssueError for NUL, which no text has.

    Those from 0x80 on are what Windows-1252 has there, as browsers read them too (Encoding standard, 4.2).
    """

    def read(found: re.Match[str]) -> str:
        line, shown = text.count("\n", 0, found.start()) + 1, _meant(found.group())
        code = f"the control character U+{ord(found.group()):04X}"
        if found.group() == "\0":
            raise IssueError(path, line, f"holds {code}, so it is no text file")
        if shown.strip():
            notices.add(line, f"{code} was read as {shown}, which it is in Windows-1252")
        else:
            notices.add(line, f"{code} was taken out")
        return shown

    return _UNPRINTABLE.sub(read, text)


def _meant(control: str) -> str:
    if control in _BREAKS:
        return " "
    if "\x80" <= control <= "\x9f":
        return control.encode("latin-1").decode("cp1252", "ignore")
    return ""
