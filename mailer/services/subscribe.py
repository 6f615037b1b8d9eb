"""One person who agreed to get mail is taken in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from shlex import quote

from sqlalchemy import Connection, Engine, select

from mailer.domain.address import Address
from mailer.domain.consent import NOTHING_KNOWN, Evidence, Source
from mailer.domain.suppression import Kind
from mailer.errors import UsageError
from mailer.people.enrol import Consent, Enrolment, Entry, enrol
from mailer.people.field_types import typed_values
from mailer.people.lists import list_ids
from mailer.people.suppressing import suppression_of
from mailer.store.schema import subscribers


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Whom to put on which lists (by name), and on whose word (`source`); `fields` are by name, as typed.

    `anew` also brings back who had left or is suppressed: only if they themselves ask for it.
    """

    address: Address
    lists: tuple[str, ...]
    source: Source
    fields: Mapping[str, str] = field(default_factory=dict)
    anew: bool = False


def subscribe(database: Engine, request: Subscribe, now: datetime) -> Enrolment:
    """Take the person in.

    UsageError, and nothing is changed, for an unknown list, for a value that isn't of its field's type, and
    for someone who left one of the lists or is suppressed, unless it is `anew`.
    """
    anew = Evidence(note="consent given anew") if request.anew else NOTHING_KNOWN
    with database.begin() as connection:
        consent = Consent(list_ids(connection, request.lists), request.source, now, anew=request.anew)
        entry = Entry(request.address, typed_values(connection, request.fields), evidence=anew)
        done = enrol(connection, [entry], consent)[0]
        if done.kept_out or done.suppressed:
            raise _kept_away(connection, request, done)
        return done


def _kept_away(connection: Connection, request: Subscribe, done: Enrolment) -> UsageError:
    """Return why they are not brought back; what a domain is suppressed for, no word of theirs takes back."""
    of_them = select(subscribers.c.email_key).where(subscribers.c.id == done.subscriber_id)
    key = connection.scalar(of_them) or request.address.key
    found = suppression_of(connection, key) if done.suppressed else None
    if found and found.who.startswith(Kind.DOMAIN):
        return UsageError(
            f"{request.address.typed} is suppressed with all of {found.who} ({found.reason})",
            next_step="To lift it for everybody there: "
            f"mailer suppressions remove {quote(found.who)} --because WHY",
        )
    why = f"is suppressed ({done.suppressed})" if done.suppressed else "unsubscribed"
    return UsageError(
        f"{request.address.typed} {why} and is not brought back",
        next_step="If they themselves ask for it anew, add --resubscribe",
    )
