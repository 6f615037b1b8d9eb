"""A Maildir (cr.yp.to/proto/maildir.html): what is new is read, then marked as seen or in a folder below."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path

from mailer.errors import MailboxRefused
from mailer.mailbox.incoming import MOST, Filing, FilingWishes, Incoming, State, batched
from mailer.private import private_folder, replacing

SEEN = "S"


class Maildir:
    """What is in `new`, and in `cur` but not marked as seen."""

    def __init__(self, folder: Path, wishes: FilingWishes) -> None:
        self.name = str(folder)
        self._folder = folder
        self._wishes = wishes

    @property
    def state(self) -> State:
        """Every message shows by itself whether it is done."""
        return {}

    def batches(self, state: State) -> Iterator[Sequence[Incoming]]:  # noqa: ARG002
        """Yield its messages in no certain order; MailboxRefused if it can't be read."""
        yield from batched(filter(None, map(_read, chain(self._unseen("new"), self._unseen("cur")))))

    def _unseen(self, name: str) -> Iterator[Path]:
        # One entry after the other: there may be very many, and those that are filed meanwhile are gone.
        try:
            with os.scandir(self._folder / name) as entries:
                for entry in entries:
                    if not entry.name.startswith(".") and SEEN not in _flags(entry.name):
                        yield self._folder / name / entry.name
        except OSError as error:
            raise self._refused(f"{name} can't be read", error) from None

    def file(self, messages: Sequence[tuple[Incoming, Filing]]) -> None:
        """Put messages away; MailboxRefused if this user may not."""
        try:
            for message, filing in messages:
                with suppress(FileNotFoundError):
                    self._file(message.key, filing)
        except OSError as error:
            raise self._refused("messages can't be moved", error) from None

    def _file(self, path: Path, filing: Filing) -> None:
        base = path.name.partition(":")[0]
        if filing is Filing.UNKNOWN:
            path.rename(self._cur(self._wishes.unknown) / f"{base}:2,")
        elif filing is Filing.UNDERSTOOD and self._wishes.delete:
            path.unlink()
        elif filing is Filing.UNDERSTOOD:
            flags = "".join(sorted({*_flags(path.name), SEEN}))
            path.rename(self._cur(self._wishes.folder) / f"{base}:2,{flags}")

    def _cur(self, folder: str) -> Path:
        """Return where messages of a folder go: below the Maildir as in Maildir++ (docs of Courier)."""
        if not folder:
            return self._folder / "cur"
        below = self._folder / f".{folder.replace('/', '.')}"
        if not (below / "cur").is_dir():
            for name in ("tmp", "new", "cur"):
                (below / name).mkdir(mode=0o700, parents=True, exist_ok=True)
            (below / "maildirfolder").touch(mode=0o600)
        return below / "cur"

    def _refused(self, what: str, error: OSError) -> MailboxRefused:
        return MailboxRefused(
            f"the Maildir {self.name}: {what}: {error.strerror}",
            next_step="Let this user read and write that folder; what was taken in before counts once.",
        )


def deliver(folder: Path, octets: bytes, name: str) -> None:
    """Put a message into the Maildir `folder`, made if there is none, under a name of its own; it is on the
    disk by then. The same name again is the same message. MailboxRefused if it can't be.
    """
    try:
        for part in ("tmp", "new", "cur"):
            private_folder(folder / part)
        with replacing(folder / "new" / name) as file:
            file.write(octets)
    except OSError as error:
        raise MailboxRefused(
            f"{folder}: a message can't be kept there: {error.strerror}",
            next_step=f"Let this user write to {folder}.",
        ) from None


def _read(path: Path) -> Incoming | None:
    with suppress(FileNotFoundError), path.open("rb") as file:  # unless another program has moved it
        return Incoming(path, str(path), file.read(MOST))
    return None


def _flags(name: str) -> str:
    return name.partition(":2,")[2]
