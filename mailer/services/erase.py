"""Somebody is erased, from every table, the journals and our own files; the accounts of sends stay true."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from shlex import quote

from sqlalchemy import Connection

from mailer.bootstrap import App
from mailer.domain.address import Address
from mailer.domain.spreadsheet import csv_line, unguard
from mailer.errors import AtWork, StorageBusy, UsageError
from mailer.ledger import journal_erasing
from mailer.ledger.leaving import cancel_open, deliveries_of
from mailer.people import erasing
from mailer.people.former import ids_of
from mailer.people.person import kept
from mailer.people.suppressing import Hashing, suppression_of
from mailer.private import replacing

CANCELLED = "the person was erased"
LARGEST = 1 << 26  # octets of a file that is looked through
LEFT_ALONE = {".git", ".venv", "node_modules"}


@dataclass(slots=True)
class Erased:
    """What was erased: rows by table, open deliveries cancelled, journals and files of ours rewritten.

    `naming` are files in the workspace that still name the person and are not ours to change.
    """

    rows: dict[str, int] = field(default_factory=dict)
    cancelled: int = 0
    journals: int = 0
    files: list[Path] = field(default_factory=list)
    naming: list[Path] = field(default_factory=list)


def erase(app: App, address: Address) -> Erased:
    """Erase whoever has this address, or had it. From the first moment on they are never mailed.

    An address of nobody is taken out of whatever names it. Done again it goes on where it was hindered:
    AtWork while a worker has a mail to them in hand or writes a journal that names them, StorageBusy while
    others read what is to be wiped.
    """
    done, ids, addresses = Erased(), *_shut_out(app, address)
    with app.database.begin() as connection:
        found = deliveries_of(connection, ids)
        done.cancelled = cancel_open(connection, found, CANCELLED, app.now())
    if any(not each.free for each in found):
        raise _in_hand(address)
    done.journals = _forget_in_journals(app, ids, addresses, address)
    with app.database.begin() as connection:
        person = kept(connection, address.key)
        if person is not None:
            done.rows = erasing.erase(connection, person.id, app.now())
        else:
            done.rows = erasing.sweep(connection, addresses)
    done.files, done.naming = _files(app, addresses)
    _wipe(app, address)
    return done


def _shut_out(app: App, address: Address) -> tuple[tuple[int, ...], set[str]]:
    """Let the person never be mailed from now on; return their ids, and all addresses that they have."""
    with app.database.begin() as connection:
        person = kept(connection, address.key)
        if person is None:
            _require_known(connection, address)
            erasing.never_again(connection, [address.key], app.now())
            return (), {address.typed, address.key, address.wire}
        addresses = erasing.addresses_of(connection, person.id)
        parsed = [Address.parse(each) for each in addresses]
        erasing.never_again(connection, {each.key for each in parsed}, app.now())
        return ids_of(connection, person.id), addresses | {each.wire for each in parsed} | {address.typed}


def _require_known(connection: Connection, address: Address) -> None:
    """Raise UsageError for an address that was never heard of: to keep a hash of it would be to learn it."""
    found = suppression_of(connection, address.key)
    if found is None or found.who not in (address.key, Hashing.made(connection).of(address.key)):
        raise UsageError(
            f"nobody here has the address {address.typed}, and nothing is kept of it",
            next_step="If it should never be mailed: "
            f"mailer suppressions add {quote(address.typed)} --reason requested",
        )


def _in_hand(address: Address) -> AtWork:
    return AtWork(
        "a worker",
        f"a worker has {address.typed} in hand or in its journal; they are never mailed again, but not "
        "erased yet",
        next_step=f"Once it is done: mailer subscribers erase {quote(address.typed)}",
    )


def _forget_in_journals(app: App, ids: Collection[int], addresses: Collection[str], address: Address) -> int:
    clear = partial(erasing.cleared_text, addresses=addresses)
    said = [
        journal_erasing.forget(path, ids, clear, erasing.shortened)
        for path in journal_erasing.files(app.journals)
    ]
    if None in said:
        raise _in_hand(address)
    return sum(map(bool, said))


def _files(app: App, addresses: Collection[str]) -> tuple[list[Path], list[Path]]:
    """Take the person out of the files of how people were before; return those, and others that name them."""
    ours, naming = [], []
    for path in _looked_through(app):
        if not _names(path, addresses):
            continue
        if path.parent == app.root / "subscribers" and path.match("before-*.csv"):
            _rewrite(path, addresses)
            ours.append(path)
        else:
            naming.append(path)
    return ours, naming


def _looked_through(app: App) -> Iterator[Path]:
    database = app.database_file.resolve() if app.database_file else None
    for folder, names, files in os.walk(app.root):
        names[:] = [name for name in names if name not in LEFT_ALONE and Path(folder) / name != app.journals]
        for name in files:
            path = Path(folder) / name
            own = database and path.resolve().name.startswith(database.name)
            if path.is_file() and not own and path.stat().st_size <= LARGEST:
                yield path


def _names(path: Path, addresses: Collection[str]) -> bool:
    try:
        text = path.read_bytes().decode("utf-8", "replace")
    except OSError:
        return False
    return any(erasing.pattern_of(each).search(text) for each in addresses)


def _rewrite(path: Path, addresses: Collection[str]) -> None:
    """Leave the person's row out of a file that `keep_before` wrote, and their address out of all others."""
    rows = csv.reader(io.StringIO(path.read_text(encoding="utf-8")))
    keys = {each.casefold() for each in addresses}
    with replacing(path) as out:
        for row in rows:
            cells = [unguard(cell) for cell in row]
            if cells and cells[0].casefold() not in keys:
                out.write(csv_line(erasing.cleared_text(cell, addresses) for cell in cells).encode())


def _wipe(app: App, address: Address) -> None:
    """Let nothing that was deleted be left in the database's file."""
    if app.database_file is None:
        return
    from mailer.store.sqlite import FileDatabase, forget_deleted

    database = app.database
    assert isinstance(database, FileDatabase)
    if not forget_deleted(database):
        raise StorageBusy(
            f"{address.typed} is erased, but can't be wiped from the file while others read it",
            next_step=f"Once nobody does: mailer subscribers erase {quote(address.typed)}",
        )
