"""The reference way to fill a tree, simple and obviously right: the program's own is held against it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jinja2 import StrictUndefined, TemplateError, Undefined

from mailer.message.expression.expression import Call, Const, Expression, Field, Name, describe
from mailer.message.expression.operations import (
    OPERATIONS,
    TAKES_MISSING,
    TAKES_NONE,
    CannotFill,
    MissingValue,
    UnfitValue,
)
from mailer.message.filling.escape import escape_value
from mailer.message.filling.residual import Branch, Hole, Loop, Static, Tree

Names = Mapping[str, Any]

_FAULTS = (
    TypeError,
    ValueError,
    ArithmeticError,
    LookupError,
    AttributeError,
    AssertionError,  # of Jinja2's truncate, for a length below that of its dots
    TemplateError,
    RecursionError,
)


def fill_text(tree: Tree, names: Names) -> str:
    """Return `tree` filled for one recipient; raises MissingValue and UnfitValue."""
    return "".join(_fill(tree, dict(names)))


def _fill(tree: Tree, names: dict[str, Any]) -> Iterator[str]:
    for node in tree:
        match node:
            case Static(text):
                yield text
            case Hole(expression, place, url_start):
                yield escape_value(evaluate(expression, names), place, url_start)
            case Branch(condition, then, otherwise):
                yield from _fill(then if evaluate(condition, names) else otherwise, names)
            case Loop():
                yield from _fill_loop(node, names)


def _fill_loop(loop: Loop, names: dict[str, Any]) -> Iterator[str]:
    rounds = list(bind(loop, names))
    for bound in rounds:
        yield from _fill(loop.body, bound)
    if not rounds:
        yield from _fill(loop.otherwise, names)


def bind(loop: Loop, names: Names) -> Iterator[dict[str, Any]]:
    """Yield the names that hold in the body of `loop`, one mapping a round."""
    for item in evaluate(loop.iterable, names):
        values = (item,) if len(loop.names) == 1 else item
        yield {**names, **dict(zip(loop.names, values, strict=True))}


def evaluate(expression: Expression, names: Names) -> Any:
    """Return the value of `expression`; `names` are the recipient's and those that loops bind.

    Raises MissingValue where a field is absent or None and no `default` catches it, and UnfitValue where an
    operation can't take the value it gets (`title` of a list, a number added to text).
    """
    try:
        value = _value(expression, names)
    except CannotFill:
        raise
    except _FAULTS as error:
        raise UnfitValue(f"{describe(expression)}: {error}") from error
    if value is None or isinstance(value, StrictUndefined):
        raise MissingValue(describe(expression))
    return value


def _value(expression: Expression, names: Names) -> Any:
    """The value, or a StrictUndefined where a field is absent: `default` and `defined` may still catch it."""
    match expression:
        case Field(target, key):
            return _look_up(expression, _present(target, names, none=True), _present(key, names))
        case Name(name):
            return names[name] if name in names else _absent(expression)
        case Const(value):
            return value
        case Call("op.and", (left, right)):
            return _value(right, names) if (value := _present(left, names, none=True)) else value
        case Call("op.or", (left, right)):
            return value if (value := _present(left, names, none=True)) else _value(right, names)
        case Call("op.if", (condition, then, *otherwise)):
            if _present(condition, names, none=True):
                return _value(then, names)
            # As Jinja2's: an inline if without else prints nothing.
            return _value(otherwise[0], names) if otherwise else Undefined()
        case Call(operation, arguments, keywords):
            values = [_argument(operation, argument, names) for argument in arguments]
            named = {key: _argument(operation, argument, names) for key, argument in keywords}
            return OPERATIONS[operation](*values, **named)


def _look_up(field: Field, target: Any, key: Any) -> Any:
    """Look up data only: a key of a mapping, an index of a list or a text, never a Python attribute."""
    try:
        if isinstance(target, Mapping) or (isinstance(target, (list, tuple, str)) and isinstance(key, int)):
            return target[key]
    except (LookupError, TypeError):
        pass
    return _absent(field)


def _absent(expression: Expression) -> StrictUndefined:
    return StrictUndefined(hint=f"{describe(expression)} has no value")


def _present(expression: Expression, names: Names, *, none: bool = False) -> Any:
    """The value, which must not be absent; nor None, unless `none` or it is a constant of the issue."""
    value = _value(expression, names)
    if isinstance(value, StrictUndefined) or (
        value is None and not none and not isinstance(expression, Const)
    ):
        raise MissingValue(describe(expression))
    return value


def _argument(operation: str, expression: Expression, names: Names) -> Any:
    if operation in TAKES_MISSING:
        return _value(expression, names)
    return _present(expression, names, none=operation in TAKES_NONE)
