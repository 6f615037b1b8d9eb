"""Mail that came back is read where it lies, taken in, and put away: each message once, whatever happens.

Batch by batch: what is not known yet is understood, then recorded with its effects in one transaction, and
only then put away. Whoever dies in between finds it again, and knows it by its digest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select

from mailer.domain.return_policy import ReturnEffect
from mailer.domain.returned import Kind
from mailer.feedback.reading import read
from mailer.ledger.returns import ReturnRow
from mailer.mailbox.incoming import MOST, Filing, Incoming, ReturnMailbox, State, batched
from mailer.mailbox.maildir import Maildir, deliver
from mailer.services.explain_returns import circumstances
from mailer.services.return_settings import filing_of, policy_of
from mailer.services.returned_files import STDIN, is_maildir, read_all
from mailer.services.returns import ReturnedMail, ReturnRecords
from mailer.store.dialect import put
from mailer.store.schema import mailboxes

if TYPE_CHECKING:
    from mailer.bootstrap import App

__all__ = ["Reader", "ReturnRow", "ReturnTally", "digest_of", "read_files", "reader_of"]
DIGITS = 32  # of a digest
KEPT = "returned"  # the Maildir of the workspace for what came by a pipe or by LMTP
Told = Callable[[ReturnRow], None]


@dataclass(slots=True)
class ReturnTally:
    """What came of reading: how many messages of which kind and with which effect; how many were known."""

    kinds: Counter[Kind] = field(default_factory=Counter)
    effects: Counter[ReturnEffect] = field(default_factory=Counter)
    known: int = 0

    @property
    def total(self) -> int:
        """How many messages were looked at."""
        return self.kinds.total() + self.known

    def lines(self) -> list[str]:
        """Return it for a person."""
        kinds = ", ".join(f"{kind} {number:,}" for kind, number in self.kinds.most_common())
        effects = ", ".join(f"{effect} {number:,}" for effect, number in self.effects.most_common())
        known = f"; {self.known:,} known already" if self.known else ""
        read = f"{self.total:,} message{'s' if self.total != 1 else ''} read"
        return [f"{read}: {kinds or 'nothing new'}{known}", *([f"  {effects}"] if effects else [])]

    def count(self, rows: Iterable[ReturnRow]) -> None:
        """Add what was taken in."""
        for row in rows:
            self.kinds[row.kind] += 1
            self.effects[row.effect] += 1


def digest_of(octets: bytes) -> str:
    """Return what a message is known by, whatever line ends it is kept with."""
    return sha256(octets[:MOST].replace(b"\r\n", b"\n")).hexdigest()[:DIGITS]


@dataclass(slots=True)
class Reader:
    """Takes messages in, batch by batch; `told` hears of each that is new.

    `envelope` is the address that they were delivered to, where that is known.
    """

    app: App
    records: ReturnRecords
    told: Told = lambda _: None
    envelope: str = ""
    done: ReturnTally = field(default_factory=ReturnTally)

    def take(self, batch: Sequence[Incoming]) -> list[tuple[Incoming, Filing]]:
        """Take a batch in; return where each of it goes. Raises what the database does."""
        digests = [digest_of(each.octets) for each in batch]
        kinds, known = self.records.known(digests), circumstances(self.app, self.envelope)
        new: dict[str, ReturnedMail] = {}
        for digest, each in zip(digests, batch, strict=True):
            if digest not in kinds and digest not in new:
                new[digest] = ReturnedMail(digest, each.place, read(each.octets, known))
        rows = self.records.take(list(new.values()), self.app.now()) if new else []
        self.done.count(rows)
        self.done.known += len(batch) - len(rows)
        for row in rows:
            self.told(row)
        kinds |= {digest: mail.verdict.kind for digest, mail in new.items()}
        return [(each, _filing(kinds[digest])) for digest, each in zip(digests, batch, strict=True)]

    def keep(self, batch: Sequence[Incoming]) -> None:
        """Take in what nobody else keeps; what people are to read of it is in the Maildir KEPT by then.

        Raises what the database does, and MailboxRefused.
        """
        for each, filing in self.take(batch):
            if filing is not Filing.UNDERSTOOD:
                deliver(self.app.root / KEPT, each.octets, f"{digest_of(each.octets)}.mailer")

    def empty(self, mailbox: ReturnMailbox) -> None:
        """Take in all that is in a mailbox, and put it away."""
        for batch in mailbox.batches(_state(self.app, mailbox)):
            mailbox.file(self.take(batch))
            _keep(self.app, mailbox, mailbox.state)
        _keep(self.app, mailbox, mailbox.state)


def read_files(app: App, names: Iterable[str], told: Told, envelope: str = "") -> ReturnTally:
    """Take in what is named (see `returned_files.read_all`); what lies in a Maildir is put away, too."""
    reader = reader_of(app, told, envelope)
    for name in names:
        if is_maildir(Path(name)):
            reader.empty(Maildir(Path(name), filing_of(app.settings)))
        else:
            found = (Incoming(each.file, each.file, each.octets) for each in read_all([name]))
            take = reader.keep if name == STDIN else reader.take
            for batch in batched(found):
                take(batch)
    return reader.done


def reader_of(app: App, told: Told, envelope: str = "") -> Reader:
    """Return what takes messages in by the settings."""
    records = ReturnRecords(lambda: app.database, policy_of(app.settings))
    return Reader(app, records, told, envelope)


def _filing(kind: Kind) -> Filing:
    return {Kind.UNKNOWN: Filing.UNKNOWN, Kind.REPLY: Filing.LEFT}.get(kind, Filing.UNDERSTOOD)


def _state(app: App, mailbox: ReturnMailbox) -> State:
    with app.database.connect() as connection:
        query = select(mailboxes.c.state).where(mailboxes.c.name == mailbox.name)
        return connection.scalar(query) or {}


def _keep(app: App, mailbox: ReturnMailbox, state: State) -> None:
    if state:
        with app.database.begin() as connection:
            put(connection, mailboxes, {"name": mailbox.name}, {"state": state, "read_at": app.now()})
