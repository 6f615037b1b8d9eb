"""What journals tell a database that is older than they are: whom it has mailed since its backup was taken.

A journal is kept after the database has taken it in, and the database remembers which ones it has. One that
it does not know is a dead worker's, or from after the backup that was restored. What such a journal says of
a delivery counts if it is later than what the database says. Letters of sequences are written one by one: of
those that it lacks, in sends that it has or not, it learns to whom they went.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from logging import getLogger
from pathlib import Path

from sqlalchemy import Connection, Engine, func, insert, select, update

from mailer.domain.delivery import TERMINAL, Settlement, State
from mailer.domain.moment import utc_text
from mailer.domain.outcome import Stage
from mailer.domain.sequence import sequence_of
from mailer.ledger.chunks import groups, settle_elsewhere
from mailer.ledger.journal import KEPT, UNREADABLE, DeadJournal, Handed, JournalHeader, read_journal
from mailer.ledger.outcomes import NEW, DeliveryHistory, histories, note_passed
from mailer.ledger.sequence_restoring import hold_untold, learn_steps
from mailer.store.dialect import add_missing
from mailer.store.schema import deliveries, delivery_numbers, journals_read, outcomes, revisions, sends

log = getLogger(__name__)

OPEN = (State.QUEUED, State.DEFERRED)
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
            known, of_sequence = _knows(connection, journal.header), sequence_of(journal.header.slug)
            if of_sequence:
                _learn_steps(connection, journal, journal.header.send_id if known else None)
            if known:
                settled += _settle(connection, journal)
            if known or of_sequence:
                mark_read(connection, journal.name)
                log.info("took in journal %s, which the database did not know", journal.name)
            else:
                unknown.append(journal.header)
    return TakenIn(settled, tuple(dict.fromkeys(unknown)))


def _learn_steps(connection: Connection, journal: DeadJournal, send_id: int | None) -> None:
    words = {key: _word(key, said) for key, said in journal.last_word.items()}
    # What was put off goes another time; all else ended the step, or may have.
    went = {key: word.at for key, word in words.items() if word.state not in OPEN}
    learn_steps(connection, journal.header.slug, send_id, went)
    if journal.gap == UNREADABLE:
        hold_untold(connection, journal.header.slug, journal.name)


def _unread(engine: Engine, journals: Path) -> Iterator[DeadJournal]:
    if not (kept := sorted((journals / KEPT).glob("[0-9]*"))):
        return
    with engine.connect() as connection:
        known = set(connection.scalars(select(journals_read.c.name)))
    for path in kept:
        if path.name not in known:
            with path.open("rb") as file:
                yield read_journal(path.name, file, whole=True)


def _knows(connection: Connection, header: JournalHeader) -> bool:
    created_at = connection.scalar(select(sends.c.created_at).where(sends.c.id == header.send_id))
    return created_at is not None and utc_text(created_at) == header.created_at


def said_by(connection: Connection, journal: DeadJournal) -> dict[int, Settlement | Handed]:
    """Return a journal's last words by the person they are about, whatever it calls a delivery."""
    if not journal.numbered:
        return journal.last_word
    n = delivery_numbers.c
    query = select(n.number, n.subscriber_id).where(n.send_id == journal.header.send_id)
    people = dict(connection.execute(query).all())
    said = {people[number]: word for number, word in journal.last_word.items() if number in people}
    return {
        key: word._replace(delivery_id=key) if isinstance(word, Settlement) else word
        for key, word in said.items()
    }


def latest_number(connection: Connection, send_id: int) -> int:
    """Return the number of the text that a send has now."""
    return connection.scalar(select(func.max(revisions.c.no)).where(revisions.c.send_id == send_id)) or 1


def text_number(connection: Connection, header: JournalHeader) -> int:
    """Return which text of its send a journal is about; 0 if it is not here."""
    if header.revision == "-":
        return 1
    r = revisions.c
    known = select(func.max(r.no)).where(r.send_id == header.send_id, r.revision == header.revision)
    return connection.scalar(known) or 0


def _word(delivery_id: int, said: Settlement | Handed) -> Settlement:
    if isinstance(said, Settlement):
        return said
    return Settlement(delivery_id, State.UNCERTAIN, said.at, Stage.CONTENT, ANSWER_UNKNOWN)


def _number(connection: Connection, header: JournalHeader, since: datetime) -> int:
    """Return which text of its send a journal is about; one that is not here is noted, without a template.

    `since` is when the journal first speaks of a delivery that has it.
    """
    if number := text_number(connection, header):
        return number
    last = latest_number(connection, header.send_id)
    # Nothing of the send may go out until its text is here again: the one that is here was found wrong.
    mine = sends.c.id == header.send_id
    subject = connection.scalar(select(sends.c.subject).where(mine))
    row = {"send_id": header.send_id, "no": last + 1, "revision": header.revision}
    connection.execute(insert(revisions), {**row, "subject": subject, "since": since})
    connection.execute(update(sends).where(mine).values(revision=header.revision))
    return last + 1


def _settle(connection: Connection, journal: DeadJournal) -> int:
    """Record a journal's last words on deliveries that are open here; return on how many."""
    words = {key: _word(key, said) for key, said in said_by(connection, journal).items()}
    if not words:
        return 0
    number = _number(connection, journal.header, min(word.at for word in words.values()))
    later = {key: word for key, word in words.items() if word.state is not State.QUEUED}
    count, accepted = 0, []
    for group in groups(later):
        told = _later(connection, journal.header.send_id, {key: later[key] for key in group})
        count += len(told)
        settle_elsewhere(connection, journal.header.send_id, told, number)
        accepted += [word.at for word, _ in told.values() if word.state is State.ACCEPTED]
    if accepted:
        note_passed(connection, journal.header.account, max(accepted), len(accepted))
    return count


def _later(
    connection: Connection, send_id: int, words: Mapping[int, Settlement]
) -> dict[int, tuple[Settlement, DeliveryHistory]]:
    """Return those words that are news on a delivery that is open, with what is known of it so far."""
    d, s = deliveries.c, sends.c
    mine = d.subscriber_id.in_(words)
    people = connection.scalars(select(d.subscriber_id).where(d.send_id == send_id, mine)).all()
    frozen_at = connection.scalar(select(s.created_at).where(s.id == send_id))
    known = histories(connection, send_id, outcomes.c.subscriber_id.in_(words))
    found = {}
    for person in people:
        history = known.get(person, NEW)
        since = history.at or frozen_at
        if history.state not in TERMINAL and since is not None and since < words[person].at:
            found[person] = words[person], history
    return found
