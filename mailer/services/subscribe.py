"""One person who agreed to get mail is taken in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine

from mailer.domain.address import CONTROLS, Address
from mailer.domain.consent import NOTHING_KNOWN, Evidence, Source
from mailer.domain.field import LONGEST_NAME, FieldError, convert, field_name, infer
from mailer.domain.spreadsheet import STATES
from mailer.errors import UsageError
from mailer.people.enrol import Consent, Enrolment, Entry, enrol
from mailer.people.field_types import OWN_TYPES, declare_types, known_types
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
        entry = Entry(request.address, _values_of(connection, request.fields), evidence=anew)
        done = enrol(connection, [entry], consent)[0]
        if done.kept_out or done.suppressed:
            why = f"is suppressed ({done.suppressed})" if done.suppressed else "unsubscribed"
            raise UsageError(
                f"{request.address.typed} {why} and is not brought back",
                next_step="If they themselves ask for it anew, add --resubscribe",
            )
        return done


def _values_of(connection: Connection, texts: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of fields typed by hand, by name; a new field gets the type it looks like.

    UsageError for a name that no field can have, a control character, or a value of another type.
    """
    known = OWN_TYPES | known_types(connection)
    values: dict[str, Any] = {}
    for typed, text in texts.items():
        name = field_name(typed)
        if not name or len(name) > LONGEST_NAME or name in ("email", *STATES):
            raise UsageError(f"{typed!r} can't name a field: letters and digits, at most {LONGEST_NAME}")
        if CONTROLS.search(text):
            raise UsageError(f"{name} = {text!r} has a control character or a line break in it")
        kind = known.get(name) or infer([text], name)
        try:
            values[name] = convert(text, kind)
        except FieldError as error:
            raise UsageError(f"{name}: {error}") from None
        if name not in known:
            declare_types(connection, {name: kind})
    return values
