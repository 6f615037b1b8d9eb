"""The grammar of segments, and what is wrong with a text that doesn't keep to it.

Words stand in `domain.segment.vocabulary`; they are values where one is expected (`language in (is, no)`).
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import cache
from typing import Any

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedInput, UnexpectedToken, VisitError
from lark.tree import Meta

from mailer.domain.segment.conditions import (
    All,
    Between,
    Compare,
    Condition,
    Either,
    Happened,
    Is,
    Label,
    Labelled,
    Literal,
    Not,
    OneOf,
    Op,
    Quality,
    Random,
    Span,
    Spelling,
    each_of,
    parts_of,
)
from mailer.domain.segment.pointing import place_of, pointed_at
from mailer.domain.segment.values import Misfit
from mailer.domain.segment.vocabulary import DIRECTIONS, EVENTS, JOINED, KEYWORDS, SLIPS, UNITS
from mailer.errors import UsageError

LONGEST = 20_000  # characters
DEEPEST = 40  # conditions inside one another
MOST = 500  # conditions

_TEXT = r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'"""
_NAMED = rf":\s*({_TEXT}|[\w@.+-]+)"
_END = r"(?![\w@.+-])"
_UNITS = "|".join(form for unit in UNITS.items() for form in (unit[1] + "s?", unit[0]))
_TERMINALS = {
    **{word.upper(): (3, rf"{word}\b") for word in KEYWORDS},
    "EVENT": (3, rf"({'|'.join(EVENTS)})\b"),
    "QUALITY": (3, rf"({'|'.join(Quality)})\b"),
    "LABEL": (4, rf"({'|'.join(Label)}){_NAMED}"),
    "FIELD": (4, f"field{_NAMED}"),
    "NAME": (1, r"[^\W\d]\w*"),
    "SIGN": (2, "!=|<=|>=|<|>|=(?!=)"),
    "AWAY": (4, rf"\d{{1,4}}\s*({_UNITS})\s+({'|'.join(DIRECTIONS)})\b"),
    "DAY": (3, rf"\d{{4}}-\d{{2}}-\d{{2}}{_END}"),
    "NUMBER": (2, rf"[+-]?\d+(\.\d+)?{_END}"),
    "PERCENT": (3, r"\d{1,3}(\.\d{1,6})?\s*%"),
    "WORD": (1, r"[\w@][\w@.+-]*"),
    "TEXT": (2, _TEXT),
}
GRAMMAR = r"""
?start: either
?either: all (OR all)*
?all: not (AND not)*
?not: NOT not -> denied
    | "(" either ")"
    | field operator value -> compare
    | field BETWEEN value AND value -> between
    | field NOT? IN "(" value ("," value)* ")" -> one_of
    | field IS NOT? QUALITY -> quality
    | LABEL -> labelled
    | EVENT TEXT? -> happened
    | EVENT LAST NUMBER -> happened_lately
    | RANDOM PERCENT (SEED (TEXT | WORD | NUMBER))? -> random
field: NAME | FIELD
operator: SIGN | CONTAINS | BEGINS WITH | ENDS WITH | BEFORE | AFTER
value: TEXT | WORD | NUMBER | DAY | AWAY
%ignore /\s+/
%ignore /#[^\n]*/
""" + "".join(f"{name}.{priority}: /{pattern}/i\n" for name, (priority, pattern) in _TERMINALS.items())

DAYS = {"before": Op.LT, "after": Op.GT}
_EXPECTED = (
    ({"WORD", "DAY"}, 'a value, such as "Oslo", 1250, 2026-11-29 or 90d ago'),
    ({"TEXT", "LAST"}, 'the name of an issue in quotes, "last 3", "and", "or" or the end'),
    ({"WORD"}, 'a text, such as "b"'),
    (
        {"SIGN"},
        "a comparison: = != < <= > >= contains, begins with, ends with, before, after, between, in, is",
    ),
    ({"NAME"}, 'a condition, such as city = "Oslo", tag:press or list:weekly'),
    ({"QUALITY"}, f"one of {', '.join(Quality)}"),
    ({"PERCENT"}, "a share, such as 10%"),
    ({"NUMBER"}, "a number"),
    ({"COMMA", "RPAR"}, "a comma or a closing parenthesis"),
    ({"WITH"}, '"with"'),
    ({"OR", "RPAR"}, '"and", "or" or a closing parenthesis'),
    ({"OR"}, '"and", "or" or the end'),
    ({"AND"}, '"and" and the other value'),
    ({"RPAR"}, "a closing parenthesis"),
    ({"IN"}, '"in"'),
    ({"LPAR"}, "values in parentheses, such as (nb, nn)"),
)


class SegmentError(UsageError):
    """A definition can't be used; the message shows where, and `hint` is about that place."""

    def __init__(self, text: str, misfit: Misfit, name: str = "") -> None:
        where = f"segment {name}, {place_of(text, misfit.at)}" if name else place_of(text, misfit.at)
        shown = "\n  ".join(pointed_at(text, misfit.at).split("\n"))
        super().__init__(f"{where}: {misfit.problem}\n  {shown}", next_step=misfit.hint)
        self.misfit = misfit


def parse(text: str) -> Condition:
    """Return the condition that `text` writes; Misfit for what the grammar doesn't know."""
    if len(text) > LONGEST:
        raise Misfit(f"a definition has {LONGEST:,} characters at most", Span(LONGEST, LONGEST + 1))
    try:
        tree = _parser().parse(text)
    except UnexpectedInput as error:
        raise _unexpected(text, error) from None
    try:
        condition: Condition = _Reader().transform(tree)
    except VisitError as error:
        raise error.orig_exc from None
    except RecursionError:
        raise _too_much(text) from None
    if _depth(condition) > DEEPEST or sum(1 for _ in each_of(condition)) > MOST:
        raise _too_much(text)
    return condition


def _too_much(text: str) -> Misfit:
    return Misfit(
        f"a definition has {MOST} conditions at most, and {DEEPEST} of them inside one another",
        Span(0, len(text)),
        "Make segments of its parts, and name them by segment:NAME.",
    )


def _depth(condition: Condition) -> int:
    return 1 + max(map(_depth, parts_of(condition)), default=0)


@cache
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr", propagate_positions=True, maybe_placeholders=False)


def _unexpected(text: str, error: UnexpectedInput) -> Misfit:
    awaited = _awaited(error)
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        end = len(text.rstrip())
        return Misfit(f"there is more to come: {awaited}", Span(end, end + 1))
    start = error.pos_in_stream or 0
    found = re.compile(r"[\w@.+-]+|[=<>!&|]+|.", re.DOTALL).match(text, start)
    word = found[0] if found else text[start : start + 1]
    at = Span(start, start + len(word))
    if word in "\"'“”„‘’«»":
        return Misfit(f"a text in quotes doesn't end, or is in others than \" and ': {word}", at)
    return Misfit(f"{word!r} can't stand here; what can is {awaited}", at, _meant(word))


def _awaited(error: UnexpectedInput) -> str:
    found = getattr(error, "accepts", None) or getattr(error, "allowed", None) or error.expected  # type: ignore[attr-defined]
    return next((words for names, words in _EXPECTED if names <= set(found)), "something else")


def _meant(word: str) -> str | None:
    """Return what somebody may have meant by a word that is none of ours."""
    folded = word.casefold()
    if folded in SLIPS:
        return f"Write: {SLIPS[folded]}"
    near = get_close_matches(folded, (*KEYWORDS, *EVENTS, *Quality), n=1)
    return f"Did you mean {near[0]}?" if near and near[0] != folded else None


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL) if text[0] in "\"'" else str(text)


def _span(meta: Meta) -> Span:
    return Span(meta.start_pos, meta.end_pos)


@v_args(meta=True)
class _Reader(Transformer[Token, Any]):
    """Makes conditions of a parsed text."""

    def either(self, meta: Meta, found: list[Any]) -> Condition:
        return Either(tuple(each for each in found if isinstance(each, Condition)), at=_span(meta))

    def all(self, meta: Meta, found: list[Any]) -> Condition:
        return All(tuple(each for each in found if isinstance(each, Condition)), at=_span(meta))

    def denied(self, meta: Meta, found: list[Any]) -> Condition:
        return Not(found[1], at=_span(meta))

    def field(self, meta: Meta, found: list[Token]) -> str:  # noqa: ARG002
        name = found[0].casefold()
        if found[0].type == "NAME":
            return name
        name = _unquoted(name.removeprefix("field:").strip())
        return f"field:{name}" if name == JOINED else name

    def operator(self, meta: Meta, found: list[Token]) -> Op:  # noqa: ARG002
        words = " ".join(found).casefold()
        return DAYS.get(words) or Op(words)

    def value(self, meta: Meta, found: list[Token]) -> Literal:
        spelling = Spelling[found[0].type]
        text = " ".join(found[0].casefold().split()) if spelling is Spelling.AWAY else _unquoted(found[0])
        return Literal(text, spelling, _span(meta))

    def compare(self, meta: Meta, found: list[Any]) -> Condition:
        return Compare(*found, at=_span(meta))

    def between(self, meta: Meta, found: list[Any]) -> Condition:
        return Between(found[0], found[2], found[4], at=_span(meta))

    def one_of(self, meta: Meta, found: list[Any]) -> Condition:
        values = tuple(each for each in found if isinstance(each, Literal))
        return _denied_if(found, OneOf(found[0], values, at=_span(meta)))

    def quality(self, meta: Meta, found: list[Any]) -> Condition:
        return _denied_if(found, Is(found[0], Quality(found[-1].casefold()), at=_span(meta)))

    def labelled(self, meta: Meta, found: list[Token]) -> Condition:
        label, _, name = found[0].partition(":")
        return Labelled(Label(label.casefold()), _unquoted(name.strip()), at=_span(meta))

    def happened(self, meta: Meta, found: list[Token]) -> Condition:
        slug = _unquoted(found[1]) if len(found) > 1 else None
        return Happened(found[0].casefold(), slug, at=_span(meta))

    def happened_lately(self, meta: Meta, found: list[Token]) -> Condition:
        if not re.fullmatch(r"[1-9]\d{0,3}", found[2]):
            raise Misfit("so many issues are none", Span(found[2].start_pos or 0, meta.end_pos))
        return Happened(found[0].casefold(), last=int(found[2]), at=_span(meta))

    def random(self, meta: Meta, found: list[Token]) -> Condition:
        percent = found[1].rstrip("%").strip()
        if not 0 < float(percent) < 100:
            raise Misfit("a share is more than 0 % and less than 100 %", _span(meta))
        return Random(percent, _unquoted(found[3]) if len(found) > 2 else "", at=_span(meta))


def _denied_if(found: list[Any], condition: Condition) -> Condition:
    denied = any(isinstance(each, Token) and each.type == "NOT" for each in found)
    return Not(condition, at=condition.at) if denied else condition
