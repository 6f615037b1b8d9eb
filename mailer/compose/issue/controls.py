"""Control characters in an issue file: what no mail program shows, and how it is read instead."""

from __future__ import annotations

import re

from mailer.compose.notices import Notices
from mailer.errors import IssueError

# C0 and C1 controls but tab and line feed, and what XML forbids.
_UNPRINTABLE = re.compile(r"(?![\t\n])[\x00-\x1f\x7f-\x9f\ufffe\uffff]")
_BREAKS = "\v\f"


def printable(path: str, text: str, notices: Notices) -> str:
    """Return `text` without its control characters; raise IssueError for NUL, which no text has.

    Those from 0x80 on are what Windows-1252 has there, as browsers read them too (Encoding standard, 4.2).
    """

    def read(found: re.Match[str]) -> str:
        line, shown = text.count("\n", 0, found.start()) + 1, _read(found.group())
        code = f"the control character U+{ord(found.group()):04X}"
        if found.group() == "\0":
            raise IssueError(path, line, f"holds {code}, so it is no text file")
        if shown.strip():
            notices.add(line, f"{code} was read as {shown}, which it is in Windows-1252")
        else:
            notices.add(line, f"{code} was taken out")
        return shown

    return _UNPRINTABLE.sub(read, text)


def _read(control: str) -> str:
    if control in _BREAKS:
        return " "
    if "\x80" <= control <= "\x9f":
        return control.encode("latin-1").decode("cp1252", "ignore")
    return ""
