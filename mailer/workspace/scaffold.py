"""Make a workspace: settings with a key of its own, a sample issue and list, and the folders around them."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mailer.errors import UsageError
from mailer.workspace.bundled import sample, templates_folder

SECRET_OCTETS = 32
PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
OPEN_FILE = 0o644
OPEN_FOLDER = 0o755

# Other people's addresses and the provider's password must not reach a repository.
GITIGNORE = """\
.env
/subscribers/*
!/subscribers/README.md
!/subscribers/example.csv
/returned/
"""


@dataclass(frozen=True, slots=True)
class Made:
    """One file of a workspace, relative to it; `kept` when it was there before and was left alone."""

    path: Path
    kept: bool


def make_workspace(root: Path) -> list[Made]:
    """Fill `root` with what a workspace needs and is not there yet; nothing that exists is changed."""
    root = root.absolute()
    try:
        _make_folder(root, OPEN_FOLDER)
        _make_folder(root / "issues", OPEN_FOLDER)
        _make_folder(root / "templates", OPEN_FOLDER)
        _make_folder(root / "subscribers", PRIVATE_FOLDER)
        return [Made(path, not write_new(root / path, text, mode)) for path, text, mode in _files()]
    except OSError as error:
        raise UsageError(
            f"can't make a workspace at {root}: {error.filename or root}: {error.strerror}",
            next_step="Name a folder that you may write to: mailer init DIR",
        ) from None


def _files() -> Iterator[tuple[Path, str, int]]:
    yield Path(".env"), environment(), PRIVATE_FILE
    yield Path(".gitignore"), GITIGNORE, OPEN_FILE
    # Dated as in the sample itself, so that a workspace and a checkout hold the same file.
    yield Path("issues/2026-11-22-harbour.md"), _text(sample("harbour.md")), OPEN_FILE
    yield Path("templates/README.md"), _text(templates_folder() / "README.md"), OPEN_FILE
    yield Path("subscribers/README.md"), _text(sample("subscribers.md")), PRIVATE_FILE
    yield Path("subscribers/example.csv"), _text(sample("example.csv")), PRIVATE_FILE


def environment() -> str:
    """The text of a new `.env`: every setting at its default, and a key that nobody else has."""
    lines = _text(sample("env.example")).splitlines(keepends=True)
    key = f"SECRET_KEY={secrets.token_urlsafe(SECRET_OCTETS)}\n"
    return "".join(key if line.startswith("SECRET_KEY=") else line for line in lines)


def unprotected(root: Path, *patterns: str) -> bool:
    """Whether a `.gitignore` that was there before lets `.env`, or what has other `patterns`, be taken in."""
    lines = (root / ".gitignore").read_text(encoding="utf-8", errors="replace").split()
    return set(patterns or (".env", "/.env", ".env*", "*.env")).isdisjoint(lines)


def write_new(path: Path, text: str, mode: int = OPEN_FILE) -> bool:
    """Write `text` to a file that does not exist yet; return False, and change nothing, if it does."""
    try:
        # O_EXCL also refuses a symlink, wherever it points.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        return False
    with open(handle, "w", encoding="utf-8", newline="") as file:  # noqa: PTH123 - a descriptor, not a path
        file.write(text)
    return True


def _make_folder(folder: Path, mode: int) -> None:
    if not folder.is_dir():
        folder.mkdir(mode=mode, parents=True)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
