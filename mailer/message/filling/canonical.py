"""Residual trees and expressions as JSON, one text for one meaning: what a send keeps and its hash is of."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

from mailer.message.expression.expression import Call, Const, Expression, Field, Name
from mailer.message.filling.residual import Branch, Hole, Loop, Node, Place, Static, Tree


def canonical_json(data: Any) -> str:
    """Return JSON that is the same in every process: keys sorted, no spare white space, ASCII."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"))


def expression_key(expression: Expression) -> str:
    """Return a text that is equal for equal expressions only; `==` would take Const(1) for Const(True)."""
    return canonical_json(dump_expression(expression))


def dump_tree(tree: Tree) -> list[Any]:
    """Return `tree` as JSON data: a text for a Static, an object for any other node."""
    return [_dump_node(node) for node in tree]


def load_tree(data: list[Any]) -> Tree:
    """Return the tree that `dump_tree` wrote; raises KeyError, TypeError or ValueError on anything else."""
    return tuple(_load_node(item) for item in data)


def dump_expression(expression: Expression) -> Any:
    """Return `expression` as JSON data; raises TypeError for a constant that JSON could not bring back."""
    match expression:
        case Const(value):
            return {"const": _dump_value(value)}
        case Name(name):
            return {"name": name}
        case Field(target, key):
            return {"field": [dump_expression(target), dump_expression(key)]}
        case Call(operation, arguments, keywords):
            return {
                "call": operation,
                "arguments": [dump_expression(argument) for argument in arguments],
                "keywords": [[name, dump_expression(value)] for name, value in keywords],
            }


def load_expression(data: Any) -> Expression:
    """Return the expression that `dump_expression` wrote."""
    match data:
        case {"const": value}:
            return Const(_load_value(value))
        case {"name": str(name)}:
            return Name(name)
        case {"field": [target, key]}:
            return Field(load_expression(target), load_expression(key))
        case {"call": str(operation), "arguments": arguments, "keywords": keywords}:
            return Call(
                operation,
                tuple(load_expression(argument) for argument in arguments),
                tuple((name, load_expression(value)) for name, value in keywords),
            )
    raise ValueError(f"not an expression: {data!r}")


def walk_expressions(tree: Tree) -> Iterator[Expression]:
    """Yield every expression in `tree`, those inside others too."""
    for node in tree:
        match node:
            case Hole(expression):
                yield from _parts(expression)
            case Branch(condition, then, otherwise):
                yield from _parts(condition)
                yield from walk_expressions(then + otherwise)
            case Loop(_, iterable, body, otherwise):
                yield from _parts(iterable)
                yield from walk_expressions(body + otherwise)


def _parts(expression: Expression) -> Iterator[Expression]:
    yield expression
    match expression:
        case Field(target, key):
            yield from _parts(target)
            yield from _parts(key)
        case Call(_, arguments, keywords):
            for argument in (*arguments, *(value for _, value in keywords)):
                yield from _parts(argument)


def _dump_node(node: Node) -> Any:
    match node:
        case Static(text):
            return text
        case Hole(expression, place, url_start):
            return {"hole": dump_expression(expression), "place": place.value, "url_start": url_start}
        case Branch(condition, then, otherwise):
            return {"if": dump_expression(condition), "then": dump_tree(then), "else": dump_tree(otherwise)}
        case Loop(names, iterable, body, otherwise):
            source = dump_expression(iterable)
            return {"for": list(names), "in": source, "body": dump_tree(body), "else": dump_tree(otherwise)}


def _load_node(data: Any) -> Node:
    match data:
        case str(text):
            return Static(text)
        case {"hole": expression, "place": place, "url_start": bool(url_start)}:
            return Hole(load_expression(expression), Place(place), url_start)
        case {"if": condition, "then": then, "else": otherwise}:
            return Branch(load_expression(condition), load_tree(then), load_tree(otherwise))
        case {"for": names, "in": iterable, "body": body, "else": otherwise}:
            return Loop(tuple(names), load_expression(iterable), load_tree(body), load_tree(otherwise))
    raise ValueError(f"not a node: {data!r}")


# What JSON has no word for, by its tag. A datetime is a date too, so it comes first.
_TAGGED: dict[str, tuple[type, Callable[[Any], Any], Callable[[Any], Any]]] = {
    "tuple": (
        tuple,
        lambda value: [_dump_value(item) for item in value],
        lambda data: tuple(map(_load_value, data)),
    ),
    "datetime": (datetime, datetime.isoformat, datetime.fromisoformat),
    "date": (date, date.isoformat, date.fromisoformat),
}


def _dump_value(value: Any) -> Any:
    if value is None or type(value) in (str, bool, int, float):
        return value
    for tag, (kind, dump, _) in _TAGGED.items():
        if isinstance(value, kind):
            return {tag: dump(value)}
    raise TypeError(f"a {type(value).__name__} can't be a constant of a compiled template")


def _load_value(data: Any) -> Any:
    if isinstance(data, dict):
        ((tag, inner),) = data.items()
        return _TAGGED[tag][2](inner)
    return data
