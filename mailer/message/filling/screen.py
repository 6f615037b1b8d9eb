"""A look at many recipients at once: can anything go wrong with any of them?

Where an issue uses a recipient's values only as they are, filling can fail in few ways: a value is missing,
is a list, or has a control character in it. That shows in a column of values as well as in each of them.
Who doesn't pass has to be filled one by one, and so has everyone where an issue does more with values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mailer.domain import recipient_names
from mailer.domain.address import CONTROLS
from mailer.message.encoding.header import ADDR_SPEC
from mailer.message.expression.expression import Call, Const, Field, Name
from mailer.message.filling.residual import Hole, Static, Tree

_PRINTABLE = frozenset({str, int, float, bool})  # and then as text: no other type is let through


@dataclass(frozen=True, slots=True)
class FieldUse:
    """A field of the subscriber that is printed; without a `fallback` everyone needs a value."""

    key: str
    fallback: str | None = None


@dataclass(frozen=True, slots=True)
class Screen:
    """All that an issue does with its recipients' values."""

    uses: frozenset[FieldUse]

    def passes(self, subscribers: Sequence[Mapping[str, Any]], names: str, addresses: Sequence[str]) -> bool:
        """Whether all of these can be filled for certain, once somebody was.

        `names` are all of theirs in one text, `addresses` addr-specs as SMTP carries them.
        """
        texts = [names]
        for use in self.uses:
            column = [values.get(use.key) for values in subscribers]
            kinds = set(map(type, column))
            if use.fallback is not None:
                kinds.discard(type(None))
                texts.append(use.fallback)
            if not kinds <= _PRINTABLE:
                return False
            texts += [value for value in column if type(value) is str]
        return not CONTROLS.search("".join(texts)) and all(map(ADDR_SPEC.fullmatch, addresses))


def screen_of(trees: Sequence[Tree]) -> Screen | None:
    """Return the screen for an issue of these trees; None if more is done in them than to print values."""
    uses = [_use(node) for tree in trees for node in tree if not isinstance(node, Static)]
    return None if None in uses else Screen(frozenset(use for use in uses if isinstance(use, FieldUse)))


def _use(node: object) -> FieldUse | str | None:
    """Return what a hole prints: a field, or a name of ours, which fails for everybody or for nobody."""
    match node:
        case Hole(Name(name)) if name in recipient_names.LINKS:
            return name
        case Hole(Field(Name("subscriber"), Const(str(key))), _, False):
            return FieldUse(key)
        case Hole(
            Call("filter.default", (Field(Name("subscriber"), Const(str(key))), Const(str(fallback))), ()),
            _,
            False,
        ):
            return FieldUse(key, fallback)
    return None
