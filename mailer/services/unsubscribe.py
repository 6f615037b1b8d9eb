"""A person is taken off lists by their address, or never mailed again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from shlex import quote

from sqlalchemy import Engine

from mailer.domain.address import Address
from mailer.domain.consent import Source
from mailer.domain.suppression import Reason
from mailer.errors import UsageError
from mailer.people import suppressing, unsubscribing
from mailer.people.former import person_id
from mailer.people.lists import list_ids


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Whom to take off which lists (by name; None: off all, and for good), and on whose word (`source`)."""

    address: Address
    lists: tuple[str, ...] | None
    source: Source


def unsubscribe(database: Engine, request: Unsubscribe, now: datetime) -> tuple[str, ...]:
    """Take the person off; return the names of the lists that they left.

    Off all means suppressed too, whether or not the address is known: no list made or imported later brings
    them back. A list that is named they have left even if they never were on it. UsageError for an unknown
    list, and for an address to be taken off some that is nobody's.
    """
    address = request.address
    with database.begin() as connection:
        person = person_id(connection, address.key)
        if person is None and request.lists is None:
            suppressing.suppress(connection, address.key, Reason.REQUESTED, str(request.source), now)
            return ()
        if person is None:
            raise UsageError(
                f"nobody here has the address {address.typed}",
                next_step=f"Never mail it: mailer subscribers unsubscribe {quote(address.typed)} --all",
            )
        wanted = None if request.lists is None else list_ids(connection, request.lists)
        left = unsubscribing.leave(connection, person, wanted, request.source, now)
        unsubscribing.keep_off(connection, person, wanted or (), request.source, now)
        return tuple(sorted(each.name for each in left))


def suppress(database: Engine, address: Address, reason: str, note: str, now: datetime) -> None:
    """Never mail this address again on any list; the first reason stands."""
    with database.begin() as connection:
        suppressing.suppress(connection, address.key, reason, note, now)
