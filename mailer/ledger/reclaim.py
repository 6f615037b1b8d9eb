"""Settling what dead workers left behind: the kernel reports a death by giving up its lock, no clock does."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from logging import getLogger
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, or_, select, update

from mailer.domain.delivery import RetryPolicy, Settlement, State
from mailer.domain.outcome import Stage
from mailer.ledger.chunks import LET_GO, Chunk, change
from mailer.ledger.history import TakenIn, latest_number, said_by, take_in_history, text_number
from mailer.ledger.journal import DeadJournal, Handed, dead_journals, put_away
from mailer.ledger.ledger import Ledger
from mailer.ledger.outcomes import Tally
from mailer.ledger.recording import record
from mailer.ledger.taking import HeldChunk, doubt
from mailer.ledger.testimony import testify
from mailer.store.database import Database
from mailer.store.dialect import moment_in
from mailer.store.schema import chunks

log = getLogger(__name__)

ANSWER_LOST = "the sender died between handing the message over and reading the answer"
JOURNAL_LOST = "the sender died and its journal is gone, so it may have handed the message over"


@dataclass(frozen=True, slots=True)
class Reclaimed:
    """What was found: deliveries settled from journals, given back to the queue, and left uncertain."""

    settled: int = 0
    queued: int = 0
    uncertain: int = 0

    def __str__(self) -> str:
        return f"settled {self.settled}, queued again {self.queued}, uncertain {self.uncertain}"

    def __add__(self, other: Reclaimed) -> Reclaimed:
        return Reclaimed(
            self.settled + other.settled, self.queued + other.queued, self.uncertain + other.uncertain
        )


def recover(engine: Database, journals: Path, policy: RetryPolicy, now: datetime) -> TakenIn:
    """Settle what dead workers left, of whichever send, and what a restored database can't know."""
    reclaim(engine, journals, policy, now)
    learned = take_in_history(engine, journals)
    Ledger(engine, policy).cancel_rest(now)
    return learned


def reclaim(engine: Database, journals: Path, policy: RetryPolicy, now: datetime) -> Reclaimed:
    """Settle the journal of every dead worker, then chunks of workers whose journal is gone."""
    total = Reclaimed()
    for path, journal in dead_journals(journals):
        with engine.begin() as connection:
            found = _settle(connection, policy, journal, now)
        log.info("recovered from dead worker %s: %s", journal.name, found)
        total += found
        # Put away unread: the history that it is now part of is taken in next.
        put_away(path)
    workers, ended = _holders(engine)
    total += _orphans(engine, journals, workers, now)
    return total + _run_out(engine, now) if ended else total


def _holders(engine: Database) -> tuple[list[str], bool]:
    """Return who holds chunks until they let go of them, and whether the lease of another one has ended."""
    c = chunks.c
    # Who holds a chunk for a time only is perhaps on another machine, with its journal.
    lasting = c.leased_until.is_(None)
    with engine.connect() as connection:
        held = select(c.holder, lasting.label("lasting")).where(
            c.holder.is_not(None), or_(lasting, _ended(connection))
        )
        found = connection.execute(held.distinct()).all()
    return [row.holder for row in found if row.lasting], any(not row.lasting for row in found)


def _ended(connection: Connection) -> ColumnElement[bool]:
    c = chunks.c
    return c.is_open & c.holder.is_not(None) & (c.leased_until < moment_in(connection))


def _settle(connection: Connection, policy: RetryPolicy, journal: DeadJournal, now: datetime) -> Reclaimed:
    words = _certain(journal, said_by(connection, journal))
    number = text_number(connection, journal.header)
    total = Reclaimed()
    for taken, allowed in _held_by(connection, journal.name):
        mine = {key: said for key, said in words.items() if key in taken.waiting}
        settled = _settlements(journal, mine, allowed, now)
        record(connection, policy, taken, settled, number, journal.header.account)
        left = len(taken.waiting) - len(settled)
        if left:
            change(connection, taken.chunk, Tally(), **LET_GO)
        uncertain = sum(each.state is State.UNCERTAIN for each in settled)
        total += Reclaimed(len(settled) - uncertain, left, uncertain)
    testify(connection, journal.header.send_id, journal.name, words, number, now, whole=not journal.gap)
    return total


def _certain(
    journal: DeadJournal, words: Mapping[int, Settlement | Handed]
) -> Mapping[int, Settlement | Handed]:
    """Return those words that are the last ones.

    What a broken journal says up to the gap is true by each line's seal, and acceptance is final; any other
    one may have been handed over again further down.
    """
    if not journal.gap:
        return words
    return {
        key: said
        for key, said in words.items()
        if isinstance(said, Settlement) and said.state is State.ACCEPTED
    }


def _settlements(
    journal: DeadJournal, words: Mapping[int, Settlement | Handed], allowed: Collection[int], now: datetime
) -> list[Settlement]:
    """Return what became of those in a chunk of a dead worker; who isn't named was never handed over.

    Where a part of the journal is missing that is certain only of those who weren't `allowed`.
    """
    reason = journal.gap or ANSWER_LOST
    everyone = words.keys() | allowed if journal.gap else words.keys()
    return [
        said if isinstance(said := words.get(key), Settlement) else _lost(key, reason, now)
        for key in everyone
    ]


def _lost(delivery_id: int, words: str, now: datetime) -> Settlement:
    return Settlement(delivery_id, State.UNCERTAIN, now, Stage.CONTENT, words)


def _held_by(connection: Connection, worker: str) -> list[tuple[HeldChunk, set[int]]]:
    """Return the chunks that a worker holds, each with whom it was allowed to hand over."""
    held = connection.execute(select(chunks).where(chunks.c.holder == worker).order_by(chunks.c.id)).all()
    found = []
    for row in held:
        chunk = Chunk.of(row)
        waiting = chunk.waiting(connection)
        # Without a lease everyone may be handed over, without a word to the database.
        allowed = waiting.keys() if row.leased_until is None else waiting.keys() & set(row.in_doubt or ())
        found.append((HeldChunk(chunk, set(waiting), waiting), set(allowed)))
    return found


def _orphans(engine: Database, journals: Path, workers: Iterable[str], now: datetime) -> Reclaimed:
    """Make deliveries uncertain whose worker has no journal any more: nobody can say what it handed over."""
    lost = 0
    for worker in workers:
        # A journal is made before the first chunk is taken and put away after the last settlement.
        if not (journals / worker).exists():
            with engine.begin() as connection:
                lost += (gone := _give_up(connection, worker, now))
            log.info("worker %s and its journal are gone: uncertain %d", worker, gone)
    return Reclaimed(uncertain=lost)


def _give_up(connection: Connection, worker: str, now: datetime) -> int:
    lost = 0
    for taken, _ in _held_by(connection, worker):
        number = latest_number(connection, taken.chunk.send_id)
        settled = [_lost(key, JOURNAL_LOST, now) for key in taken.waiting]
        record(connection, RetryPolicy(), taken, settled, number, "-")
        lost += len(settled)
    return lost


def _run_out(engine: Database, now: datetime) -> Reclaimed:
    """Let go of the chunks whose lease has ended: nobody may come to take them for long."""
    total = Reclaimed()
    with engine.begin() as connection:
        held = select(chunks).where(_ended(connection)).order_by(chunks.c.id)
        held = held.with_for_update(skip_locked=True)
        for row in connection.execute(held).all():
            total += _let_go(connection, row, now)
    return total


def _let_go(connection: Connection, row: Row[Any], now: datetime) -> Reclaimed:
    # By another epoch: whoever holds it still must find out.
    chunk = replace(Chunk.of(row), epoch=row.epoch + 1, holder=None)
    connection.execute(update(chunks).where(chunks.c.id == row.id).values(epoch=chunk.epoch, **LET_GO))
    before = chunk.waiting(connection)
    doubted = [person for person in row.in_doubt or () if person in before]
    doubt(connection, chunk, row.holder, doubted, latest_number(connection, row.send_id), now)
    log.info("worker %s let its lease of chunk %d end: uncertain %d", row.holder, row.id, len(doubted))
    return Reclaimed(queued=len(before) - len(doubted), uncertain=len(doubted))
