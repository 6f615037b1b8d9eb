"""Fields of a subscriber and their types, so that `paid` = "no" is false and 04109 stays a postal code."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import date
from enum import StrEnum

Value = str | int | float | bool | list[str]

TRUE = frozenset({"true", "yes", "y", "on"})
FALSE = frozenset({"false", "no", "n", "off"})
NUMBER = re.compile(r"[+-]?[0-9]{1,300}(\.[0-9]{1,300})?", re.ASCII)
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


class FieldError(ValueError):
    """A value is not of its field's type; the message says which and how to write it."""


class FieldType(StrEnum):
    """What a field holds. A date is kept as ISO text (2026-11-23), a list as texts."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "true/false"
    DATE = "date"
    LIST = "list"


class Guess:
    """The type of a column, from its values one after the other; empty ones say nothing.

    Careful rather than clever: a number only if it prints as it was typed (so 007, 1.50 and +351 stay text),
    true or false only by words, a list only as a JSON array.
    """

    def __init__(self) -> None:
        self._left = [FieldType.BOOLEAN, FieldType.NUMBER, FieldType.DATE, FieldType.LIST]
        self.seen = False  # whether any value was

    def see(self, text: str) -> None:
        """Take one value into account."""
        if text and self._left:
            self.seen = True
            self._left = [kind for kind in self._left if _is_plainly(text, kind)]

    @property
    def type(self) -> FieldType:
        """The type so far; text if nothing was seen or nothing else fits every value."""
        return self._left[0] if self.seen and self._left else FieldType.TEXT


def infer(values: Iterable[str]) -> FieldType:
    """Return the type that fits every value of a whole column."""
    guess = Guess()
    for value in values:
        guess.see(value)
    return guess.type


def _is_plainly(text: str, kind: FieldType) -> bool:
    try:
        value = convert(text, kind)
    except FieldError:
        return False
    match kind:
        case FieldType.NUMBER:
            return str(value) == text
        case FieldType.BOOLEAN:
            return text not in ("0", "1")
        case FieldType.LIST:
            return text.startswith("[")
        case _:
            return True


def convert(text: str, kind: FieldType) -> Value:
    """Return the value that `text` (not empty) writes in this type, or raise FieldError."""
    match kind:
        case FieldType.TEXT:
            return text
        case FieldType.NUMBER:
            return _number(text)
        case FieldType.BOOLEAN:
            return _boolean(text)
        case FieldType.DATE:
            return _date(text)
        case FieldType.LIST:
            return _list(text)


def _number(text: str) -> int | float:
    if not NUMBER.fullmatch(text):
        raise FieldError(f"{text!r} is not a number; write it like 1250 or 12.5")
    return float(text) if "." in text else int(text)


def _boolean(text: str) -> bool:
    word = text.casefold()
    if word in TRUE or word == "1":
        return True
    if word in FALSE or word == "0":
        return False
    raise FieldError(f"{text!r} is not true or false; write yes or no")


def _date(text: str) -> str:
    try:
        if DATE.fullmatch(text):
            return date.fromisoformat(text).isoformat()
    except ValueError:
        pass
    raise FieldError(f"{text!r} is not a date; write it like 2026-11-23")


def _list(text: str) -> list[str]:
    """A JSON array, or texts with semicolons or else commas between them."""
    if text.startswith("["):
        try:
            items = json.loads(text)
        except ValueError:
            items = None
        if isinstance(items, list) and all(isinstance(item, str) for item in items):
            return items
        raise FieldError(f'{text!r} is not a list of texts; write it like: red; green, or ["red", "green"]')
    parts = text.split(";" if ";" in text else ",")
    return [item for part in parts if (item := part.strip())]


def to_text(value: object) -> str:
    """Return a value as a person would type it again: `convert` reads it back."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            plain = all(_is_plain_item(item) for item in value)
            return "; ".join(value) if plain else json.dumps(list(value), ensure_ascii=False)
        case _:
            return str(value)


def _is_plain_item(item: str) -> bool:
    return bool(item) and item == item.strip() and not re.search(r"[;,\[\]]", item)


def field_name(column: str) -> str:
    """Return the name of the field in a column headed `column`: `First Name` gives first_name."""
    return re.sub(r"\W+", "_", column.strip().casefold()).strip("_")
