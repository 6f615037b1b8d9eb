"""What a deferred expression may do with a recipient's value: Jinja2's own filters, tests and operators.

The table is the documentation. Filters and tests are Jinja2's functions themselves, run without autoescape:
a value is plain text until it is escaped for its place.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, cast

from jinja2 import StrictUndefined, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from mailer.errors import ExitCode, MailerError
from mailer.message.expression.bounds import check_call, check_operator

# Without autoescape, as the values are no markup yet.
_JINJA = ImmutableSandboxedEnvironment(undefined=StrictUndefined)


class CannotFill(MailerError):
    """A recipient's values don't fit the issue; nothing may be sent to them as it stands."""

    exit_code = ExitCode.REFUSED


class MissingValue(CannotFill):
    """The recipient has no value for `path` (as `subscriber.name`) and the issue has no fallback."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} has no value", next_step=f"Give a fallback: {{{{ {path}|default('…') }}}}")
        self.path = path


class UnfitValue(CannotFill):
    """The recipient has a value, but it can't be used where or how the issue uses it."""


_TEXT_FILTERS = {
    "capitalize",
    "center",
    "format",
    "lower",
    "replace",
    "title",
    "trim",
    "truncate",
    "upper",
    "wordcount",
}
_NUMBER_FILTERS = {"abs", "float", "int", "round"}
_LIST_FILTERS = {"count", "first", "join", "last", "length", "max", "min", "sort", "sum"}
FILTERS = frozenset({"d", "default", "string", *_TEXT_FILTERS, *_NUMBER_FILTERS, *_LIST_FILTERS})

# What they return may be far longer than what they are given.
GROWING = frozenset({"center", "format", "join", "replace", "truncate"})

_KIND_TESTS = {
    "boolean",
    "false",
    "float",
    "integer",
    "iterable",
    "mapping",
    "none",
    "number",
    "sequence",
    "string",
    "true",
}
_VALUE_TESTS = {"divisibleby", "even", "in", "lower", "odd", "upper"}
_ORDER_TESTS = {
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "eq",
    "equalto",
    "ge",
    "greaterthan",
    "gt",
    "le",
    "lessthan",
    "lt",
    "ne",
}
TESTS = frozenset({"defined", "undefined", *_KIND_TESTS, *_VALUE_TESTS, *_ORDER_TESTS})

BINARY = {
    "+": "op.add",
    "-": "op.sub",
    "*": "op.mul",
    "/": "op.div",
    "//": "op.floordiv",
    "%": "op.mod",
    "**": "op.pow",
}
UNARY = {"-": "op.neg", "+": "op.pos"}


# What may meet a field that the recipient lacks, and what may meet one that is None; all else is an error.
TAKES_MISSING = frozenset({"filter.default", "filter.d", "test.defined", "test.undefined"})
TAKES_NONE = TAKES_MISSING | {
    "test.none",
    "op.bool",
    "op.not",
    *(f"op.{name}" for name in ("eq", "ne", "in", "notin")),
    *(f"test.{name}" for name in ("eq", "ne", "equalto", "==", "!=", "in")),
}


def _default(value: Any, default_value: Any = "", boolean: bool = False) -> Any:
    # As Jinja2's, but None counts as absent: a list's empty column must not be mailed as "None".
    absent = value is None or isinstance(value, Undefined) or (boolean and not value)
    return default_value if absent else value


def _defined(value: Any) -> bool:
    return value is not None and not isinstance(value, Undefined)


def _bounded(sign: str, native: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def bounded(left: Any, right: Any) -> Any:
        check_operator(sign, left, right)
        return native(left, right)

    return bounded


def _filter(name: str) -> Callable[..., Any]:
    function = _native(name)
    if name not in GROWING:
        return function

    def bounded(value: Any, *args: Any, **kwargs: Any) -> Any:
        check_call(name, value, [*args, *kwargs.values()])
        return function(value, *args, **kwargs)

    return bounded


def _native(name: str) -> Callable[..., Any]:
    function = cast("Callable[..., Any]", _JINJA.filters[name])
    if not hasattr(function, "jinja_pass_arg"):
        return function
    # It wants the environment or the like, which Jinja2 hands over this way.
    return lambda value, *args, **kwargs: _JINJA.call_filter(name, value, args, kwargs)


def _test(name: str) -> Callable[..., Any]:
    function = cast("Callable[..., Any]", _JINJA.tests[name])
    if not hasattr(function, "jinja_pass_arg"):
        return function
    return lambda value, *args, **kwargs: _JINJA.call_test(name, value, args, kwargs)


def _concat(*values: Any) -> str:
    return "".join(map(str, values))


def _rounds(iterable: Any, arity: int, with_loop: bool) -> list[Any]:
    """Return what a loop's names are bound to, one item a round: the item, or a tuple for several names.

    With `with_loop` the first name is the `loop` variable: a dict of index, first, last and so on.
    """
    if not isinstance(iterable, (list, tuple)):
        raise UnfitValue(f"a {type(iterable).__name__} is not a list to loop over")
    items = [(item,) if arity == 1 else tuple(item) for item in iterable]
    if uneven := next((item for item in items if len(item) != arity), None):
        raise UnfitValue(f"{len(uneven)} values can't be unpacked into {arity} names")
    if with_loop:
        return [(_loop_variable(index, len(items)), *item) for index, item in enumerate(items)]
    return list(iterable) if arity == 1 else items


def _loop_variable(index: int, length: int) -> Mapping[str, Any]:
    return {
        "index": index + 1,
        "index0": index,
        "revindex": length - index,
        "revindex0": length - index - 1,
        "first": index == 0,
        "last": index == length - 1,
        "length": length,
    }


LOOP_FIELDS = frozenset(_loop_variable(0, 1))

OPERATIONS: dict[str, Callable[..., Any]] = {
    **{f"filter.{name}": _filter(name) for name in FILTERS},
    **{f"test.{name}": _test(name) for name in TESTS},
    "filter.default": _default,
    "filter.d": _default,
    "test.defined": _defined,
    "test.undefined": lambda value: not _defined(value),
    "op.add": operator.add,
    "op.sub": operator.sub,
    "op.mul": _bounded("*", operator.mul),
    "op.div": operator.truediv,
    "op.floordiv": operator.floordiv,
    "op.mod": _bounded("%", operator.mod),
    "op.pow": _bounded("**", operator.pow),
    "op.neg": operator.neg,
    "op.pos": operator.pos,
    "op.concat": _concat,
    "op.eq": operator.eq,
    "op.ne": operator.ne,
    "op.lt": operator.lt,
    "op.le": operator.le,
    "op.gt": operator.gt,
    "op.ge": operator.ge,
    "op.in": lambda item, container: item in container,
    "op.notin": lambda item, container: item not in container,
    "op.not": operator.not_,
    "op.bool": bool,
    "op.list": lambda *items: list(items),
    "op.tuple": lambda *items: items,
    "op.rounds": _rounds,
}
