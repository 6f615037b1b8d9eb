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
