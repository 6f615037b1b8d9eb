"""One person: all that is known of them, and why they are mailed or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from mailer.domain.address import Address
from mailer.domain.audience import reason_in_words
from mailer.domain.subscriber import Status
from mailer.domain.suppression import Suppression
from mailer.ledger.received import ReceivedSend, received
from mailer.people.consents import ConsentRecord, told
from mailer.people.former import addresses_before, ids_of
from mailer.people.person import Subscription, kept, known_values, subscriptions_of
from mailer.people.suppressing import suppression_of

__all__ = ["ConsentRecord", "PersonSheet", "ReceivedSend", "Subscription", "sheet_of"]


@dataclass(frozen=True, slots=True)
class PersonSheet:
    """All that is known of an address, as of `now`: `email` is as it is kept, or as it was asked for.

    `values` are by field name, those that are known. For an address that is nobody's `id` is None, and
    nothing but a suppression is known.
    """

    email: str
    now: datetime
    suppression: Suppression | None
    id: int | None = None
    values: dict[str, Any] | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    before: tuple[str, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    sends: tuple[ReceivedSend, ...] = ()
    consents: tuple[ConsentRecord, ...] = ()

    @property
    def unheard_of(self) -> bool:
        """Whether nothing at all is known."""
        return self.id is None and self.suppression is None

    def outlook(self) -> Iterator[tuple[str, str]]:
        """Yield for each list, by name, whether they get what is sent to it now, and else why not."""
        for each in self.subscriptions:
            yield each.list_name, self._outlook(each)

    def _outlook(self, on: Subscription) -> str:
        if self.suppression:
            return f"gets nothing: {reason_in_words(self.suppression.reason)}, on every list"
        if on.status is Status.UNCONFIRMED:
            return "gets nothing before they confirm that they want it"
        if on.status is Status.UNSUBSCRIBED:
            return "gets nothing: they left, and only they themselves can come back"
        if on.paused_until and on.paused_until > self.now:
            return f"gets nothing before {on.paused_until:%Y-%m-%d %H:%M} UTC: paused"
        return "gets the next issue"


def sheet_of(database: Engine, address: Address, now: datetime) -> PersonSheet:
    """Return all that is known of an address, or of who had it before."""
    with database.connect() as connection:
        person = kept(connection, address.key)
        if person is None:
            return PersonSheet(address.typed, now, suppression_of(connection, address.key))
        ids = ids_of(connection, person.id)
        return PersonSheet(
            person.email,
            now,
            suppression_of(connection, person.email_key),
            person.id,
            known_values(person),
            person.created_at,
            person.updated_at,
            tuple(addresses_before(connection, person.id)),
            tuple(subscriptions_of(connection, person.id)),
            tuple(received(connection, ids)),
            tuple(told(connection, ids)),
        )
