"""The words of the language. The grammar, the hints and the reference go by these tables."""

from __future__ import annotations

from dataclasses import dataclass

from mailer.domain.field import FieldType
from mailer.domain.segment.conditions import Op, Quality
from mailer.domain.subscriber import OWN_FIELDS

JOINED = "joined"
OWN_TYPES = dict.fromkeys(OWN_FIELDS, FieldType.TEXT) | {"tags": FieldType.LIST, JOINED: FieldType.DATE}
"""What is known of everybody: the own fields, and the day on which they came."""

KEYWORDS = (
    *("and", "or", "not", "in", "is", "between", "contains", "begins", "ends", "with", "before", "after"),
    *("last", "random", "seed"),
)
UNITS = {"d": "day", "w": "week", "m": "month", "y": "year"}
DIRECTIONS = {"ago": -1, "ahead": 1}

# What is written for something else elsewhere, and what it is here.
SLIPS = {
    "==": "=",
    "<>": "!=",
    "!": "not",
    "&": "and",
    "&&": "and",
    "|": "or",
    "||": "or",
    "like": "contains",
    "has": "contains",
    "includes": "contains",
    "starts": "begins with",
    "equals": "=",
    "exists": "is known",
    "null": "is empty",
    "since": "after",
    "until": "before",
}


@dataclass(frozen=True, slots=True)
class Happening:
    """A word for what the ledger knows of people: in words, and whether it can be of an issue."""

    words: str
    of_issues: bool


# A new one is a row here, a SELECT in people/segments/events.py, and a row in docs/segments.md.
EVENTS = {
    "received": Happening("received", of_issues=True),
    "bounced": Happening("bounced", of_issues=False),
}

ORDERED = (Op.EQ, Op.NE, Op.LT, Op.LE, Op.GT, Op.GE)
# What can be asked of a field of each type: comparisons, and qualities.
COMPARISONS = {
    FieldType.TEXT: (Op.EQ, Op.NE, Op.CONTAINS, Op.BEGINS, Op.ENDS),
    FieldType.NUMBER: ORDERED,
    FieldType.DATE: ORDERED,
    FieldType.LIST: (Op.CONTAINS,),
    FieldType.BOOLEAN: (),
}
_KNOWING = (Quality.EMPTY, Quality.KNOWN)
QUALITIES = dict.fromkeys(FieldType, _KNOWING) | {
    FieldType.BOOLEAN: (Quality.TRUE, Quality.FALSE, *_KNOWING),
    FieldType.DATE: (Quality.TODAY, *_KNOWING),
}

# No segment can be called so, and a field that is has `field:` before it.
RESERVED = frozenset((*KEYWORDS, *EVENTS))


def declared(name: str) -> str:
    """Return the name of a declared field as conditions have it, so that no word of ours is meant."""
    return f"field:{name}" if name == JOINED else name


def in_words(op: Op, kind: FieldType) -> str:
    """Return a comparison as it is written of a field of this type: days come before others."""
    days = {Op.LT: "before", Op.GT: "after"} if kind is FieldType.DATE else {}
    return days.get(op, op.value)
