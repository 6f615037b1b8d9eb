"""Sends to the list weekly that a worker with a journal settles, as tests of people's history need them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine

from mailer.domain.audience import Audience
from mailer.domain.delivery import Claim, Settlement, State
from mailer.domain.moment import utc_text
from mailer.domain.outcome import Stage
from mailer.domain.send import Send
from mailer.ledger.holding import Holding
from mailer.ledger.journal import Journal, JournalHeader
from mailer.ledger.ledger import Ledger
from mailer.store.database import Database

NOW = datetime(2026, 11, 29, 8, tzinfo=UTC)
WEEKLY = Audience(("weekly",))

Reply = Callable[[str], tuple[State, str]]


def begun(database: Engine, slug: str = "harbour") -> Send:
    """Freeze a send to everybody on the list weekly, proved."""
    ledger = Ledger(database)
    send = ledger.freeze(slug, WEEKLY, subject="Harbour", revision="4f1c9a", template=b"compiled", now=NOW)
    ledger.proved(send, NOW)
    return send


def accepted(email: str) -> tuple[State, str]:
    """Take every message, in words that name the recipient."""
    return State.ACCEPTED, f"250 2.1.5 <{email}> Ok"


class Worker:
    """A worker on a send, and its journal."""

    def __init__(self, database: Database, send: Send, journals: Path) -> None:
        self.journal = Journal(journals, NOW, JournalHeader(send.id, utc_text(NOW), send.slug))
        self.holding = Holding(database, send, self.journal.name)
        self.claims: list[Claim] = []

    def take(self) -> list[str]:
        """Take whoever waits; return their addresses."""
        while found := self.holding.take(NOW):
            self.claims += found
        return [claim.recipient.email for claim in self.claims]

    def settle(self, reply: Reply = accepted) -> None:
        """Hand over what was taken, with these replies, and let go."""
        self.write(reply)
        self.close()

    def write(self, reply: Reply = accepted) -> None:
        """Hand over what was taken, with these replies."""
        said = [(claim.delivery_id, *reply(claim.recipient.email)) for claim in self.claims]
        settled = [Settlement(key, state, NOW, Stage.CONTENT, words) for key, state, words in said]
        self.journal.handed([each.delivery_id for each in settled])
        self.journal.settled(settled)
        self.holding.record(settled)

    def close(self) -> None:
        """Let go of all."""
        self.holding.give_back(NOW)
        self.journal.close(keep=False)


def delivered(database: Database, send: Send, journals: Path, reply: Reply = accepted) -> list[str]:
    """Settle all that waits of a send; return to whom it went."""
    worker = Worker(database, send, journals)
    went = worker.take()
    worker.settle(reply)
    return went
