"""What came back, taken in: each message once, with its effect on people in the same transaction.

Files, mailboxes, sockets and webhooks all go by here. Without a token of ours, or a sender that DMARC has
proved, nothing happens to anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, Engine

from mailer.domain.address import Address
from mailer.domain.consent import Evidence, Source, SourceKind
from mailer.domain.mailbox_providers import provider_of
from mailer.domain.return_policy import ReturnEffect, ReturnPolicy
from mailer.domain.returned import FAILURES, Kind, RecipientVerdict, Returned, Verdict
from mailer.domain.suppression import Reason, Suppression
from mailer.ledger import returns as ledger
from mailer.ledger.queries import lists_of
from mailer.ledger.returns import ReturnRow
from mailer.people import suppression_list, unsubscribing
from mailer.people.former import known_as, person_id

NOTE = 300  # characters of a server's words that a suppression keeps
COUNTING = FAILURES | {Kind.COMPLAINT, Kind.UNSUBSCRIBE}
MAILS = {
    Kind.HARD: Source(SourceKind.MAIL, "bounce"),
    Kind.SOFT: Source(SourceKind.MAIL, "bounce"),
    Kind.BLOCKED: Source(SourceKind.MAIL, "bounce"),
    Kind.COMPLAINT: Source(SourceKind.MAIL, "complaint"),
    Kind.UNSUBSCRIBE: Source(SourceKind.MAIL, "unsubscribe request"),
}
# Why whoever is suppressed for it is; one that asks to be left alone is seen to as by any link.
REASONS = dict.fromkeys(FAILURES, Reason.BOUNCED) | {Kind.COMPLAINT: Reason.COMPLAINED}


class ReturnedMail(NamedTuple):
    """A message that came back: what it is known by, where it was read, and what it means."""

    digest: str
    source: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class ReturnRecords:
    """Takes in what came back. `database` is asked for at each call: its file may be another one by then."""

    database: Callable[[], Engine]
    policy: ReturnPolicy

    def known(self, digests: Iterable[str]) -> dict[str, Kind]:
        """Return what those of the messages are that were taken in before."""
        with self.database().connect() as connection:
            return ledger.known(connection, digests)

    def take(
        self,
        mails: Sequence[ReturnedMail],
        now: datetime,
        beside: Callable[[Connection], None] = lambda _: None,
    ) -> list[ReturnRow]:
        """Record those messages that were not yet, and what follows from them; return their rows.

        What is done `beside` that is committed with it. Raises what the database does.
        """
        with self.database().begin() as connection:
            known = ledger.known(connection, [each.digest for each in mails])
            fresh = {each.digest: each for each in mails if each.digest not in known}
            rows = self._rows(connection, list(fresh.values()), now)
            ledger.write(connection, rows)
            rows = self._effects(connection, rows, now)
            beside(connection)
        return rows

    def _rows(self, connection: Connection, mails: Sequence[ReturnedMail], now: datetime) -> list[ReturnRow]:
        copies = {each.verdict.returned for each in mails if each.verdict.returned}
        mailed = ledger.addresses(connection, copies)
        return [self._row(connection, each, mailed.get(each.verdict.returned), now) for each in mails]  # type: ignore[arg-type]

    def _row(self, connection: Connection, mail: ReturnedMail, email: str | None, now: datetime) -> ReturnRow:
        verdict = mail.verdict
        if verdict.returned is None:
            return self._without_token(connection, mail, now)
        if email is None or "@" not in email:  # erased, or of another database
            return _row_of(
                mail, RecipientVerdict("", verdict.kind), ReturnEffect.NOTHING, now, verdict.returned
            )
        toward = verdict.toward(email)
        effect = self.policy.effect(toward.kind)
        return _row_of(mail, toward, effect, now, verdict.returned)._replace(
            email=email, provider=provider_of(email)
        )

    def _without_token(self, connection: Connection, mail: ReturnedMail, now: datetime) -> ReturnRow:
        verdict = mail.verdict
        if verdict.sender and verdict.kind is Kind.UNSUBSCRIBE:
            person = person_id(connection, Address.parse(verdict.sender).key)
            said = RecipientVerdict(verdict.sender, verdict.kind)
            return _row_of(mail, said, ReturnEffect.LEFT, now)._replace(subscriber_id=person)
        said = next(iter(verdict.recipients), RecipientVerdict("", verdict.kind))
        effect = ReturnEffect.UNPROVED if verdict.kind in COUNTING else ReturnEffect.NOTED
        return _row_of(mail, said, effect, now)

    def _effects(self, connection: Connection, rows: list[ReturnRow], now: datetime) -> list[ReturnRow]:
        """Do what the rows say; those who had too many in a row are suppressed, too."""
        # Whoever did one thing twice in a batch is counted after all of it is written.
        too_many = {
            row.digest
            for row in rows
            if row.effect is ReturnEffect.COUNTED
            and row.subscriber_id is not None
            and self.policy.too_many(
                ledger.past_sends(connection, row.subscriber_id, self.policy.counted), now
            )
        }
        if too_many:
            ledger.set_effect(connection, too_many, ReturnEffect.SUPPRESSED)
            rows = [
                row._replace(effect=ReturnEffect.SUPPRESSED) if row.digest in too_many else row
                for row in rows
            ]
        for kind, reason in REASONS.items():
            theirs = [row for row in rows if row.kind is kind and row.effect is ReturnEffect.SUPPRESSED]
            wanted = [Suppression(Address.parse(row.email).key, reason, _note(row), now) for row in theirs]
            suppression_list.add(connection, wanted, MAILS[kind], now)
        for row in rows:
            if row.kind in (Kind.COMPLAINT, Kind.UNSUBSCRIBE) and row.effect in (
                ReturnEffect.SUPPRESSED,
                ReturnEffect.LEFT,
            ):
                _leave(connection, row, now)
        return rows


def _leave(connection: Connection, row: ReturnRow, now: datetime) -> None:
    """Take a person off the lists of the send; off all and for good where none is known, or they complain."""
    source, evidence = MAILS[row.kind], Evidence(note=row.source)
    lists = lists_of(connection, row.send_id) if row.send_id and row.effect is ReturnEffect.LEFT else ()
    person = None if row.subscriber_id is None else known_as(connection, row.subscriber_id)
    # A letter may go to an address that was to become a person's: whoever has that speaks for themselves.
    if person is None or person_id(connection, Address.parse(row.email).key) != person:
        wanted = [Suppression(Address.parse(row.email).key, Reason.REQUESTED, str(source), now)]
        suppression_list.add(connection, wanted, source, now)
        return
    unsubscribing.leave(connection, person, lists or None, source, now, evidence)


def _row_of(
    mail: ReturnedMail,
    said: RecipientVerdict,
    effect: ReturnEffect,
    now: datetime,
    copy: Returned | None = None,
) -> ReturnRow:
    return ReturnRow(
        mail.digest,
        now,
        mail.source,
        said.kind,
        effect,
        copy.send_id if copy else None,
        copy.subscriber_id if copy else None,
        said.address,
        provider_of(said.address) if said.address else "",
        said.status,
        said.reason,
        said.said,
        (*mail.verdict.evidence, *mail.verdict.notes),
    )


def _note(row: ReturnRow) -> str:
    said = " ".join(row.said.split())
    return f"{row.reason}: {said}"[:NOTE] if said else row.reason or str(row.kind)
