"""The reference way to fill a tree, simple and obviously right: the program's own is held against it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mailer.message.filling.escape import escape_value
from mailer.message.filling.evaluate import Names, bind, evaluate
from mailer.message.filling.residual import Branch, Hole, Loop, Static, Tree


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
