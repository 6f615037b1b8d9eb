"""The archive as a static site: a folder that any web server can show."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp
from urllib.parse import unquote

from mailer.errors import UsageError
from mailer.web.archive.site import HTML, ArchivePage, ArchiveSite

MARK = ".mailer-archive"  # in a folder that was made here, and so may be taken away
INDEX = "index.html"


def build(site: ArchiveSite, folder: Path) -> int:
    """Write every page of `site` into `folder`, in the place of the archive that is there; return how many.

    The folder is exchanged once all is written. UsageError if something else is in it.
    """
    if folder.exists() and not (folder / MARK).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(
            f"{folder} has something else in it than an archive that was built before",
            next_step="Name a folder that is not there yet.",
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = Path(mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        number = 0
        for path, page in _pages(site):
            file = new / unquote(path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(page.content)
            number += page.media_type == HTML
        (new / MARK).touch()
        new.chmod(0o755)
        _exchange(new, folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return number


def _pages(site: ArchiveSite) -> Iterator[tuple[str, ArchivePage]]:
    for path in site.paths():
        page = site.page(path)
        if page is None:
            continue
        if page.media_type != HTML:
            yield path, page
            continue
        yield f"{path}{INDEX}", page
        yield from site.images(path).items()


def _exchange(new: Path, folder: Path) -> None:
    old = Path(mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        if folder.exists():
            folder.rename(old / "old")
        new.rename(folder)
    finally:
        shutil.rmtree(old, ignore_errors=True)
