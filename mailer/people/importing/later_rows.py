"""What later rows say of people who stand in an earlier one, of any file of an import.

Whoever a later row keeps mail away from must not be mailable until it is their turn, or for good once an
import is killed in between. Which columns tell that is known when the first reading is done: so it keeps the
rows, and what they say is known before the first person is written.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from tempfile import SpooledTemporaryFile
from typing import IO, cast

from mailer.domain.subscriber import Status
from mailer.people.enrol import Entry
from mailer.people.importing.sources.row_file import Row

IN_MEMORY = 1024 * 1024  # octets of rows; more are kept on the disk
EVERYWHERE = ""  # in place of a list's name


class LaterRows:
    """The rows of one file of people who may stand in an earlier row, of this file or another one.

    They are gone once `closing` ends. On the disk they have no name.
    """

    def __init__(self, closing: ExitStack) -> None:
        self._kept = cast("IO[bytes]", SpooledTemporaryFile(IN_MEMORY))  # noqa: SIM115
        closing.enter_context(self._kept)

    def keep(self, rows: Sequence[Row]) -> None:
        """Keep some more."""
        if rows:
            pickle.dump(rows, self._kept)

    def all(self) -> Iterator[Row]:
        """Yield them in order."""
        self._kept.seek(0)
        while True:
            try:
                yield from pickle.load(self._kept)  # noqa: S301  # our own
            except EOFError:
                return


class KeptOff:
    """Which lists people are kept off by a later row, by their key (`Address.key`).

    Of the keys a hash: they may be half of a file.
    """

    def __init__(self) -> None:
        self._off: dict[int, frozenset[str]] = {}
        self._same: dict[frozenset[str], frozenset[str]] = {}

    def hear(self, entries: Iterable[Entry], lists: Sequence[str]) -> None:
        """Take into account what rows say of people on these lists."""
        for entry in entries:
            statuses = zip(lists, entry.statuses or (), strict=False)
            off = {name for name, status in statuses if status not in (None, Status.SUBSCRIBED)}
            if entry.suppressed:
                off.add(EVERYWHERE)
            if off:
                key = hash(entry.address.key)
                both = self._off.get(key, frozenset()) | off
                self._off[key] = self._same.setdefault(both, both)

    def heeded(
        self, key: str, lists: Sequence[str], statuses: tuple[Status | None, ...]
    ) -> tuple[Status | None, ...]:
        """Return what somebody is to be on each list: on none that another row keeps them off."""
        off = self._off.get(hash(key)) if self._off else None
        if off is None:
            return statuses
        return tuple(
            None if status is Status.SUBSCRIBED and not off.isdisjoint((name, EVERYWHERE)) else status
            for name, status in zip(lists, statuses, strict=True)
        )
