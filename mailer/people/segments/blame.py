"""By which condition a segment takes somebody out, as far as that can be told of them now."""

from __future__ import annotations

from sqlalchemy import Connection

from mailer.domain.segment.conditions import Not
from mailer.domain.segment.holding import holds
from mailer.domain.segment.named import KeptSegment
from mailer.domain.segment.words import known_of, smallest
from mailer.domain.segment.writing import written
from mailer.people.segments.checking import read
from mailer.people.segments.facts import person, terms
from mailer.people.segments.grammar import SegmentError
from mailer.people.segments.stored import known_to


def by_which_condition(connection: Connection, kept: KeptSegment, subscriber_id: int) -> str:
    """Return the smallest condition by which a kept segment takes a person out: `tag:press does not hold …`.

    The person may have changed since it did, and it says so where that makes a difference.
    """
    who = person(connection, subscriber_id, kept.today)
    if who is None:
        return "they are gone since"
    try:
        condition = read(kept.definition, known_to(connection, kept.today))
    except SegmentError as error:
        return f"what it asks can't be asked any more: {error.misfit.problem}"
    by = terms(connection, kept.today)
    truth = holds(condition, who, by)
    if truth is not kept.excluded:
        return "as they are now, it would not take them out"
    decisive = smallest(condition, who, by)
    while isinstance(decisive, Not):
        decisive, truth = decisive.part, not truth
    known = known_of(decisive, who)
    says = f"{written(decisive)} {'holds' if truth else 'does not hold'} as they are now"
    return f"{says} ({known})" if known else says
