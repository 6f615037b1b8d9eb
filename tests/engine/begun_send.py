"""A send that has begun, for workers to work on, with a template that is easily told from the real thing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import cast

from members import join
from sqlalchemy import Engine

from mailer.domain.audience import Audience
from mailer.domain.send import Send
from mailer.engine.pacing.pace import Pace
from mailer.engine.personaliser import Personaliser
from mailer.engine.worker import Worker
from mailer.ledger.holding import Holding
from mailer.ledger.journal import Journal
from mailer.ledger.ledger import Ledger
from mailer.message.mime.template import MessageTemplate
from mailer.people.lists import Lists
from mailer.smtp.envelope import Envelope

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


class AddressOnly:
    """Stands in for a compiled template: its text names the recipient, and one name can't be filled in."""

    pages = frozenset[str]()

    def fillings(self, names) -> bytes:
        if names["subscriber"]["email"] == "broken@inbox.example":
            raise ZeroDivisionError
        return names["header"].to_address.encode()

    def join(self, fillings: bytes) -> bytes:
        return fillings + b"\r\n"


def begin(database: Engine, emails: Iterable[str]) -> tuple[Ledger, Send]:
    """Freeze a send to these people."""
    ledger = Ledger(database)
    Lists(database).create("weekly", NOW)
    for email in emails:
        join(database, email, "weekly")
    audience = Audience(("weekly",))
    send = ledger.freeze("harbour", audience, subject="s", revision="r", template=b"t", now=NOW)
    ledger.proved(send, NOW)
    return ledger, send


def worker_of(
    ledger: Ledger,
    send: Send,
    journal: Journal,
    pace: Pace | None = None,
    kind: type[Holding] = Holding,
    **options,
) -> Worker:
    """Return a worker on that send."""
    personaliser = Personaliser(send.id, 1, "seed", "a.example", "editor@a.example", "leave@a.example")
    template = cast("MessageTemplate", AddressOnly())
    hand = kind(ledger.engine, send, journal.name)
    return Worker(hand, journal, lambda number: template, personaliser, pace or Pace(), **options)


def next_of(worker: Worker) -> Envelope | None:
    """Take one message."""
    return next(iter(worker.take(1)), None)
