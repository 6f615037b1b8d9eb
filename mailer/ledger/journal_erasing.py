"""Journals forget somebody: what a server said of their mail is shortened, each line sealed anew."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from mailer.ledger.journal import KEPT, sealed
from mailer.private import replacing

Clearing = Callable[[str], str]


def files(journals: Path) -> list[Path]:
    """Return the journals in a folder, those that wait to be read and those that are kept."""
    return [*sorted(journals.glob("[0-9]*")), *sorted((journals / KEPT).glob("[0-9]*"))]


def forget(path: Path, ids: Collection[int], clear: Clearing, shorten: Clearing) -> bool | None:
    """Rewrite a journal; return whether there was anything to forget, None if a living worker writes it.

    `clear` takes the addresses out of a text, `shorten` all but the code out of a server's words.
    """
    with _alone(path) as alone:
        if not path.exists():  # another process put it away while we came
            return False
        before = path.read_bytes()
        after = b"".join(_line(line, ids, clear, shorten) for line in before.splitlines(keepends=True))
        if after == before:
            return False
        if not alone:
            return None
        with replacing(path) as out:
            out.write(after)
        return True


@contextmanager
def _alone(path: Path) -> Iterator[bool]:
    file = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(file)


def _line(line: bytes, ids: Collection[int], clear: Clearing, shorten: Clearing) -> bytes:
    """Return a line without them; what isn't whole keeps its length, and stays unreadable."""
    text = line.decode("utf-8", "surrogateescape")
    record, _, _ = text.rstrip("\n").rpartition(" ")
    start, quote, words = record.partition(' "')
    if not (record.startswith("s ") and quote and line.endswith(b"\n") and sealed(record) == line):
        return clear(text).encode("utf-8", "surrogateescape")
    said = json.loads(f'"{words}')
    theirs = int(start.split(" ")[1]) in ids
    told = clear(shorten(said) if theirs else said)
    return line if told == said else sealed(f"{start} {json.dumps(told)}")
