"""The people whom the page offers as readers while one types."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mailer.bootstrap import App
from mailer.domain.address import Address
from mailer.domain.audience import Recipient
from mailer.proof.readers import BARE

OFFERED = 8


@dataclass(frozen=True, slots=True)
class Offer:
    """One to choose: `reader` is what `choose_reader` takes, the rest is for the eye."""

    reader: str
    name: str
    note: str


def people(app: App, typed: str) -> list[Offer]:
    """Return whom to offer for what was `typed` so far; with nothing typed, those worth a look."""
    return list(_matching(app, typed) if typed else _worth_a_look(app))


def _worth_a_look(app: App) -> Iterator[Offer]:
    yield Offer("", "The first subscriber", "whom a plain preview shows")
    yield Offer(BARE, "Nobody in particular", "only an address is known: shows what has no fallback")
    if not app.has_database:
        return
    lists = [each.id for each in app.people.all_lists()]
    barest = app.directory.barest(lists)
    if barest:
        yield Offer(
            barest.email, barest.name or barest.email, "of all subscribers the one with the fewest fields"
        )
    found = app.directory.matching("", OFFERED)
    yield from (_offer(each) for each in found if barest is None or each.email != barest.email)


def _matching(app: App, typed: str) -> Iterator[Offer]:
    found = app.directory.matching(typed, OFFERED) if app.has_database else []
    yield from map(_offer, found)
    if _is_address(typed) and typed.casefold() not in {each.email.casefold() for each in found}:
        yield Offer(typed, typed, "not a subscriber: with an example’s values")


def _offer(found: Recipient) -> Offer:
    return Offer(found.email, found.name or found.email, found.email if found.name else "no name")


def _is_address(typed: str) -> bool:
    try:
        Address.parse(typed)
    except ValueError:
        return False
    return True
