"""A look at many recipients at once: with which of them can anything go wrong?

Where an issue prints a recipient's values and asks about them, filling can fail in few ways: a value is
missing, is a list, or has a control character in it. That shows in a column of values as well as in each of
them. Who is doubtful has to be filled to know, and so has everyone where an issue does more with values.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mailer.domain import recipient_names
from mailer.domain.address import CONTROLS
from mailer.domain.page import Page
from mailer.message.encoding.header import ADDR_SPEC
from mailer.message.expression.expression import Call, Const, Expression, Field, Name
from mailer.message.filling.residual import Branch, Hole, Static, Tree

_PRINTABLE = frozenset({str, int, float, bool})  # and then as text: no other type is let through
# They take whatever is printable, and make nothing that is not.
_LETTERS = frozenset(f"filter.{name}" for name in ("capitalize", "lower", "string", "title", "trim", "upper"))


@dataclass(frozen=True, slots=True)
class FieldUse:
    """A field of the subscriber that is `printed`, or else only asked about; `needed`: nobody may lack it."""

    key: str
    needed: bool = True
    printed: bool = True

    def doubtful(self, column: Sequence[Any]) -> set[int]:
        """Return the numbers of those with whom this use may go wrong."""
        if not self.printed:
            return {n for n, value in enumerate(column) if value is None} if self.needed else set()
        kinds = _PRINTABLE if self.needed else _PRINTABLE | {type(None)}
        texts = "".join([value for value in column if type(value) is str])
        if texts.isprintable() and set(map(type, column)) <= kinds:
            return set()
        return {n for n, value in enumerate(column) if type(value) not in kinds or _has_controls(value)}


TO = FieldUse("name", needed=False)


@dataclass(frozen=True, slots=True)
class Screen:
    """All that an issue does with its recipients' values."""

    uses: frozenset[FieldUse]

    def doubtful(self, page: Page) -> set[int]:
        """Return the numbers of those who have to be filled to know whether they can be.

        All others can be for certain, once somebody was.
        """
        found = _doubtful_addresses(page.column("email"))
        return found.union(*(use.doubtful(page.column(use.key)) for use in self.uses | {TO}))


def screen_of(trees: Sequence[Tree]) -> Screen | None:
    """Return the screen for an issue of these trees; None if more is done in them than a column can tell."""
    try:
        return Screen(frozenset(use for tree in trees for use in _uses(tree, frozenset())))
    except _Untold:
        return None


class _Untold(Exception):
    """It is not to be told from columns of values whether this can go wrong."""


def _has_controls(value: object) -> bool:
    return type(value) is str and CONTROLS.search(value) is not None


def _doubtful_addresses(addresses: Sequence[str]) -> set[int]:
    if "".join(addresses).isascii() and all(map(ADDR_SPEC.fullmatch, addresses)):
        return set()
    # An address that is not ASCII is another one on the wire.
    return {n for n, each in enumerate(addresses) if not (each.isascii() and ADDR_SPEC.fullmatch(each))}


def _uses(tree: Tree, there: frozenset[str]) -> Iterator[FieldUse]:
    """Yield what is done with values in `tree`; the fields in `there` have one wherever it is reached."""
    for node in tree:
        match node:
            case Static():
                continue
            case Hole(Name(name)) if name in recipient_names.LINKS:
                continue  # which fails for everybody or for nobody
            case Hole(expression, _, False):
                yield from _printed(expression, there)
            case Branch(condition, then, otherwise):
                yield from _asked(condition, there)
                yield from _uses(then, there | _known(condition))
                yield from _uses(otherwise, there)
            case _:
                raise _Untold


def _printed(expression: Expression, there: frozenset[str]) -> Iterator[FieldUse]:
    """Yield what has to hold for `expression` to be a text, number or truth without control characters."""
    match expression:
        case Field(Name("subscriber"), Const(str(key))):
            yield FieldUse(key, needed=key not in there)
        case Call(
            "filter.default" | "filter.d", (Field(Name("subscriber"), Const(str(key))), Const(str(text))), ()
        ):
            yield FieldUse(key, needed=False)
            yield from _printed(Const(text), there)
        case Call(operation, (inner,), ()) if operation in _LETTERS:
            yield from _printed(inner, there)
        case Call("op.concat", arguments, ()):
            for argument in arguments:
                yield from _printed(argument, there)
        case Const(str(text)) if not _has_controls(text):
            return
        case _:
            raise _Untold


def _asked(expression: Expression, there: frozenset[str]) -> Iterator[FieldUse]:
    """Yield what has to hold for `expression` to have a value, whatever that is."""
    match expression:
        case Field(Name("subscriber"), Const(str(key))):
            yield FieldUse(key, needed=key not in there, printed=False)
        case Call("test.defined" | "test.undefined", (Field(Name("subscriber"), Const(str())),), ()):
            return
        case Call("filter.default" | "filter.d", (Field(Name("subscriber"), Const(str())), Const(value)), ()):
            yield from _asked(Const(value), there)
        case Call("op.bool" | "op.not", (inner,), ()):
            yield from _asked(inner, there)
        case Call("op.and", (left, right), ()):
            yield from _asked(left, there)
            yield from _asked(right, there | _known(left))
        case Call("op.or" | "op.eq" | "op.ne", (left, right), ()):
            yield from _asked(left, there)
            yield from _asked(right, there)
        case Const(value) if value is not None:
            return
        case _:
            yield from _printed(expression, there)


def _known(condition: Expression) -> frozenset[str]:
    """Return fields that have a value for certain where `condition` holds."""
    match condition:
        case Call("op.bool", (inner,), ()):
            return _known(inner)
        case Call("op.and", (left, right), ()):
            return _known(left) | _known(right)
        case Call("test.defined", (Field(Name("subscriber"), Const(str(key))),), ()):
            return frozenset({key})
        case Call(
            "filter.default" | "filter.d", (Field(Name("subscriber"), Const(str(key))), Const(value)), ()
        ):
            return frozenset() if value else frozenset({key})
    return frozenset()
