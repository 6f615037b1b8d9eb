"""Symbols: nothing that Python does with a value gets past them; what templates do becomes expressions."""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import date
from types import CodeType
from typing import Any

import pytest
from jinja2 import DictLoader
from markupsafe import Markup, escape

from mailer.compose.symbolic.environment import SymbolicEnvironment
from mailer.compose.symbolic.refusal import Refusal
from mailer.compose.symbolic.symbol import Once, Spoiled, Symbol, is_deferred, lift
from mailer.compose.symbolic.tokens import Role, Tokens
from mailer.message.expression.expression import Call, Const, Expression, Field, Name, describe
from mailer.message.expression.operations import FILTERS, OPERATIONS, TESTS
from mailer.message.filling.evaluate import reader

SUBSCRIBER = Name("subscriber")
NAME = Field(SUBSCRIBER, Const("name"))

PEEKS: list[Callable[[Any], Any]] = [
    str,
    repr,
    bool,
    len,
    iter,
    next,
    hash,
    int,
    float,
    list,
    escape,
    "{}".format,
    "%s".__mod__,
    lambda symbol: symbol == 1,
    lambda symbol: symbol < 1,
    lambda symbol: 1 in symbol,
    lambda symbol: symbol in ["a"],
    lambda symbol: symbol[0],
    lambda symbol: symbol(),
    lambda symbol: symbol + 1,
    lambda symbol: "a" + symbol,
    lambda symbol: Markup("<b>") + symbol,
    lambda symbol: -symbol,
    lambda symbol: {symbol: 1},
    lambda symbol: sorted([symbol, symbol]),
    lambda symbol: "".join(["a", symbol]),
    operator.index,
]


@pytest.mark.parametrize("peek", PEEKS)
@pytest.mark.parametrize("deferred", [Symbol(NAME), Spoiled("n")], ids=["symbol", "spoiled"])
def test_no_operation_of_python_gets_past(deferred: Symbol | Spoiled, peek: Callable[[Any], Any]) -> None:
    with pytest.raises((Refusal, TypeError)):
        peek(deferred)


def test_deferred_things_are_found_wherever_they_hide() -> None:
    tokens = Tokens([])
    word = tokens.write(Role.VALUE, None, NAME)
    endless: list[Any] = []
    endless.append(endless)
    hidden = [Symbol(NAME), Spoiled("n"), f"a{word}b", Markup(word), Once(iter([word]), ())]
    for value in hidden:
        for holder in (value, [value], ({"a": [value]},), {"a": value}.values(), {"a": value}.items()):
            assert is_deferred(holder, tokens)
    assert is_deferred({word: 1}, tokens)
    for value in ("text", 1, None, endless, {"a": ["b"]}, date(2026, 11, 22)):
        assert not is_deferred(value, tokens)


@pytest.mark.parametrize("value", ["a", 1, 1.5, True, None, date(2026, 11, 22)])
def test_plain_values_become_constants(value: Any) -> None:
    assert lift(value, Tokens([])) == Const(value)


def test_lists_and_tuples_stay_what_they_are() -> None:
    for value in ([1, "a", [2]], (1, "a", [2])):
        assert reader(lift(value, Tokens([])))({}) == value


@pytest.mark.parametrize("value", [Markup("a"), {"a": 1}, {1}, object(), Spoiled("n")])
def test_other_values_are_not_lifted(value: Any) -> None:
    with pytest.raises(Refusal):
        lift(value, Tokens([]))


EXPRESSIONS = {
    "subscriber.name": NAME,
    "subscriber['na' ~ 'me']": NAME,
    "subscriber.name|title": Call("filter.title", (NAME,)),
    "subscriber.name|truncate(3, end='')": Call("filter.truncate", (NAME, Const(3)), (("end", Const("")),)),
    "subscriber.name is not divisibleby(3)": Call("op.not", (Call("test.divisibleby", (NAME, Const(3))),)),
    "1 < subscriber.name": Call("op.lt", (Const(1), NAME)),
    "subscriber.name <= 1": Call("op.le", (NAME, Const(1))),
    "subscriber.name - 1": Call("op.sub", (NAME, Const(1))),
    "-subscriber.name": Call("op.neg", (NAME,)),
    "subscriber.name and 1": Call("op.and", (NAME, Const(1))),
    "subscriber.name or 1": Call("op.or", (NAME, Const(1))),
    "1 and subscriber.name": NAME,
    "0 or subscriber.name": NAME,
    "2 if subscriber.name else 3": Call("op.if", (NAME, Const(2), Const(3))),
    "2 if subscriber.name": Call("op.if", (NAME, Const(2))),
    "'a' ~ subscriber.name ~ 1": Call("op.concat", (Const("a"), NAME, Const(1))),
    "subscriber.name in ['a']": Call("op.in", (NAME, Call("op.list", (Const("a"),)))),
}


@pytest.mark.parametrize(("source", "expression"), EXPRESSIONS.items())
def test_a_template_builds_the_expression_it_means(source: str, expression: Expression) -> None:
    tokens = Tokens([source])
    environment = SymbolicEnvironment(tokens, DictLoader({"t": f"{{{{ {source} }}}}"}), escapes=True)
    printed = environment.get_template("t").render(subscriber=Symbol(SUBSCRIBER))
    assert [token.expression for token in tokens.read(printed)] == [expression]
    assert printed == tokens.read(printed)[0].word


def test_a_template_is_compiled_once_for_all_editions_and_anew_when_it_says_something_else() -> None:
    def code_of(source: str, *, escapes: bool = True) -> CodeType:
        environment = SymbolicEnvironment(Tokens([]), DictLoader({"tide": source}), escapes=escapes)
        rendered = environment.get_template("tide").root_render_func
        assert environment.get_template("tide").render() == source
        return rendered.__code__

    high = code_of("High at nine.")
    assert code_of("High at nine.") is high
    assert code_of("High at ten.") is not high
    assert code_of("High at nine.", escapes=False) is not high
    assert code_of("High at nine.") is high


def test_a_kept_template_is_looked_at_for_the_word_of_tokens_each_time() -> None:
    tokens = Tokens([])
    word = tokens.write(Role.VALUE, None, NAME)
    loader = DictLoader({"tide": f"High at {word}."})
    assert SymbolicEnvironment(Tokens([]), loader, escapes=True).get_template("tide").render()
    with pytest.raises(RuntimeError, match="random word"):
        SymbolicEnvironment(tokens, loader, escapes=True).get_template("tide")


def test_every_offered_filter_and_test_has_its_operation() -> None:
    environment = SymbolicEnvironment(Tokens([]), DictLoader({}), escapes=True)
    assert environment.filters.keys() >= FILTERS
    assert environment.tests.keys() >= TESTS
    named = {f"filter.{name}" for name in FILTERS} | {f"test.{name}" for name in TESTS}
    assert {name for name in OPERATIONS if not name.startswith("op.")} == named
    assert not FILTERS & {"safe", "escape", "e", "forceescape", "attr", "map", "random", "tojson", "xmlattr"}


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        (NAME, "subscriber.name"),
        (Field(NAME, Const(0)), "subscriber.name[0]"),
        (Name("tag.12"), "tag"),
        (Call("filter.replace", (NAME, Const("a"), Const("b"))), "subscriber.name|replace('a', 'b')"),
        (Call("test.odd", (NAME,)), "subscriber.name is odd"),
        (Call("op.ge", (NAME, Const(3))), "subscriber.name >= 3"),
        (Call("op.not", (NAME,)), "not subscriber.name"),
        (Call("op.if", (NAME, Const(1), Const(2))), "1 if subscriber.name else 2"),
        (Call("op.bool", (NAME,)), "subscriber.name"),
        (Call("op.list", (NAME, Const(1))), "[subscriber.name, 1]"),
    ],
)
def test_expressions_are_described_as_an_editor_writes_them(expression: Expression, words: str) -> None:
    assert describe(expression) == words
