"""What the sandbox got, on disk: one `.eml` file a message, as received, and an index beside them.

The index is SQLite, because that gives paging, search and other processes that read while the server
writes, for about 0.1 ms a message. A row is committed only once the message's file is whole, so whatever
`Inbox` shows is complete; a file without a row was never acknowledged, and its number will be used again.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path

from mailer.private import private_file, private_folder, write_private
from mailer.viewer.reading import field_values

# `words` is what a search looks in, casefolded: SQLite itself would ignore case in ASCII only.
SCHEMA = """
    CREATE TABLE IF NOT EXISTS messages (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        received TEXT NOT NULL,
        ehlo TEXT NOT NULL,
        sender TEXT NOT NULL,
        recipients TEXT NOT NULL,
        subject TEXT NOT NULL,
        size INTEGER NOT NULL,
        words TEXT NOT NULL,
        author TEXT NOT NULL DEFAULT '',
        issue TEXT NOT NULL DEFAULT ''
    )
"""
ADDED = ("author", "issue")  # columns that an index may lack which was kept from before
INDEX = "inbox.sqlite"
BUSY_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Received:
    """A message's envelope and what a list shows of it: `sender` is "" for <>, `size` in octets.

    `author` is who it says it is from, `issue` what all messages of one newsletter issue have in common, ""
    for other mail.
    """

    id: int
    received: datetime
    ehlo: str
    sender: str
    recipients: tuple[str, ...]
    subject: str
    size: int
    author: str = ""
    issue: str = ""


@dataclass(frozen=True, slots=True)
class ReceivedIssue:
    """The messages of one newsletter issue: how many, and the newest of them."""

    messages: int
    newest: Received


class Inbox:
    """The messages in `folder`, which is made if there is none. Several processes may use it at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._writer: sqlite3.Connection | None = None
        private_folder(folder / "messages")
        private_file(folder / INDEX)
        with closing(self._connect()) as index:
            index.execute("PRAGMA journal_mode = WAL")
            index.execute(SCHEMA)
            there = {name for _, name, *_ in index.execute("PRAGMA table_info(messages)")}
            for column in ADDED:
                if column not in there:
                    index.execute(f"ALTER TABLE messages ADD COLUMN {column} TEXT NOT NULL DEFAULT ''")
            index.execute("CREATE INDEX IF NOT EXISTS by_issue ON messages (issue, id)")

    def __enter__(self) -> Inbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the index. Reading needs nothing open, and adding opens it again."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def add(
        self, content: bytes, *, sender: str, recipients: tuple[str, ...], ehlo: str, received: datetime
    ) -> int:
        """Keep `content` octet for octet and return its number; OSError or sqlite3.Error if it can't."""
        subject, author, feedback, listed = field_values(content, "Subject", "From", "Feedback-ID", "List-Id")
        words = "\n".join((*recipients, subject)).casefold()
        envelope = (received.astimezone(UTC).isoformat(), ehlo, sender, json.dumps(recipients))
        if self._writer is None:
            self._writer = self._connect()
        with self._writer as index:
            index.execute("BEGIN IMMEDIATE")
            number = index.execute(
                "INSERT INTO messages"
                " (received, ehlo, sender, recipients, subject, size, words, author, issue)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*envelope, subject, len(content), words, author, _issue(subject, feedback, listed)),
            ).lastrowid
            assert number is not None
            self._keep(number, content)
        return number

    def path(self, number: int) -> Path:
        """Where message `number` lies if there is one."""
        return self.folder / "messages" / f"{number:08d}.eml"

    def raw(self, number: int) -> bytes:
        """Return the message as received, SMTP's dots undone; FileNotFoundError if there is none."""
        return self.path(number).read_bytes()

    def parsed(self, number: int) -> EmailMessage:
        """Return the message as Python's own parser reads it; FileNotFoundError if there is none."""
        return BytesParser(policy=default).parsebytes(self.raw(number))

    def get(self, number: int) -> Received | None:
        """Return the envelope of message `number`, or None."""
        return next(iter(self._select("SELECT * FROM messages WHERE id = ?", number)), None)

    def newest(
        self, search: str = "", *, issue: str = "", limit: int = 50, offset: int = 0
    ) -> list[Received]:
        """Return the messages with `search` in a recipient or the subject, in any case; newest first.

        With an `issue` only those of it.
        """
        return self._select(
            "SELECT * FROM messages WHERE instr(words, ?1) AND (?2 = '' OR issue = ?2)"
            " ORDER BY id DESC LIMIT ?3 OFFSET ?4",
            search.casefold(),
            issue,
            limit,
            offset,
        )

    def issues(self, *, limit: int = 20) -> list[ReceivedIssue]:
        """Return the newsletter issues that messages are of, the latest first."""
        with closing(self._connect()) as index:
            found = index.execute(
                "SELECT many, messages.* FROM messages JOIN (SELECT max(id) AS last, count(*) AS many"
                " FROM messages WHERE issue != '' GROUP BY issue) ON id = last ORDER BY id DESC LIMIT ?",
                (limit,),
            )
            return [ReceivedIssue(many, _received(*row)) for many, *row in found]

    def __iter__(self) -> Iterator[Received]:
        """Every message in the order received; held in memory by 500, whatever their number."""
        last = 0
        while some := self._select("SELECT * FROM messages WHERE id > ? ORDER BY id LIMIT 500", last):
            yield from some
            last = some[-1].id

    def newer(self, number: int, search: str = "", *, issue: str = "") -> int | None:
        """Return the number of the next message after `number` that `newest` shows of these, or None."""
        return self._number(
            "SELECT id FROM messages WHERE instr(words, ?1) AND (?2 = '' OR issue = ?2)"
            " AND id > ?3 ORDER BY id LIMIT 1",
            search.casefold(),
            issue,
            number,
        )

    def older(self, number: int, search: str = "", *, issue: str = "") -> int | None:
        """Return the number of the last message before `number` that `newest` shows of these, or None."""
        return self._number(
            "SELECT id FROM messages WHERE instr(words, ?1) AND (?2 = '' OR issue = ?2)"
            " AND id < ?3 ORDER BY id DESC LIMIT 1",
            search.casefold(),
            issue,
            number,
        )

    def count(self, search: str = "", *, issue: str = "") -> int:
        """Return how many messages `newest` can show of these."""
        found = self._number(
            "SELECT count(*) FROM messages WHERE instr(words, ?1) AND (?2 = '' OR issue = ?2)",
            search.casefold(),
            issue,
        )
        return found or 0

    def clear(self) -> int:
        """Throw every message away and return how many there were. No number is given twice."""
        with closing(self._connect()) as index, index:
            gone = [number for (number,) in index.execute("DELETE FROM messages RETURNING id")]
        for number in gone:
            self.path(number).unlink(missing_ok=True)
        return len(gone)

    def _connect(self) -> sqlite3.Connection:
        index = sqlite3.connect(self.folder / INDEX, timeout=BUSY_SECONDS)
        # What has left the process survives its death, and for an inbox of test mail that is enough:
        # waiting for the platter would cost ten times as much as all the rest.
        index.execute("PRAGMA synchronous = OFF")
        return index

    def _keep(self, number: int, content: bytes) -> None:
        whole = self.path(number)
        part = whole.with_suffix(".part")
        write_private(part, content)
        part.rename(whole)

    def _select(self, statement: str, *values: object) -> list[Received]:
        with closing(self._connect()) as index:
            return [_received(*row) for row in index.execute(statement, values)]

    def _number(self, statement: str, *values: object) -> int | None:
        with closing(self._connect()) as index:
            row = index.execute(statement, values).fetchone()
        return row[0] if row else None


def _issue(subject: str, feedback: str, listed: str) -> str:
    """Return what the messages of an issue have in common; a rehearsal of it is another one."""
    named = feedback or (listed and f"{subject} {listed}")
    return f"[Test] {named}" if named and subject.startswith("[Test]") else named


def _received(
    number: int,
    received: str,
    ehlo: str,
    sender: str,
    recipients: str,
    subject: str,
    size: int,
    _: str,
    author: str,
    issue: str,
) -> Received:
    when, to = datetime.fromisoformat(received), tuple(json.loads(recipients))
    return Received(number, when, ehlo, sender, to, subject, size, author, issue)
