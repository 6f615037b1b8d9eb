"""Files beside an issue: found by the path that its author wrote, and never outside of the folder."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from stat import S_ISDIR, S_ISREG
from typing import NamedTuple
from urllib.parse import unquote

from mailer.domain.address import CONTROLS
from mailer.message.mime.enclosure import UnfitFile, megabytes

_PUT_BESIDE = "Put the file beside the issue, or into a folder there, and write its path from there"


class Companion(NamedTuple):
    """A file without symlinks in its path, and the `name` that the author calls it by."""

    file: Path
    name: str


def find_beside(folder: Path, typed: str) -> Companion:
    """Return the file in `folder` that `typed` means.

    `typed` is a relative path with forward slashes, as it is or percent-encoded, its letters composed or not.
    Raises Unfit for one that is absolute, leads out of `folder`, or isn't a file.
    """
    _refuse_other_paths(typed)
    home = folder.resolve()
    for spelling in _spellings(typed):
        try:
            file = (home / spelling).resolve()
            if not file.is_relative_to(home):
                raise UnfitFile(f"leads out of the issue's folder {folder}", _PUT_BESIDE)
            mode = file.stat().st_mode
        except (OSError, RuntimeError):  # it isn't there; its name is too long; a circle of symlinks
            continue
        if S_ISDIR(mode):
            raise UnfitFile("is a folder", "Name a file in it")
        if not S_ISREG(mode):
            raise UnfitFile("is no ordinary file", _PUT_BESIDE)
        return Companion(file, unicodedata.normalize("NFC", PurePosixPath(spelling).name))
    raise UnfitFile(f"does not exist in {folder}", _near(home, typed) or _PUT_BESIDE)


def read_file(file: Path, most: int, advice: str) -> bytes:
    """Return what a file holds; raises Unfit, with the `advice`, if that is more than `most` octets."""
    try:
        octets = file.stat().st_size
        if octets > most:
            raise UnfitFile(f"has {megabytes(octets)}; it may have {megabytes(most)}", advice)
        with file.open("rb") as opened:
            content = opened.read(most + 1)
    except OSError as error:
        raise UnfitFile(f"can't be read: {error.strerror}", "See that this user may read the file") from None
    if not content:
        raise UnfitFile("is an empty file", "Save it again, or take it out of the issue")
    return content


def _refuse_other_paths(typed: str) -> None:
    path = unquote(typed)
    if CONTROLS.search(path):
        raise UnfitFile("has a control character in it", "Give the file a plain name")
    if "\\" in path:
        raise UnfitFile(
            "has backslashes in it", f"Write it with forward slashes: {path.replace(chr(92), '/')}"
        )
    if path.startswith(("/", "~")):
        raise UnfitFile("is an absolute path, which means another file on each machine", _PUT_BESIDE)


def _spellings(typed: str) -> Iterator[str]:
    """Yield what may be meant, likeliest first. File systems differ in whether they compose accents."""
    plain = typed.partition("?")[0].partition("#")[0]
    for path in dict.fromkeys([unquote(typed), typed, unquote(plain), plain]):
        yield from dict.fromkeys([path, *(unicodedata.normalize(form, path) for form in ("NFC", "NFD"))])


def _near(home: Path, typed: str) -> str:
    """Return a hint at a file of nearly that name."""
    wanted = Path(unquote(typed))
    try:
        found = {each.name.casefold(): each.name for each in (home / wanted.parent).iterdir()}
    except OSError:
        return ""
    near = get_close_matches(wanted.name.casefold(), found, n=1, cutoff=0.75)
    return f"Did you mean {(wanted.parent / found[near[0]]).as_posix()}?" if near else ""
