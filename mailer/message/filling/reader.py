"""The short way to a value: what is simply there is looked up, everything else is evaluated."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from mailer.message.expression.expression import Call, Const, Expression, Field, Name
from mailer.message.filling.evaluate import Names, evaluate

Reader = Callable[[Names], Any]


def reader(expression: Expression) -> Reader:
    """Return the function that gives what `evaluate` gives, in a third of the time for a field."""
    match expression:
        case Name(name):
            return _name_reader(name, expression)
        case Field(Name(name), Const(str(key))):
            return _field_reader(name, key, expression)
        case Call("filter.default", (Field(Name(name), Const(str(key))), _), ()):
            return _field_reader(name, key, expression)
    return partial(evaluate, expression)


def _name_reader(name: str, expression: Expression) -> Reader:
    def read(names: Names) -> Any:
        value = names.get(name)
        return evaluate(expression, names) if value is None else value

    return read


def _field_reader(name: str, key: str, expression: Expression) -> Reader:
    def read(names: Names) -> Any:
        target = names.get(name)
        if type(target) is dict and (value := target.get(key)) is not None:
            return value
        return evaluate(expression, names)

    return read
