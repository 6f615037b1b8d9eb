"""One person who agreed to get mail is taken in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Engine

from mailer.domain.address import Address
from mailer.domain.consent import NOTHING_KNOWN, Evidence, Source
from mailer.errors import UsageError
from mailer.people.enrol import Consent, Enrolment, Entry, enrol
from mailer.people.field_types import typed_values
from mailer.people.lists import list_ids


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
            why = f"is suppressed ({done.suppressed})" if done.suppressed else "unsubscribed"
            raise UsageError(
                f"{request.address.typed} {why} and is not brought back",
                next_step="If they themselves ask for it anew, add --resubscribe",
            )
        return done
