"""A whole workspace moves from one database to another: people, ledger, journals, which ids were given."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from mailer.bootstrap import App
from mailer.errors import StorageError, UsageError
from mailer.store.address import file_at, journals_of, read_url, shown
from mailer.store.database import Database, open_database, open_upgraded
from mailer.store.files import make_folder
from mailer.store.moving import Copied, Progress, copy_all, count_rows
from mailer.store.presence import FOLDER, TURNS

Bar = Callable[[int], AbstractContextManager[Progress]]


@dataclass(frozen=True, slots=True)
class MovedDatabase:
    """From where to where, what each table holds on both sides, and how many journals went along.

    `url` is what DATABASE_URL has to say now; `***` stands for a password.
    """

    source: str
    target: str
    url: str
    tables: tuple[Copied, ...]
    journals: int


def move(app: App, url: str, bar: Bar) -> MovedDatabase:
    """Copy all that the workspace's database holds to the one at `url`, in one transaction there.

    The database that is moved stays as it is. `bar` draws how many of so many rows were written or read back.
    UsageError where there is nothing to move, something at the target, or somebody at work on either.
    """
    if not app.has_database:
        raise UsageError(
            "there is no database to move yet",
            next_step=f"Let .env say DATABASE_URL={shown(url)}: the first command makes its tables.",
        )
    _refuse_same(app, url)
    source, journals = app.database, journals_of(url, app.root)
    target = open_upgraded(url, app.root)[0]
    try:
        with app.presence.alone(), target.presence(journals).alone():
            return _moved(source, target, shown(url), app.journals, journals, bar)
    finally:
        target.dispose()


def copy_to_file(database: Database, path: Path) -> None:
    """Copy all that a database on a server holds to a new one of SQLite, as of one moment."""
    copy = open_database(f"sqlite:///{path}", path.parent)
    try:
        with database.connect() as old, copy.begin() as new:
            copy_all(old, new, lambda rows: None)  # noqa: ARG005
    finally:
        copy.dispose()


def _moved(
    source: Database, target: Database, url: str, journals: Path, new_journals: Path, bar: Bar
) -> MovedDatabase:
    # Writing is what nobody else may do at the source meanwhile; nothing is written there.
    with source.begin() as old, target.begin() as new, bar(2 * count_rows(old)) as progress:
        tables = copy_all(old, new, progress)
        number = _copy_journals(journals, new_journals)
    return MovedDatabase(source.label, target.label, url, tuple(tables), number)


def _refuse_same(app: App, url: str) -> None:
    ours, file = app.settings.database_url.get_secret_value(), file_at(url, app.root)
    same_file = file is not None and app.database_file and file.resolve() == app.database_file.resolve()
    if same_file or read_url(url) == read_url(ours):
        raise UsageError(
            "that is the database that this workspace has already",
            next_step="Name the one to move to: mailer db move URL",
        )


def _copy_journals(source: Path, target: Path) -> int:
    """Copy the journals that are kept for a restore, and those that wait to be read; return how many."""
    if source == target or not source.is_dir():
        return 0
    make_folder(target)
    try:
        leave_out = shutil.ignore_patterns(FOLDER, TURNS, ".*")
        shutil.copytree(source, target, ignore=leave_out, dirs_exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"the journals can't be copied to {target}: {error.strerror}; nothing was moved",
            next_step=f"Make {target} a folder that this user may write in.",
        ) from None
    return sum(1 for path in target.rglob("[0-9]*") if path.is_file())
