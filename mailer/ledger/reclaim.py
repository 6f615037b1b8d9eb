"""Settling what dead workers left behind: the kernel reports a death by giving up its lock, no clock does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from logging import getLogger
from pathlib import Path

from sqlalchemy import Connection, Engine, select

from mailer.domain.delivery import RetryPolicy, Settlement, State
from mailer.domain.outcome import Stage
from mailer.ledger.history import TakenIn, take_in_history
from mailer.ledger.journal import DeadJournal, dead_journals, put_away
from mailer.ledger.ledger import Ledger
from mailer.ledger.recording import give_back, record
from mailer.store.schema import deliveries

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


def recover(engine: Engine, journals: Path, policy: RetryPolicy, now: datetime) -> TakenIn:
    """Settle what dead workers left, of whichever send, and what a restored database can't know."""
    reclaim(engine, journals, policy, now)
    learned = take_in_history(engine, journals)
    Ledger(engine, policy).cancel_rest(now)
    return learned


def reclaim(engine: Engine, journals: Path, policy: RetryPolicy, now: datetime) -> Reclaimed:
    """Settle the journal of every dead worker, then claims whose journal is gone."""
    total = Reclaimed()
    for path, journal in dead_journals(journals):
        with engine.begin() as connection:
            found = _settle(connection, policy, journal, now)
        log.info("recovered from dead worker %s: %s", journal.name, found)
        total += found
        # Put away unread: the history that it is now part of is taken in next.
        put_away(path)
    return total + _orphans(engine, journals, now)


def _settle(connection: Connection, policy: RetryPolicy, journal: DeadJournal, now: datetime) -> Reclaimed:
    if journal.gap:
        # What it says up to the broken line is true by each line's seal, and acceptance is final; any other
        # one may have been handed over again further down.
        settled = [
            said
            for said in journal.last_word.values()
            if isinstance(said, Settlement) and said.state is State.ACCEPTED
        ]
        record(connection, policy, journal.name, journal.header.account, settled)
        lost = give_back(connection, journal.name, State.UNCERTAIN, journal.gap, now)
        return Reclaimed(len(settled), 0, len(lost))
    words = [
        said
        if isinstance(said, Settlement)
        else Settlement(delivery_id, State.UNCERTAIN, now, Stage.CONTENT, ANSWER_LOST)
        for delivery_id, said in journal.last_word.items()
    ]
    held = _held(connection, journal.name)
    record(connection, policy, journal.name, journal.header.account, words)
    queued = give_back(connection, journal.name, State.QUEUED, None, now)
    uncertain = sum(w.state is State.UNCERTAIN and w.delivery_id in held for w in words)
    return Reclaimed(len(held) - len(queued) - uncertain, len(queued), uncertain)


def _held(connection: Connection, worker: str) -> set[int]:
    return set(connection.scalars(select(deliveries.c.id).where(deliveries.c.worker == worker)))


def _orphans(engine: Engine, journals: Path, now: datetime) -> Reclaimed:
    """Make claims uncertain whose worker has no journal any more: nobody can say what it handed over."""
    d = deliveries.c
    with engine.connect() as connection:
        workers = connection.scalars(select(d.worker).where(d.worker.is_not(None)).distinct()).all()
    lost = 0
    for worker in workers:
        # A journal is made before the first claim and removed after the last settlement: look again inside.
        if not (journals / worker).exists():
            with engine.begin() as connection:
                gone = len(give_back(connection, worker, State.UNCERTAIN, JOURNAL_LOST, now))
            log.info("worker %s and its journal are gone: uncertain %d", worker, gone)
            lost += gone
    return Reclaimed(uncertain=lost)
