"""Which of a recipient's fields a tree looks up, and which of them nobody may be without."""

from __future__ import annotations

from collections.abc import Iterable

from mailer.message.expression.expression import Call, Const, Expression, Field, Name
from mailer.message.expression.operations import TAKES_MISSING
from mailer.message.filling.canonical import walk_expressions
from mailer.message.filling.residual import Branch, Hole, Loop, Tree

SUBSCRIBER = Name("subscriber")
_UNDECIDED = frozenset({"op.and", "op.or", "op.if"})


def uses(tree: Tree) -> frozenset[str]:
    """Return the fields of `subscriber` that `tree` looks up, those behind a `default` or an `if` too."""
    return frozenset(_named(walk_expressions(tree)))


def may_use_any(tree: Tree) -> bool:
    """Whether something in `tree` needs more of `subscriber` than fields that it names: its length, say."""
    expressions = list(walk_expressions(tree))
    return sum(each == SUBSCRIBER for each in expressions) > len(_named(expressions))


def _named(expressions: Iterable[Expression]) -> list[str]:
    """Return the field's name of each that looks up one of `subscriber` by a name that the issue gives."""
    return [
        each.key.value
        for each in expressions
        if isinstance(each, Field)
        and each.target == SUBSCRIBER
        and isinstance(each.key, Const)
        and isinstance(each.key.value, str)
    ]


def requires(tree: Tree) -> frozenset[str]:
    """Return the fields of `subscriber` that nobody may be without: looked up whatever else holds."""
    needed = frozenset[str]()
    for node in tree:
        match node:
            case Hole(expression) | Branch(expression) | Loop(_, expression):
                needed |= _needed(expression)
    return needed


def _needed(expression: Expression) -> frozenset[str]:
    match expression:
        case Field(Name("subscriber"), Const(str(key))):
            return frozenset({key})
        case Field(target, key):
            return _needed(target) | _needed(key)
        case Call(operation, (Field(), *_)) if operation in TAKES_MISSING:
            return frozenset()
        case Call(operation, (first, *_)) if operation in TAKES_MISSING | _UNDECIDED:
            return _needed(first)
        case Call(_, arguments, keywords):
            parts = [*arguments, *(value for _, value in keywords)]
            return frozenset().union(*map(_needed, parts))
    return frozenset()
