"""Where a file of people is: a file, standard input, a member of a zip archive. Opened for each reading."""

from __future__ import annotations

import io
import lzma
import shutil
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from mailer.errors import UsageError

LONGEST_LINE = 16 * 1024 * 1024  # octets; no person needs as many
BLOCK = 256 * 1024  # octets read at once
# What reading raises: the file system, and archives that are damaged or locked.
BROKEN = (OSError, EOFError, RuntimeError, ValueError, zipfile.BadZipFile, zlib.error, lzma.LZMAError)
STANDARD_INPUT = Path("-")


@dataclass(frozen=True, slots=True)
class FileOrigin:
    """A file at `path`, or the `member` of the zip archive there; `name` is what messages call it."""

    path: Path
    member: str = ""
    name: str = ""

    def __str__(self) -> str:
        shown = self.name or str(self.path)
        return f"{shown}/{self.member}" if self.member else shown

    @property
    def file_name(self) -> str:
        """The name of the file itself, without the folder it is in."""
        return Path(self.member or self.name or self.path).name

    @property
    def stem(self) -> str:
        """The same without its ending."""
        return Path(self.file_name).stem

    @property
    def names(self) -> tuple[str, ...]:
        """What it is called: without its ending, and the folders in an archive that it is in."""
        return (*Path(self.member).parts[:-1], self.stem)

    def open(self) -> BinaryIO:
        """Return its octets from the first on; UsageError if it can't be read, or once a line has no end."""
        try:
            found = self._member() if self.member else self.path.open("rb")
        except BROKEN as error:
            raise _unreadable(self, error) from None
        return io.BufferedReader(_Lines(found, self), BLOCK)

    def head(self, size: int) -> bytes:
        """Return as many of the first octets, or all there are."""
        with self.open() as file:
            return file.read(size)

    def _member(self) -> BinaryIO:
        with zipfile.ZipFile(self.path) as archive:
            return cast("BinaryIO", archive.open(self.member))


def _unreadable(origin: FileOrigin, error: Exception) -> UsageError:
    return UsageError(f"{origin} can't be read: {getattr(error, 'strerror', None) or error}")


class _Lines(io.RawIOBase):
    """Octets of lines, none of them longer than anybody's memory."""

    def __init__(self, octets: BinaryIO, origin: FileOrigin) -> None:
        self._octets, self._origin = octets, origin
        self._since = 0  # octets since the last line end

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        try:
            block = self._octets.read(len(view))
        except BROKEN as error:
            raise _unreadable(self._origin, error) from None
        view[: len(block)] = block
        end = max(block.rfind(b"\n"), block.rfind(b"\r"))
        self._since = self._since + len(block) if end < 0 else len(block) - end
        if self._since > LONGEST_LINE:
            raise UsageError(
                f"{self._origin} has a line of more than {LONGEST_LINE // 1024**2} MB: no file of people",
                next_step="Export it anew, as CSV.",
            )
        return len(block)

    def close(self) -> None:
        self._octets.close()
        super().close()


@contextmanager
def kept(path: Path) -> Iterator[FileOrigin]:
    """Yield where the file is; `-` is standard input, kept in a file of its own until this ends."""
    if path != STANDARD_INPUT:
        yield FileOrigin(path)
        return
    with tempfile.NamedTemporaryFile(prefix="mailer-import-") as copy:  # for the owner's eyes only
        shutil.copyfileobj(sys.stdin.buffer, copy)
        copy.flush()
        yield FileOrigin(Path(copy.name), name="standard input")
