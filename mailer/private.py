"""Files and folders for their owner alone (0600, 0700), under any umask: they hold mail and addresses."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_ISREG
from tempfile import mkstemp
from typing import BinaryIO

FILE = 0o600
FOLDER = 0o700
OTHERS = 0o077


def private_folder(folder: Path) -> None:
    """Make `folder` and those above it that are missing; keep what is there. OSError if it can't be."""
    if folder.is_dir():
        return
    private_folder(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir(mode=FOLDER)
        folder.chmod(FOLDER)


def private_file(path: Path) -> None:
    """Make an empty file at `path`; keep what is there. OSError if it can't be."""
    with suppress(FileExistsError):
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, FILE)
        os.fchmod(descriptor, FILE)
        os.close(descriptor)


def write_private(path: Path, content: bytes) -> None:
    """Write `content` to `path`, in the place of what is there. OSError if it can't be.

    A file that others may read is taken from them before anything is in it.
    """
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, FILE)
    with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor, not a path
        # A pipe or a terminal (/dev/stdout) is not ours to close to others.
        if S_ISREG(os.fstat(descriptor).st_mode):
            os.fchmod(descriptor, FILE)
            os.ftruncate(descriptor, 0)
        file.write(content)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Yield a file that has the name `path` once the block is done: whole, in the place of what is there.

    If the block fails all stays as it was. OSError if it can't be written.
    """
    if path.exists() and not path.is_file():  # a pipe or a terminal (/dev/stdout)
        with path.open("wb") as file:
            yield file
        return
    path = path.resolve()  # a link to it stays one
    descriptor, name = mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor, not a path
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink()
        raise


def open_to_others(folder: Path) -> bool:
    """Whether others than the owner may look into `folder`, and so see what its files are called."""
    return bool(folder.stat().st_mode & OTHERS)
