"""The Jinja2 environment in which an issue is rendered once for everybody.

Where Jinja2 asks its environment (attributes, calls, arithmetic, filters, tests, printing), these hooks let
symbols build expressions; what compiles to bare Python, `rewrite` turns into calls of `branches` and
`operators`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from datetime import date, time
from functools import wraps
from types import CodeType
from typing import Any, ClassVar, cast

from jinja2 import BaseLoader, Template, Undefined, nodes, pass_eval_context
from jinja2.nodes import EvalContext
from jinja2.runtime import BlockReference, Context, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Cycler, Joiner, Namespace
from markupsafe import Markup

from mailer.compose.symbolic.branches import Branches
from mailer.compose.symbolic.compiled import CompiledTemplates
from mailer.compose.symbolic.operators import Operators
from mailer.compose.symbolic.refusal import Origin, Refusal, Suggesting, current_origin
from mailer.compose.symbolic.rewrite import rewrite
from mailer.compose.symbolic.symbol import (
    Once,
    Spoiled,
    Symbol,
    Symbolic,
    holds_tokens,
    is_deferred,
    lift,
    rounds_of,
)
from mailer.compose.symbolic.tokens import Role, Tokens
from mailer.message.expression.bounds import CHARACTERS_A_STEP, Budget, check_call
from mailer.message.expression.expression import Call, Field, Name
from mailer.message.expression.operations import BINARY, FILTERS, LOOP_FIELDS, TESTS, UNARY

# What would differ from one rendering to the next; an issue is the same for everybody.
RANDOM_FILTERS = ("random",)
RANDOM_GLOBALS = ("lipsum",)
# These leave ready-made HTML as it is, so they may see tokens in it.
HARMLESS_FILTERS = frozenset({"safe", "escape", "e"})
# These look at what a value is, and text with tokens is text.
HARMLESS_TESTS = frozenset({"defined", "undefined", "none", "string"})
# Methods of a dict that hand on what is in it as it is.
LOOKING = frozenset({"get", "items", "keys", "values"})
PRINTABLE = (str, int, float, date, time, list, tuple, dict, Undefined)


class SymbolicEnvironment(ImmutableSandboxedEnvironment):
    """Templates that may meet symbols. `escapes` is whether it writes HTML, so that plain text is escaped."""

    intercepted_binops = frozenset(BINARY)
    intercepted_unops = frozenset(UNARY)
    compiled: ClassVar = {escapes: CompiledTemplates() for escapes in (True, False)}

    def __init__(self, tokens: Tokens, loader: BaseLoader, *, escapes: bool) -> None:
        super().__init__(
            loader=loader,
            # A style sheet's quotation marks are not text.
            autoescape=lambda name: escapes and not (name or "").endswith(".css"),
            undefined=Suggesting,
            finalize=self.printed,
            auto_reload=False,
            bytecode_cache=self.compiled[escapes],
        )
        self.tokens = tokens
        self.escapes = escapes
        self.budget = Budget()
        self.branches = Branches(tokens, self.budget)
        self.operators = Operators(tokens, self.branches)
        for name in RANDOM_FILTERS:
            del self.filters[name]
        for name in RANDOM_GLOBALS:
            del self.globals[name]
        for kind, table in (("filter", self.filters), ("test", self.tests)):
            for name in table:
                table[name] = self._guarded(kind, name, cast("Callable[..., Any]", table[name]))

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        self.refuse_tokens(source)
        try:
            return rewrite(super()._parse(source, name, filename))
        except RecursionError as error:
            raise self._too_deep(filename) from error

    def refuse_tokens(self, source: str) -> None:
        """Raise RuntimeError where a template has the word by which tokens are found."""
        if self.tokens.held_by(source):
            raise RuntimeError("a template holds the random word that was to be absent from it")

    def get_template(
        self,
        name: str | Template,
        parent: str | None = None,
        globals: MutableMapping[str, Any] | None = None,
    ) -> Template:
        self.budget.step()
        return super().get_template(name, parent, globals)

    def _compile(self, source: str, filename: str) -> CodeType:
        try:
            return super()._compile(source, filename)
        except (RecursionError, SyntaxError) as error:  # of the Python that Jinja2 makes
            raise self._too_deep(filename) from error

    def _too_deep(self, filename: str | None) -> Refusal:
        origin = Origin(filename, None) if filename else None
        return Refusal("its tags are nested too deeply", origin=origin)

    @pass_eval_context
    def printed(self, eval_ctx: EvalContext, value: Any) -> Any:
        """Return what is printed for `value`: a token for a symbol."""
        self.budget.print(value)
        if isinstance(value, Spoiled):
            value.refuse()
        if eval_ctx.autoescape != self.escapes and not isinstance(value, Markup) and self.is_deferred(value):
            raise Refusal("recipients' values can't stand in a style sheet, nor where autoescape was changed")
        if isinstance(value, Symbol):
            if value.expression == Name("subscriber"):
                raise Refusal("subscriber has fields; print one of them: {{ subscriber.name }}")
            word = self.tokens.write(Role.VALUE, current_origin(), value.expression)
            return Markup(word)  # noqa: S704 (letters and digits)
        if value is None:
            raise Refusal("the value to print is none", next_step="Give a |default('…', true)")
        if not isinstance(value, PRINTABLE) and not hasattr(value, "__html__"):
            raise Refusal(f"a {type(value).__name__} can't be printed")
        if not isinstance(value, str) and self.is_deferred(value):
            raise Refusal(
                "a list with recipients' values in it can't be printed", next_step="Add |join(', ')"
            )
        return value

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self._look_up(obj, attribute, super().getattr)

    def getitem(self, obj: Any, argument: Any) -> Any:
        return self._look_up(obj, argument, super().getitem)

    def _look_up(self, obj: Any, key: Any, native: Callable[[Any, Any], Any]) -> Any:
        rounds = rounds_of(obj)
        if rounds:
            if key not in LOOP_FIELDS:
                raise Refusal(f"loop.{key} is not offered where a recipient's list is looped over")
            obj = rounds.loop
        if isinstance(obj, Spoiled):
            obj.refuse()
        if isinstance(obj, str) and self.is_deferred(obj):
            raise holds_tokens("be taken apart")
        keys = [key, *obj] if isinstance(obj, Mapping) else [key]
        self.budget.step(len(keys) // CHARACTERS_A_STEP)
        if any(isinstance(name, str) and self.is_deferred(name) for name in keys):
            raise holds_tokens("be looked up")
        if isinstance(obj, Symbol) or isinstance(key, Symbolic):
            if isinstance(key, str) and key.startswith("_"):
                raise Refusal(f"{key!r} is not a field: fields don't begin with an underscore")
            return Symbol(Field(lift(obj, self.tokens), lift(key, self.tokens)))
        return native(obj, key)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        self.budget.handle(left, right)
        native = super().call_binop
        return self.operators.binary(operator, left, right, lambda: native(context, operator, left, right))

    def call_unop(self, context: Context, operator: str, arg: Any) -> Any:
        if self.is_deferred(arg):
            return self.operators.defer(UNARY[operator], arg)
        return super().call_unop(context, operator, arg)

    def call(self, context: Context, obj: Any, *args: Any, **kwargs: Any) -> Any:
        # Of str.format the sandbox gives a function of its own.
        owner = getattr(getattr(obj, "__wrapped__", obj), "__self__", None)
        self.budget.handle(owner, *args, *kwargs.values())
        if not isinstance(obj, (Macro, BlockReference)) and not isinstance(owner, (Branches, Operators)):
            self._check_call(obj, owner, args, kwargs)
        return super().call(context, obj, *args, **kwargs)

    def _check_call(self, obj: Any, owner: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        if isinstance(obj, Symbolic):
            obj.refuse()
        name = getattr(obj, "__name__", type(obj).__name__)
        given = [*args, *(value for key, value in kwargs.items() if not key.startswith("_"))]
        if isinstance(owner, str):
            check_call(name, owner, given)
        if rounds_of(obj):
            given.append(obj)
        if not (isinstance(owner, dict) and name in LOOKING):
            given.append(owner)
        if any(map(self.is_deferred, given)):
            raise Refusal(f"{name}() can't be called with a recipient's value; only macros and filters can")
        if isinstance(obj, (Joiner, Cycler)) or isinstance(owner, (Cycler, LoopContext, Namespace)):
            self.branches.unchanged(f"a {type(owner or obj).__name__.lower()}")

    def is_deferred(self, value: Any) -> bool:
        """Whether `value` is or holds a recipient's."""
        return is_deferred(value, self.tokens)

    def _guarded(self, kind: str, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the filter or test `function` with an eye on what it is given."""
        skipped = 1 if hasattr(function, "jinja_pass_arg") else 0

        @wraps(function)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            given = args[skipped:]
            self.budget.handle(*given, *kwargs.values())
            if given:
                check_call(name, given[0], [*given[1:], *kwargs.values()])
            if self._is_to_defer(kind, name, given, kwargs):
                return self._defer(kind, name, given, kwargs)
            result = function(*args, **kwargs)
            # A symbol refuses to be iterated, but looks like an iterator for that.
            once = isinstance(result, Iterator) and not isinstance(result, Symbolic)
            return Once(result, self.branches.place) if once else result

        return guarded

    def _is_to_defer(self, kind: str, name: str, given: tuple[Any, ...], named: Mapping[str, Any]) -> bool:
        if not given:
            return False
        value, *rest = given
        self.branches.used_here(value)
        if isinstance(value, Suggesting):
            value.refuse_near_miss()
        if isinstance(value, str) and self.is_deferred(value):
            if (kind == "filter" and name in HARMLESS_FILTERS and isinstance(value, Markup)) or (
                kind == "test" and name in HARMLESS_TESTS
            ):
                return False
            raise holds_tokens(f"go through the {kind} {name!r}")
        if kind == "filter" and name in ("default", "d"):
            return self.is_deferred(value)  # whatever the fallback is, it is only handed on
        return any(map(self.is_deferred, (value, *rest, *named.values())))

    def _defer(self, kind: str, name: str, given: Iterable[Any], named: Mapping[str, Any]) -> Symbol:
        offered = FILTERS if kind == "filter" else TESTS
        if name not in offered:
            raise Refusal(
                f"the {kind} {name!r} can't be used on a recipient's value", next_step=_offer(offered)
            )
        arguments = tuple(lift(value, self.tokens) for value in given)
        keywords = tuple((key, lift(named[key], self.tokens)) for key in sorted(named))
        return Symbol(Call(f"{kind}.{name}", arguments, keywords))


def _offer(offered: Iterable[str]) -> str:
    return f"Offered are: {', '.join(sorted(offered))}"
