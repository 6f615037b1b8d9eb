"""Jinja2's operators in rewritten templates: they build an expression where they meet a symbol, else run."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from jinja2 import Undefined, pass_eval_context
from jinja2.nodes import EvalContext
from jinja2.runtime import markup_join, str_join

from mailer.compose.symbolic.branches import Branches
from mailer.compose.symbolic.symbol import Spoiled, Symbol, holds_tokens, is_deferred, lift
from mailer.compose.symbolic.tokens import Tokens
from mailer.message.expression.bounds import check_joined, check_operator
from mailer.message.expression.expression import Call, Expression
from mailer.message.expression.operations import BINARY

_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "lteq": operator.le,
    "gt": operator.gt,
    "gteq": operator.ge,
    "in": lambda item, container: item in container,
    "notin": lambda item, container: item not in container,
}
_NAMES = {"lteq": "le", "gteq": "ge"}


class Operators:
    """The rewritten template calls these. Those for `and`, `or` and inline `if` close what is open."""

    def __init__(self, tokens: Tokens, branches: Branches) -> None:
        self._tokens = tokens
        self._branches = branches

    def defer(self, operation: str, *arguments: Any) -> Symbol:
        """Return the symbol for `operation` on these values."""
        return Symbol(Call(operation, tuple(lift(argument, self._tokens) for argument in arguments)))

    def both(self, right: Any) -> Any:
        """`left and right`, after Branches.begin(left)."""
        opened = self._branches.close()
        if opened.expression:
            return self.defer("op.and", opened.value, right)
        return right if opened.taken else opened.value

    def either(self, right: Any) -> Any:
        """`left or right`, after Branches.begin_unless(left)."""
        opened = self._branches.close()
        if opened.expression:
            return self.defer("op.or", opened.value, right)
        return opened.value if opened.taken else right

    def chosen(self, first: Any, second: Any) -> Any:
        """`first if condition else second`, after Branches.begin(condition)."""
        opened = self._branches.close()
        if opened.expression:
            # Without an else Jinja2 has an Undefined there that prints nothing.
            rest = () if type(second) is Undefined else (second,)
            return self.defer("op.if", opened.value, first, *rest)
        return first if opened.taken else second

    def nothing(self) -> Undefined:
        """The value of an inline if without else."""
        return Undefined(hint="this inline if has no else, and its condition is false")

    def negate(self, value: Any) -> Any:
        """`not value`."""
        return self.defer("op.not", value) if self._branches.condition(value) else not value

    def compare(self, first: Any, *rest: Any) -> Any:
        """`first < second <= third`; `rest` has Jinja2's names of the operators before their right sides."""
        left, expressions, result = first, list[Expression](), True
        for name, right in zip(rest[::2], rest[1::2], strict=True):
            if self._is_deferred(left, right):
                expressions.append(self.defer(f"op.{_NAMES.get(name, name)}", left, right).expression)
            else:
                self._branches.used_here(right)
                result = result and _COMPARE[name](left, right)
            left = right
        if not expressions or not result:
            return result
        symbol = Symbol(expressions[0])
        for expression in expressions[1:]:
            symbol = Symbol(Call("op.and", (symbol.expression, expression)))
        return symbol

    def binary(self, sign: str, left: Any, right: Any, native: Callable[[], Any]) -> Any:
        """`left + right` and the like. Finished text may be joined with `+`, nothing else."""
        if not self._is_deferred(left, right):
            check_operator(sign, left, right)
            return native()
        if sign == "+" and isinstance(left, str) and isinstance(right, str):
            check_joined([left, right])
            return native()
        return self.defer(BINARY[sign], left, right)

    @pass_eval_context
    def concat(self, eval_ctx: EvalContext, *values: Any) -> Any:
        """`a ~ b ~ c`. Finished text may be joined with other text."""
        if any(self._is_deferred(value) and not isinstance(value, str) for value in values):
            return self.defer("op.concat", *values)
        check_joined(values)
        return (markup_join if eval_ctx.autoescape else str_join)(values)

    def sliced(self, value: Any, start: Any, stop: Any, step: Any) -> Any:
        """`value[start:stop:step]`."""
        for part in (value, start, stop, step):
            self.settled(part)
        return value[start:stop:step]

    def settled(self, value: Any) -> Any:
        """Return `value`, which has to be the same for all recipients."""
        if isinstance(value, (Symbol, Spoiled)):
            value.refuse()
        if self._is_deferred(value):
            raise holds_tokens("be used here")
        return value

    def _is_deferred(self, *values: Any) -> bool:
        return any(is_deferred(value, self._tokens) for value in values)
