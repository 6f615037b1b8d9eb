"""The property two-stage rendering stands on: filled in, an edition equals the slow way, for anybody."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st
from slow_way import Desk, desk

from mailer.errors import IssueError
from mailer.message.expression.operations import CannotFill

WORDS = st.text("ab<&\"'{}% é𝄞-", max_size=6)
NUMBERS = st.integers(-3, 20)
RECIPIENTS = st.fixed_dictionaries(
    {
        "name": WORDS,
        "paid": st.booleans(),
        "age": NUMBERS,
        "tags": st.lists(WORDS, max_size=3),
        "place": st.fixed_dictionaries({"city": WORDS}),
    },
    optional={"nick": WORDS},
)

TEXTS = st.sampled_from(
    ["subscriber.name", "subscriber.place.city", "subscriber['name']", "issue.title", "params.word", "'<a>'"]
)
FILTERED = st.sampled_from(
    ["title", "upper", "trim", "truncate(3, true)", "replace('a', 'b')", "default('x', true)"]
)
FALLBACKS = st.sampled_from(["default('f')", "default(subscriber.name)", "default('')|upper"])


@st.composite
def expressions(draw: st.DrawFn, names: tuple[str, ...] = ()) -> str:
    """An expression that is text; `names` are in scope."""
    kind = draw(st.integers(0, 6))
    text = draw(st.sampled_from(names)) if names and draw(st.booleans()) else draw(TEXTS)
    if text in names and draw(st.integers(0, 3)):
        return text  # it may be finished text, which can only be printed
    if kind == 0:
        return f"{text}|{draw(FILTERED)}"
    if kind == 1:
        return f"subscriber.nick|{draw(FALLBACKS)}"
    if kind == 2:
        return f"{text} ~ {draw(TEXTS)}"
    if kind == 3:
        return f"{text} if {draw(conditions(names))} else {draw(TEXTS)}"
    if kind == 4:
        return (
            f"{draw(st.sampled_from(['subscriber.age', '3']))} {draw(st.sampled_from('+-*'))} subscriber.age"
        )
    if kind == 5:
        return f"(subscriber.tags|join('{draw(st.sampled_from(['-', '<']))}')) or {text}"
    return text


@st.composite
def conditions(draw: st.DrawFn, names: tuple[str, ...] = ()) -> str:
    simple = st.one_of(
        st.sampled_from(
            [
                "subscriber.paid",
                "not subscriber.paid",
                "subscriber.tags",
                "params.flag",
                "not params.flag",
                "subscriber.nick is defined",
                "'a' in subscriber.tags",
                "subscriber.name == params.word",
                "subscriber.age is even",
                "1 < subscriber.age < params.number",
                *names[:1],
            ]
        ),
        NUMBERS.map(lambda number: f"subscriber.age > {number}"),
    )
    if draw(st.integers(0, 3)):
        return draw(simple)
    return f"({draw(simple)} {draw(st.sampled_from(['and', 'or']))} {draw(simple)})"


@st.composite
def templates(draw: st.DrawFn, depth: int = 3, names: tuple[str, ...] = ()) -> str:
    """Template source; `names` are in scope, and may or may not be text with values in it."""
    parts = []
    for _ in range(draw(st.integers(1, 3))):
        part, bound = draw(pieces(depth, names))
        parts.append(part)
        names += bound
    return "".join(parts)


@st.composite
def pieces(draw: st.DrawFn, depth: int, names: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """One piece of a template, and the names it binds for the pieces after it."""
    shown = draw(expressions(names))
    kind = draw(KINDS if depth else st.integers(0, 5))
    inner = draw(templates(depth - 1, names)) if kind > 5 else ""
    other = draw(templates(depth - 1, names)) if kind in (6, 7, 8) else ""
    name = f"n{draw(st.integers(0, 3))}"
    flat = {
        0: "<p>static &amp; <b>text</b></p>",
        1: f"<p>{{{{ {shown} }}}}</p>",
        2: f'<i title="{{{{ {shown} }}}}" lang="en">x</i>',
        3: f'<a href="https://h.example/?a={{{{ {shown} }}}}&amp;b=1">x</a>',
        4: f"{{% set {name} = {shown} %}}",
        5: f"{{{{ {shown} }}}} ",
    }
    if kind in flat:
        return flat[kind], (name,) if kind == 4 else ()
    condition = draw(conditions(names))
    nested = {
        6: f"{{% if {condition} %}}{inner}{{% else %}}{other}{{% endif %}}",
        7: f"{{% if {condition} %}}{inner}{{% elif {draw(conditions())} %}}{other}{{% endif %}}",
        8: f"{{% for t in subscriber.tags %}}{inner}{{{{ t ~ loop.index }}}}{{% else %}}{other}"
        "{% endfor %}",
        9: f"{{% for t in params.list %}}{inner}{{{{ t }}}}{{% endfor %}}",
        10: f"<div>{inner}</div>",
        11: f"{{% set {name} %}}{inner}{{% endset %}}",
        13: f"{{% filter {draw(st.sampled_from(['upper', 'trim']))} %}}{inner}{{% endfilter %}}",
        12: f"{{% macro m{name}(x) %}}<u>{{{{ x }}}}</u>{inner}{{% endmacro %}}{{{{ m{name}({shown}) }}}}",
    }
    return nested[kind], (name,) if kind == 11 else ()


# Filters round a part are mostly refused, so they come last and seldom.
KINDS = st.one_of(st.integers(0, 12), st.integers(0, 13))

STYLES = st.lists(
    st.sampled_from(
        [
            "p { color: #111 }",
            "b, i { font-weight: bold !important }",
            "p:first-child { margin: 0 }",
            "p + p { margin: 1px }",
            "div > p { color: #222 }",
            "div u { color: #333 }",
            "a[href] { color: #444 }",
            "@media (max-width: 9px) { p { color: #555 } }",
        ]
    ),
    max_size=4,
    unique=True,
).map("\n".join)

PARAMS = st.fixed_dictionaries(
    {"word": WORDS, "flag": st.booleans(), "number": NUMBERS, "list": st.lists(WORDS, max_size=2)}
)


@settings(max_examples=2 * settings().max_examples)
@given(templates(), STYLES, PARAMS, st.lists(RECIPIENTS, min_size=1, max_size=4))
def test_an_edition_equals_the_slow_way_for_anybody_or_is_refused(
    layout: str, css: str, params: dict[str, Any], recipients: list[dict[str, Any]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        at = desk(Path(folder), layout, css=css, params=params, subject="{{ subscriber.name }}!")
        try:
            edition = at.edition()
        except IssueError as refusal:
            event(f"refused: {str(refusal).partition(': ')[2][:40]}")
            return
        event("rendered")
        for recipient in recipients:
            compare(at, edition, recipient)


def compare(at: Desk, edition: Any, recipient: dict[str, Any]) -> None:
    try:
        mail = at.fill(edition, recipient)
    except CannotFill:
        event("not filled")
    else:
        assert mail == at.slowly(recipient)
