"""Expressions as functions: for any expression and any values they give what the reference gives."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from message_samples import field
from reference_filling import evaluate

from mailer.message.expression.expression import Call, Const, Expression, Field, Name
from mailer.message.expression.operations import CannotFill, UnfitValue
from mailer.message.filling.evaluate import reader

TEXTS = st.sampled_from(["", "a", "ada LOVELACE", "é", "7", "-1.5", "%s"])
VALUES = st.one_of(TEXTS, st.none(), st.booleans(), st.integers(-3, 3), st.just(date(2026, 11, 22)))
FIELDS = st.one_of(VALUES, st.lists(VALUES, max_size=3), st.dictionaries(st.sampled_from(["a", "b"]), VALUES))
SUBSCRIBERS = st.dictionaries(st.sampled_from(["a", "b", "c"]), FIELDS)
LEAVES: list[st.SearchStrategy[Expression]] = [
    st.sampled_from("abcd").map(field),
    st.sampled_from(["item", "subscriber", "unknown"]).map(Name),
    VALUES.map(Const),
    st.just(Const((1, "a"))),
]
UNARY = ["filter.title", "filter.upper", "filter.trim", "filter.length", "filter.first", "filter.round"]
UNARY += ["filter.default", "filter.d", "test.defined", "test.undefined", "test.none", "test.even"]
UNARY += ["op.not", "op.bool", "op.neg", "op.list", "op.tuple", "op.concat"]
BINARY = ["filter.default", "filter.join", "filter.truncate", "filter.center", "test.eq", "test.in"]
BINARY += [
    "op.add",
    "op.mul",
    "op.div",
    "op.mod",
    "op.concat",
    "op.eq",
    "op.ne",
    "op.lt",
    "op.in",
    "op.notin",
]
BINARY += ["op.and", "op.or", "op.if", "op.list"]


def calls(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    return st.one_of(
        st.builds(Field, inner, inner),
        st.builds(Call, st.sampled_from(UNARY), st.tuples(inner)),
        st.builds(Call, st.sampled_from(BINARY), st.tuples(inner, inner)),
        st.builds(Call, st.just("op.if"), st.tuples(inner, inner, inner)),
        st.builds(
            Call,
            st.just("filter.default"),
            st.tuples(inner, inner),
            st.tuples(st.tuples(st.just("boolean"), inner)),
        ),
        st.just(Call("op.list", ())),
    )


EXPRESSIONS: st.SearchStrategy[Expression] = st.recursive(st.one_of(LEAVES), calls, max_leaves=6)


@given(EXPRESSIONS, SUBSCRIBERS, FIELDS)
def test_an_expression_is_worth_what_the_reference_says(
    expression: Expression, subscriber: dict[str, Any], item: Any
) -> None:
    names = {"subscriber": subscriber, "item": item}
    read = reader(expression)
    try:
        expected = evaluate(expression, names)
    except CannotFill as refusal:
        with pytest.raises(type(refusal)) as found:
            read(names)
        assert (str(found.value), found.value.next_step) == (str(refusal), refusal.next_step)
    else:
        assert repr(read(names)) == repr(expected)  # so that True is not 1


def test_what_is_made_for_one_is_not_the_next_ones() -> None:
    read = reader(Call("op.list", (Const("a"), Const("b"))))
    read({}).append("c")
    assert read({}) == ["a", "b"]


def test_what_a_filter_takes_for_impossible_is_told_of_the_value() -> None:
    with pytest.raises(UnfitValue, match=r"subscriber\.a\|truncate\(2\): expected length"):
        reader(Call("filter.truncate", (field("a"), Const(2))))({"subscriber": {"a": "Ada Quint"}})


def test_an_expression_without_end_is_refused() -> None:
    expression: Expression = field("a")
    for _ in range(2000):
        expression = Call("filter.upper", (expression,))
    with pytest.raises(UnfitValue, match="nested too deeply"):
        reader(expression)
