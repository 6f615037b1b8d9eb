"""What is asked of a recipient's fields: an `if` over text, or a yes compared with one, is seldom meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mailer.message.expression.expression import Call, Const, Expression, Field, Name
from mailer.message.filling.canonical import walk_expressions
from mailer.message.filling.residual import Tree

_AS_IT_IS = frozenset(
    f"filter.{name}" for name in ("lower", "upper", "trim", "string", "title", "capitalize")
)
_DEFAULTS = frozenset({"filter.default", "filter.d"})


def decides(tree: Tree) -> Mapping[str, bool]:
    """Return the fields of `subscriber` whose own truth something in `tree` hangs on.

    True for one that is asked whether it is true; False where it is only asked whether there is a value.
    """
    found: dict[str, bool] = {}
    for expression in walk_expressions(tree):
        for name, asked in _tested(expression):
            found[name] = found.get(name, False) or asked
    return found


def compares(tree: Tree) -> Mapping[str, str]:
    """Return the fields of `subscriber` that are compared with a text, each with the first of these."""
    found: dict[str, str] = {}
    for expression in walk_expressions(tree):
        match expression:
            case Call("op.eq" | "op.ne", (value, Const(str(text))) | (Const(str(text)), value)):
                if name := _compared(value):
                    found.setdefault(name, text)
    return found


def _compared(expression: Expression) -> str | None:
    match expression:
        case Field(Name("subscriber"), Const(str(name))):
            return name
        case Call(filter_, (value, *_)) if filter_ in _DEFAULTS:
            return _compared(value)
    return None


def _tested(expression: Expression) -> Iterator[tuple[str, bool]]:
    match expression:
        case Call("op.bool" | "op.not", (value,)) | Call("op.if", (value, *_)):
            yield from _truth(value)
        case Call("op.and" | "op.or", (left, _)):
            yield from _truth(left)


def _truth(expression: Expression) -> Iterator[tuple[str, bool]]:
    """Yield the fields whose truth that of `expression` is."""
    match expression:
        case Field(Name("subscriber"), Const(str(name))):
            yield name, True
        case Call("op.and", (Call("test.defined", (known,)), value)) if known == value:
            yield from ((name, False) for name, _ in _truth(value))
        case Call("op.and" | "op.or", (_, right)):
            yield from _truth(right)  # the left side is tested in its own right
        case Call(filter_, (value, Const(str()), *_)) if filter_ in _DEFAULTS:
            yield from ((name, False) for name, _ in _truth(value))
        case Call(filter_, (value, *_)) if filter_ in _AS_IT_IS | _DEFAULTS:
            yield from _truth(value)
