"""The text of an issue file, whatever program saved it."""

from __future__ import annotations

import re

from mailer.domain.issue import Notice
from mailer.errors import IssueError

MAX_BYTES = 2_000_000

# C0 and C1 controls but tab and line feed, and what XML forbids: no mail program shows them.
_UNPRINTABLE = re.compile(r"(?![\t\n])[\x00-\x1f\x7f-\x9f\ufffe\uffff]")
_BREAKS = {"\x0b": "\n", "\x0c": "\n", "\x85": "\n"}


def read_text(path: str, data: bytes) -> tuple[str, list[Notice]]:
    """Return the text of a file in UTF-8 (or UTF-16 with its mark), every line end a line feed.

    Controls that nobody meant are taken out, with a notice. Raise IssueError for what is no text.
    """
    if len(data) > MAX_BYTES:
        raise IssueError(path, None, f"has {len(data):,} bytes; an issue may have {MAX_BYTES:,}")
    text = _line_feeds(_decode(path, data))
    if not text.strip():
        raise IssueError(path, None, "is empty", next_step="Write the issue in it")
    if (found := text.find("\0")) >= 0:
        line, column = _position(text[:found])
        raise IssueError(
            path, line, f"column {column} holds U+0000: this is no text", next_step="Take it out"
        )
    return _without_controls(path, text)


def _decode(path: str, data: bytes) -> str:
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
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


def _without_controls(path: str, text: str) -> tuple[str, list[Notice]]:
    found = _UNPRINTABLE.search(text)
    if not found:
        return text, []
    line, column = _position(text[: found.start()])
    count = len(_UNPRINTABLE.findall(text))
    more = f", and {count - 1} more" if count > 1 else ""
    said = f"column {column} holds the control character U+{ord(found.group()):04X}{more}; it is taken out"
    return _UNPRINTABLE.sub(_meant, text), [Notice(path, line, said)]


def _meant(found: re.Match[str]) -> str:
    """Return what a control stands for: a line end, or what Windows-1252 has in its place."""
    control = found.group()
    if control in _BREAKS:
        return _BREAKS[control]
    meant = bytes([ord(control)]).decode("cp1252", "ignore") if "\x80" <= control <= "\x9f" else ""
    return "" if _UNPRINTABLE.match(meant) else meant


def _line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _position(before: str) -> tuple[int, int]:
    """Return the line and column (from 1, in characters) of what follows `before`."""
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
