"""Messages in what a person names: a file with one, an mbox, a Maildir, a folder of files, standard input."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from mailer.errors import UsageError

STDIN = "-"
MOST = 64 * 1024 * 1024  # octets of a message: what is beyond is left out
_LINE = 1024 * 1024  # octets read at once
# How an mbox begins a message (RFC 4155 A), behind a blank line: sender, date and time.
_FROM_LINE = re.compile(rb"From \S+ .{0,60}\b\d\d:\d\d.{0,40}\b\d{4}\b")
_QUOTED = re.compile(rb">+From ")  # mboxrd


@dataclass(frozen=True, slots=True)
class ReturnedFile:
    """A message and where it is: `file` is a path, with `#3` for the third of an mbox, or `-`."""

    file: str
    octets: bytes


def read_all(names: Iterable[str]) -> Iterator[ReturnedFile]:
    """Yield every message in what is named, one after the other; UsageError for what can't be read."""
    for name in names:
        if name == STDIN:
            yield from _messages(STDIN, sys.stdin.buffer)
        else:
            for path in _files(Path(name)):
                yield from _read(path)


def is_maildir(folder: Path) -> bool:
    """Whether a folder is one that mail servers deliver to (cr.yp.to/proto/maildir.html)."""
    return (folder / "new").is_dir() and (folder / "cur").is_dir()


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder in (path / "new", path / "cur") if is_maildir(path) else (path,):
        # Names alone: there may be very many. And another reader may have put it away since.
        for name in sorted(os.listdir(folder)):  # noqa: PTH208
            if not name.startswith(".") and (folder / name).is_file():
                yield folder / name


def _read(path: Path) -> Iterator[ReturnedFile]:
    try:
        with path.open("rb") as file:
            yield from _messages(_shown(path), file)
    except OSError as error:
        raise UsageError(
            f"{_shown(path)} can't be read: {error.strerror}",
            next_step="Name a message, an mbox, a Maildir, or - for standard input.",
        ) from None


def _shown(path: Path) -> str:
    """Return a path as it can be printed: a file's name may be any octets."""
    return str(path).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _messages(name: str, file: BinaryIO) -> Iterator[ReturnedFile]:
    first = file.readline(_LINE)
    if not _FROM_LINE.match(first):
        yield ReturnedFile(name, (first + file.read(MOST - len(first)))[:MOST])
        return
    for number, octets in enumerate(_of_mbox(file), 1):
        yield ReturnedFile(f"{name}#{number}", octets)


def _of_mbox(file: BinaryIO) -> Iterator[bytes]:
    """Yield the messages of an mbox whose first line was read."""
    lines: list[bytes] = []
    size, blank = 0, False
    while line := file.readline(_LINE):
        if blank and _FROM_LINE.match(line):
            yield b"".join(lines)
            lines, size = [], 0
        elif size < MOST:
            lines.append(line[1:] if _QUOTED.match(line) else line)
            size += len(line)
        blank = not line.strip()
    yield b"".join(lines)
