"""Expressions over a recipient's names: what a template deferred, as data.

A node is immutable, compares by value and can be written to JSON and read back, because a send keeps
its compiled template and every later run uses that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Const:
    """A value known when the issue was compiled: text, number, bool, None, or a tuple of them."""

    value: Any


@dataclass(frozen=True, slots=True)
class Name:
    """One of the recipient's names (`subscriber`, `unsubscribe_url`, ...) or a loop's variable."""

    name: str


@dataclass(frozen=True, slots=True)
class Field:
    """`target.key` or `target["key"]`: looks up data only, never a Python attribute."""

    target: Expression
    key: Expression


@dataclass(frozen=True, slots=True)
class Call:
    """A filter, test or operator by its name in `operations`: `filter.title`, `test.defined`, `op.add`."""

    operation: str
    arguments: tuple[Expression, ...]
    keywords: tuple[tuple[str, Expression], ...] = ()


Expression = Const | Name | Field | Call


_SYMBOLS = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "div": "/",
    "floordiv": "//",
    "mod": "%",
    "pow": "**",
    "concat": "~",
    "eq": "==",
    "ne": "!=",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
    "notin": "not in",
}


def describe(expression: Expression) -> str:
    """Return `expression` as an editor would write it, for messages."""
    match expression:
        case Const(value):
            return repr(value)
        case Name(name):
            return name.partition(".")[0]  # a loop's names are numbered
        case Field(target, Const(str(key))):
            return f"{describe(target)}.{key}"
        case Field(target, key):
            return f"{describe(target)}[{describe(key)}]"
        case Call("op.bool" | "op.rounds", (argument, *_)):
            return describe(argument)
        case Call("op.list" | "op.tuple", arguments):
            return f"[{', '.join(describe(argument) for argument in arguments)}]"
        case Call(operation, arguments):
            kind, _, name = operation.partition(".")
            return _describe_call(kind, name, [describe(argument) for argument in arguments])


def _describe_call(kind: str, name: str, arguments: list[str]) -> str:
    first, *rest = arguments or [""]
    listed = f"({', '.join(rest)})" if rest else ""
    if kind == "filter":
        return f"{first}|{name}{listed}"
    if kind == "test":
        return f"{first} is {name}{listed}"
    if name == "if":
        return f"{rest[0]} if {first}" + "".join(f" else {other}" for other in rest[1:])
    if len(arguments) == 1:
        return f"{_SYMBOLS.get(name, name)} {first}"
    return f" {_SYMBOLS.get(name, name)} ".join(arguments)
