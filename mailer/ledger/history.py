"""What journals tell a database that is older than they are: whom it has mailed since its backup was taken.

A journal is kept after the database has taken it in, and the database remembers which ones it has. One that
it does not know is a dead worker's, or from after the backup that was restored. What such a journal says of
a delivery counts if it is later than what the database says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from logging import getLogger
from pathlib import Path

from sqlalchemy import Connection, Engine, case, func, insert, select, update

from mailer.domain.delivery import TERMINAL, Settlement, State
from mailer.domain.moment import utc_text
from mailer.domain.outcome import Stage
from mailer.ledger.claiming import bound
from mailer.ledger.journal import KEPT, DeadJournal, Handed, JournalHeader, read_journal
from mailer.ledger.recording import note_passed
from mailer.store.dialect import add_missing
from mailer.store.schema import attempts, deliveries, journals_read, revisions, sends

log = getLogger(__name__)

ANSWER_UNKNOWN = "it was handed over after the backup was taken, and what came of it was never read"


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What was taken in: `settled` deliveries of known sends; `unknown` sends, begun after the backup."""

    settled: int
    unknown: tuple[JournalHeader, ...]


def mark_read(connection: Connection, name: str) -> None:
    """Note that all a journal says is in the database, in the caller's transaction."""
    add_missing(connection, journals_read, {"name": name})


def take_in_history(engine: Engine, journals: Path) -> TakenIn:
    """Settle what journals kept beside the database know and it does not; unknown sends stay unread."""
    settled, unknown = 0, []
    for journal in _unread(engine, journals):
        with engine.begin() as connection:
            if _knows(connection, journal.header):
                settled += _settle(connection, journal)
                mark_read(connection, journal.name)
                log.info("took in journal %s, which the database did not know", journal.name)
            else:
                unknown.append(journal.header)
    return TakenIn(settled, tuple(dict.fromkeys(unknown)))


def _unread(engine: Engine, journals: Path) -> Iterator[DeadJournal]:
    with engine.connect() as connection:
        known = set(connection.scalars(select(journals_read.c.name)))
    for path in sorted((journals / KEPT).glob("[0-9]*")):
        if path.name not in known:
            with path.open("rb") as file:
                yield read_journal(path.name, file, whole=True)


def _knows(connection: Connection, header: JournalHeader) -> bool:
    created_at = connection.scalar(select(sends.c.created_at).where(sends.c.id == header.send_id))
    return created_at is not None and utc_text(created_at) == header.created_at


def _word(delivery_id: int, said: Settlement | Handed) -> Settlement:
    if isinstance(said, Settlement):
        return said
    return Settlement(delivery_id, State.UNCERTAIN, said.at, Stage.CONTENT, ANSWER_UNKNOWN)


def _number(connection: Connection, header: JournalHeader, since: datetime) -> int:
    """Return which text of its send a journal is about; one that is not here is noted, without a template.

    `since` is when the journal first speaks of a delivery that has it.
    """
    r = revisions.c
    last = connection.scalar(select(func.max(r.no)).where(r.send_id == header.send_id)) or 1
    if header.revision == "-":
        return 1
    known = select(func.max(r.no)).where(r.send_id == header.send_id, r.revision == header.revision)
    if number := connection.scalar(known):
        return int(number)
    # Nothing of the send may go out until its text is here again: the one that is here was found wrong.
    mine = sends.c.id == header.send_id
    subject = connection.scalar(select(sends.c.subject).where(mine))
    row = {"send_id": header.send_id, "no": last + 1, "revision": header.revision}
    connection.execute(insert(revisions), {**row, "subject": subject, "since": since})
    connection.execute(update(sends).where(mine).values(revision=header.revision))
    return last + 1


def _settle(connection: Connection, journal: DeadJournal) -> int:
    """Record a journal's last words on deliveries that are open here; return on how many."""
    count, accepted = 0, []
    words = {delivery_id: _word(delivery_id, said) for delivery_id, said in journal.last_word.items()}
    if not words:
        return 0
    number = _number(connection, journal.header, min(word.at for word in words.values()))
    for delivery_id, word in words.items():
        if word.state is State.QUEUED:
            continue
        # What was to be tried again later was perhaps tried by a run whose journal comes after this one.
        due = word.at if word.state is State.DEFERRED else None
        done = connection.execute(
            update(deliveries)
            .where(
                deliveries.c.id == delivery_id,
                deliveries.c.send_id == journal.header.send_id,
                deliveries.c.state.not_in(TERMINAL),
                deliveries.c.updated_at < word.at,
            )
            .values(
                state=word.state,
                worker=None,
                reason=word.words,
                attempts=deliveries.c.attempts + 1,
                due_at=due,
                updated_at=word.at,
                revision=case((bound(), deliveries.c.revision), else_=number),
            )
        )
        if done.rowcount:
            count += 1
            if word.state is State.ACCEPTED:
                accepted.append(word.at)
                continue
            kept = {"at": word.at, "state": word.state, "stage": word.stage, "reply": word.words}
            connection.execute(insert(attempts), {"delivery_id": delivery_id, **kept})
    if accepted:
        note_passed(connection, journal.header.account, max(accepted), len(accepted))
    return count
