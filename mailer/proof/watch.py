"""Whether files have changed: asked a few times a second, which needs no service of the system."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from stat import S_ISDIR

LIMIT = 5000  # files looked at below one folder; the nearest come first


def mark(places: Iterable[Path]) -> str:
    """Return a text that is another one once a file in `places` is: made, saved, moved or deleted.

    Each place is a file, or a folder with all that is in it except what is hidden.
    """
    seen = blake2b(digest_size=12)
    for place in places:
        for path, saved, size in islice(_files(place), LIMIT):
            seen.update(f"{path}\0{saved}\0{size}\0".encode("utf-8", "surrogateescape"))
    return seen.hexdigest()


def _files(place: Path) -> Iterator[tuple[str, int, int]]:
    places, entered = deque([place]), set()
    while places:
        path = places.popleft()
        # It may be gone meanwhile, or not be ours to read.
        with suppress(OSError):
            status = path.stat()
            if not S_ISDIR(status.st_mode):
                yield str(path), status.st_mtime_ns, status.st_size
            elif (folder := (status.st_dev, status.st_ino)) not in entered:
                entered.add(folder)  # links may lead round in a circle
                places += sorted(each for each in path.iterdir() if not each.name.startswith("."))
