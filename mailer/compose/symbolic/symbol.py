"""Symbolic values: what stands for a recipient's values while templates run, once for everybody.

What a template does with a Symbol becomes an Expression. Whatever would need the value now is refused: a
Symbol has no text, truth, length or order, so that no Python code can get past unseen.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from datetime import date
from typing import Any, NoReturn

from jinja2 import Undefined
from jinja2.runtime import LoopContext
from jinja2.utils import Namespace
from markupsafe import Markup

from mailer.compose.symbolic.refusal import Refusal
from mailer.compose.symbolic.tokens import Tokens
from mailer.message.expression.bounds import Opaque
from mailer.message.expression.expression import Call, Const, Expression, Name, describe

_SCALARS = (str, int, float, bool, type(None))
_COLLECTIONS = (list, tuple, set, frozenset, ItemsView, KeysView, ValuesView)
# All that Python does with a value without asking us first.
_CONVERSIONS = "str repr format bytes bool int float complex index round trunc floor ceil hash html fspath"
_COLLECTING = "len length_hint iter next reversed contains getitem call"
_OPERATORS = "eq ne lt le gt ge add sub mul truediv floordiv mod pow neg pos abs invert and or xor"
_REVERSED = "radd rsub rmul rtruediv rfloordiv rmod rpow rand ror rxor"


class Symbolic(Opaque):
    """Something that a template must not touch without our knowing."""

    __slots__ = ()

    def refuse(self, *_: Any, **__: Any) -> NoReturn:
        """Raise the Refusal that says why."""
        raise NotImplementedError


for _protocol in f"{_CONVERSIONS} {_COLLECTING} {_OPERATORS} {_REVERSED}".split():
    setattr(Symbolic, f"__{_protocol}__", lambda self, *given, **named: self.refuse(*given, **named))


class Symbol(Symbolic):
    """A value that each recipient has their own of."""

    __slots__ = ("expression",)

    def __init__(self, expression: Expression) -> None:
        self.expression = expression

    def refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise Refusal(
            f"{describe(self.expression)} is different for each recipient, so it can't be used like this"
        )


class Spoiled(Symbolic):
    """A name that was set where only some recipients pass, used where all do."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise Refusal(
            f"{self.name!r} was set in a part that only some recipients get, and is used outside of it",
            next_step=f"Use an inline if: {{% set {self.name} = a if condition else b %}}",
        )


class Rounds(list[Any]):
    """What a `for` over a recipient's list runs over: one round of symbols. `loop` is its loop variable."""

    def __init__(self, names: tuple[str, ...], loop: str) -> None:
        symbols = tuple(Symbol(Name(name)) for name in names)
        super().__init__(symbols if len(symbols) == 1 else (symbols,))
        self.loop = Symbol(Name(loop))


class Once(Iterator[Any]):
    """What a filter returns item by item (`map`, `select` …): it can be used up once only, at its `place`."""

    def __init__(self, items: Iterator[Any], place: object) -> None:
        self.items = list(items)
        self.place = place
        self._rest = iter(self.items)

    def __next__(self) -> Any:
        return next(self._rest)


def rounds_of(value: Any) -> Rounds | None:
    """Return the rounds that the `loop` variable `value` counts, if it is that of a recipient's loop."""
    iterable = value._iterable if isinstance(value, LoopContext) else None
    return iterable if isinstance(iterable, Rounds) else None


def is_deferred(value: Any, tokens: Tokens) -> bool:
    """Whether `value` is symbolic, is text that holds tokens, or has such a thing somewhere inside."""
    rest, seen = [value], set[int]()
    while rest:
        item = rest.pop()
        if isinstance(item, str):
            if tokens.held_by(item):
                return True
        elif isinstance(item, (Symbolic, Namespace)) or rounds_of(item) is not None:
            return True
        elif id(item) not in seen:
            seen.add(id(item))  # YAML may build a list that holds itself
            rest.extend(_inside(item))
    return False


def _inside(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return [*value.keys(), *value.values()]
    if isinstance(value, Once):
        return value.items
    return list(value) if isinstance(value, _COLLECTIONS) else []


def lift(value: Any, tokens: Tokens) -> Expression:
    """Return `value` as an expression: a symbol's own, or the issue's value as a constant."""
    if isinstance(value, Symbol):
        return value.expression
    if isinstance(value, Spoiled):
        value.refuse()
    if isinstance(value, str) and tokens.held_by(value):
        raise holds_tokens("be used to work out a recipient's value")
    if type(value) in _SCALARS or isinstance(value, date):
        return Const(value)
    if type(value) in (list, tuple):
        return Call(f"op.{type(value).__name__}", tuple(lift(item, tokens) for item in value))
    raise Refusal(_cannot_lift(value))


def _cannot_lift(value: Any) -> str:
    if isinstance(value, Markup):
        return "ready-made HTML can't be part of a recipient's value, which is plain text until it is printed"
    if isinstance(value, Undefined):
        str(value)  # a strict one says itself what is undefined
        return "an inline if without else can't be part of a recipient's value"
    return f"a {type(value).__name__} can't be part of a recipient's value"


def holds_tokens(use: str) -> Refusal:
    """Return the refusal to let finished text, with a recipient's value somewhere in it, `use`."""
    return Refusal(
        f"this text has recipients' values in it and can't {use}",
        next_step="Work with the value itself (subscriber.name|upper), then print it",
    )
