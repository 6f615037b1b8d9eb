"""Conditions as they are written: what is parsed again is the same."""

from __future__ import annotations

import re

from mailer.domain.segment.conditions import (
    All,
    Between,
    Compare,
    Condition,
    Either,
    Happened,
    Is,
    Labelled,
    Literal,
    Not,
    OneOf,
    Random,
    Spelling,
)
from mailer.domain.segment.vocabulary import RESERVED

PLAIN_FIELD = re.compile(r"[^\W\d]\w*")
BARE_NAME = re.compile(r"[\w@.+-]+")


def written(condition: Condition) -> str:
    """Return a condition in the language, on one line."""
    match condition:
        case All(parts):
            return " and ".join(_inner(part, All, Either) for part in parts)
        case Either(parts):
            return " or ".join(_inner(part, Either) for part in parts)
        case Not(part):
            return f"not {_inner(part, All, Either)}"
        case Labelled(label=label, name=name):
            return f"{label}:{_name(name)}"
        case Happened(word=word, slug=None, last=None):
            return word
        case Happened(word=word, slug=None, last=last):
            return f"{word} last {last}"
        case Happened(word=word, slug=str(slug)):
            return f"{word} {quoted(slug)}"
        case Random(percent=percent, seed=seed):
            return f"random {percent}%" + (f" seed {quoted(seed)}" if seed else "")
        case _:
            return _about(condition)


def _about(condition: Condition) -> str:
    match condition:
        case Compare(name=name, op=op, value=value):
            return f"{_field(name)} {op} {_literal(value)}"
        case Between(name=name, low=low, high=high):
            return f"{_field(name)} between {_literal(low)} and {_literal(high)}"
        case OneOf(name=name, values=values):
            return f"{_field(name)} in ({', '.join(map(_literal, values))})"
        case Is(name=name, quality=quality):
            return f"{_field(name)} is {quality}"
    raise AssertionError(condition)


def _inner(part: Condition, *kinds: type[Condition]) -> str:
    return f"({written(part)})" if isinstance(part, kinds) else written(part)


def _field(name: str) -> str:
    if name.startswith("field:"):
        return name
    plain = PLAIN_FIELD.fullmatch(name) and name.casefold() not in RESERVED
    return name if plain else f"field:{_name(name)}"


def _name(name: str) -> str:
    return name if BARE_NAME.fullmatch(name) else quoted(name)


def _literal(literal: Literal) -> str:
    return quoted(literal.text) if literal.spelling is Spelling.TEXT else literal.text


def quoted(text: str) -> str:
    """Return a text in quotes, as the language reads it."""
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'
