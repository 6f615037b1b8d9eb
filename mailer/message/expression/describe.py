"""Expressions in an editor's words, for messages."""

from __future__ import annotations

from mailer.message.expression.expression import Call, Const, Expression, Field, Name

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
