"""What servers refused at once is taken in as what comes back is: by the same verdicts and policy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from mailer.domain.failures.classify import failure, status_in
from mailer.domain.return_policy import Sanction
from mailer.domain.returned import Kind, RecipientVerdict, Returned, Verdict
from mailer.ledger import returns as ledger
from mailer.ledger.outcomes import OutcomeRow
from mailer.ledger.returns import RefusalsRead
from mailer.services.return_settings import policy_of
from mailer.services.returns import ReturnedMail, ReturnRecords

if TYPE_CHECKING:
    from mailer.bootstrap import App

SOURCE = "SMTP"
NEWS = timedelta(
    days=7
)  # what was refused longer ago is on record, and changes nothing: much may have passed
OURS = "not sent:"  # words of our own: no server was asked


def take_refusals(app: App) -> None:
    """Take in what was refused since the last look, with what it does to people."""
    policy = policy_of(app.settings)
    if not policy.refused:
        return
    now = app.now()
    old = replace(policy, hard=Sanction.NOTE, sends=0)
    for send_id, count in _news(app).items():
        for page in _pages(app, send_id):
            recent = [each for each in page if now - each.at <= NEWS]
            for rows, rule in ((recent, policy), ([each for each in page if each not in recent], old)):
                if rows:
                    ReturnRecords(lambda: app.database, rule).take([_verdict(each) for each in rows], now)
        with app.database.begin() as connection:
            RefusalsRead.note(connection, send_id, count, now)


def _news(app: App) -> dict[int, int]:
    """Return how many were refused of each send of which that is more than is known."""
    with app.database.connect() as connection:
        return RefusalsRead.new(connection)


def _pages(app: App, send_id: int) -> Iterator[list[OutcomeRow]]:
    last = 0
    while True:
        with app.database.connect() as connection:
            page = ledger.refused(connection, send_id, last)
        if not page:
            return
        yield page
        last = page[-1].subscriber_id


def _verdict(row: OutcomeRow) -> ReturnedMail:
    said = row.reply or ""
    digest = f"refused {row.send_id}.{row.subscriber_id}.{row.number}"
    copy = Returned(row.send_id, row.subscriber_id)
    if row.stage is None or not said[:1].isdigit() or OURS in said:
        return ReturnedMail(
            digest, SOURCE, Verdict(Kind.UNKNOWN, evidence=("no server's word",), returned=copy)
        )
    why = failure(0, "", said)
    told = RecipientVerdict("", why.kind, status_in(said), why.reason, said)
    return ReturnedMail(digest, SOURCE, Verdict(why.kind, (told,), (f"refused at {row.stage}", why.by), copy))
