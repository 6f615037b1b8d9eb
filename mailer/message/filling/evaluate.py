"""Expressions as functions of one recipient's names: made once a template, called for every message."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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

Names = Mapping[str, Any]
Reader = Callable[[Names], Any]

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


def reader(expression: Expression) -> Reader:
    """Return the function that evaluates `expression`; `Names` are the recipient's and those that loops bind.

    It raises MissingValue where a field is absent or None and no `default` catches it, and UnfitValue where
    an operation can't take the value it gets (`title` of a list, a number added to text).
    """
    try:
        value_of = _reader(expression)
    except RecursionError:
        raise UnfitValue("an expression of the issue is nested too deeply") from None

    def read(names: Names) -> Any:
        try:
            value = value_of(names)
        except CannotFill:
            raise
        except _FAULTS as error:
            raise UnfitValue(f"{describe(expression)}: {error}") from error
        if value is None or type(value) is StrictUndefined:
            raise MissingValue(describe(expression))
        return value

    return _quick(expression, read)


def _quick(expression: Expression, other: Reader) -> Reader:
    """Return a function that is `other` but quicker for a field that has a value, as nearly all are.

    Its default, if it is given one, makes no difference then.
    """
    match expression:
        case Field(Name(name), Const(str(key))) | Call(
            "filter.default", (Field(Name(name), Const(str(key))), Const()), ()
        ):
            pass
        case _:
            return other

    def read(names: Names) -> Any:
        target = names.get(name)
        if type(target) is dict and (value := target.get(key)) is not None:
            return value
        return other(names)

    return read


def _reader(expression: Expression) -> Reader:
    """The same without its checks: the function returns a StrictUndefined where a field is absent.

    `default` and `defined` may still catch that.
    """
    match expression:
        case Const(value):
            return lambda names: value  # noqa: ARG005
        case Name(name):
            absent = _absent(expression)
            return lambda names: names.get(name, absent)
        case Field():
            return _quick(expression, _item_reader(expression))
        case Call("op.and", (left, right)):
            return _and_reader(_present(left, none=True), _reader(right))
        case Call("op.or", (left, right)):
            return _or_reader(_present(left, none=True), _reader(right))
        case Call("op.if", (condition, then, *otherwise)):
            # As Jinja2's: an inline if without else prints nothing.
            last = _reader(otherwise[0]) if otherwise else lambda names: Undefined()  # noqa: ARG005
            return _if_reader(_present(condition, none=True), _reader(then), last)
        case Call():
            return _quick(expression, _call_reader(expression))


def _item_reader(field: Field) -> Reader:
    target, key, absent = _present(field.target, none=True), _present(field.key), _absent(field)
    return lambda names: _look_up(target(names), key(names), absent)


def _look_up(target: Any, key: Any, absent: StrictUndefined) -> Any:
    """Look up data only: a key of a mapping, an index of a list or a text, never a Python attribute."""
    try:
        if isinstance(target, Mapping) or (isinstance(target, (list, tuple, str)) and isinstance(key, int)):
            return target[key]
    except (LookupError, TypeError):
        pass
    return absent


def _and_reader(left: Reader, right: Reader) -> Reader:
    return lambda names: right(names) if (value := left(names)) else value


def _or_reader(left: Reader, right: Reader) -> Reader:
    return lambda names: value if (value := left(names)) else right(names)


def _if_reader(condition: Reader, then: Reader, otherwise: Reader) -> Reader:
    return lambda names: then(names) if condition(names) else otherwise(names)


def _call_reader(call: Call) -> Reader:
    function = OPERATIONS[call.operation]
    arguments = [_argument(call.operation, each) for each in call.arguments]
    named = {name: _argument(call.operation, each) for name, each in call.keywords}
    if arguments and not named and all(isinstance(each, Const) for each in call.arguments[1:]):
        # As most are: a filter of one value, whose own arguments stand in the issue.
        first, *others = arguments
        if not others:
            return lambda names: function(first(names))
        constants = [each({}) for each in others]
        return lambda names: function(first(names), *constants)
    return lambda names: function(
        *[each(names) for each in arguments], **{name: each(names) for name, each in named.items()}
    )


def _argument(operation: str, expression: Expression) -> Reader:
    if operation in TAKES_MISSING:
        return _reader(expression)
    return _present(expression, none=operation in TAKES_NONE)


def _present(expression: Expression, *, none: bool = False) -> Reader:
    """The value, which must not be absent; nor None, unless `none` or it is a constant of the issue."""
    value_of = _reader(expression)
    if isinstance(expression, Const):
        return value_of

    def read(names: Names) -> Any:
        value = value_of(names)
        if type(value) is StrictUndefined or (value is None and not none):
            raise MissingValue(describe(expression))
        return value

    return read


def _absent(expression: Expression) -> StrictUndefined:
    return StrictUndefined(hint=f"{describe(expression)} has no value")
