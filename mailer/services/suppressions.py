"""Who is never mailed: put on the list by hand, and taken from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from shlex import quote

from sqlalchemy import Engine

from mailer.domain.consent import Source
from mailer.domain.suppression import OWN_WORD, Kind, Reason, Suppression
from mailer.errors import PlanRefused, UsageError
from mailer.people import suppression_list
from mailer.people.suppressing import suppression_of
from mailer.people.suppression_list import entries

__all__ = ["Lifting", "add", "entries", "lift", "look"]


def add(database: Engine, wanted: Suppression, source: Source, now: datetime) -> Suppression:
    """Never mail an address or a domain again; return how it is suppressed now (the first reason stands)."""
    with database.begin() as connection:
        suppression_list.add(connection, [wanted], source, now)
        return suppression_of(connection, wanted.who) or wanted


@dataclass(frozen=True, slots=True)
class Lifting:
    """A suppression that is to be lifted for `who`; how many people on which lists could be mailed then."""

    who: str
    found: Suppression
    mailed: dict[str, int]

    @property
    def own_word(self) -> bool:
        """Whether only the person can take it back."""
        return self.found.reason in OWN_WORD


def look(database: Engine, who: str) -> Lifting:
    """Return what lifting a suppression (by its key) would do; UsageError if there is none of that key."""
    with database.connect() as connection:
        found = suppression_of(connection, who)
        if found is None:
            raise UsageError(f"{who} is not suppressed", next_step="See: mailer suppressions list")
        if found.who.startswith(Kind.DOMAIN) != who.startswith(Kind.DOMAIN):
            raise UsageError(
                f"{who} is suppressed with all of {found.who}, and not by itself",
                next_step="To lift it for everybody there: "
                f"mailer suppressions remove {quote(found.who)} --because WHY",
            )
        return Lifting(who, found, suppression_list.lists_mailed(connection, who))


def lift(
    database: Engine, lifting: Lifting, source: Source, because: str, now: datetime, *, they_asked: bool
) -> Suppression | None:
    """Take a suppression away; return the one that keeps mail away still, if there is another.

    Nobody is subscribed by that: who had left a list stays off it.

    PlanRefused for whoever said themselves that they want no mail, unless `they_asked` for it.
    """
    found = lifting.found
    if lifting.own_word and not they_asked:
        raise PlanRefused(
            f"{found.who if found.reason != Reason.ERASED else 'that address'} is suppressed by the person's "
            f"own word ({found.reason}): nobody else can take that back",
            next_step="If they themselves asked to be mailed again, add --they-asked",
        )
    with database.begin() as connection:
        suppression_list.lift(connection, found, source, because, now)
        return suppression_of(connection, lifting.who)
