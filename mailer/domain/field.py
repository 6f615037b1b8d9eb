"""Fields of a subscriber and their types, so that `paid` = "no" is false and 04109 stays a postal code."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from mailer.domain.fold import fold, plain
from mailer.domain.yes_no import WORDS, YesNo

LONGEST_NAME = 64  # characters
Value = str | int | float | bool | list[str]

NUMBER = re.compile(r"[+-]?[0-9]{1,300}(\.[0-9]{1,300})?", re.ASCII)
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
# Fields of codes and names, among which `no` is Norwegian, Norway or Mr No, and `ja` Japanese.
NO_ANSWERS = re.compile(
    r" (lang|languages?|locale|langue|idioma|lingua|taal|sprog|sprak|kieli|jezyk|jazyk|nyelv|limba|dil"
    r"|countr(y|ies)|cc|iso|land|pays|pais|paese|nation|nationality|kraj|zeme|orszag|tara|ulke|state|province"
    r"|initials?|\w*name|nom|prenom|nombre|apellidos?|nome|cognome|code) |sprache |язык|страна"
)


class FieldError(ValueError):
    """A value is not of its field's type; the message says which and how to write it."""


class FieldType(StrEnum):
    """What a field holds. A date is kept as ISO text (2026-11-23), a list as texts."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "true/false"
    DATE = "date"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class OwnField:
    """A field as it is kept: `title` is what readers call it, who may change theirs if it `is_editable`."""

    name: str
    type: FieldType
    title: str = ""
    is_editable: bool = False

    @property
    def shown(self) -> str:
        """What it is called on a page."""
        return self.title or self.name.replace("_", " ")


class Guess:
    """The type of the column that fills the field `name`, from its values one after the other; empty ones say
    nothing.

    Careful rather than clever: a number only if it prints as it was typed (so 007, 1.50 and +351 stay text),
    true or false only by words of one language, a list only as a JSON array.
    """

    def __init__(self, name: str, words: YesNo = WORDS) -> None:
        self._left = [FieldType.NUMBER, FieldType.DATE, FieldType.LIST]
        self._languages = () if NO_ANSWERS.search(f" {fold(name)} ") else words.languages
        self.seen = False  # whether any value was

    @property
    def settled(self) -> bool:
        """Whether no further value can change the type."""
        return self.seen and not (self._languages or self._left)

    def see(self, text: str) -> None:
        """Take one value into account."""
        if not text:
            return
        self.seen = True
        if self._languages:
            word = plain(text)
            self._languages = tuple(each for each in self._languages if word in each[0] or word in each[1])
        if self._left:
            self._left = [kind for kind in self._left if _is_plainly(text, kind)]

    @property
    def type(self) -> FieldType:
        """The type so far; text if nothing was seen or nothing else fits every value."""
        if not self.seen:
            return FieldType.TEXT
        return FieldType.BOOLEAN if self._languages else next(iter(self._left), FieldType.TEXT)


def infer(values: Iterable[str], name: str = "") -> FieldType:
    """Return the type that fits every value of the whole column that fills the field `name`."""
    guess = Guess(name)
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
        case FieldType.LIST:
            return text.startswith("[")
        case _:
            return True


def convert(text: str, kind: FieldType, words: YesNo = WORDS) -> Value:
    """Return the value that `text` (not empty) writes in this type, or raise FieldError.

    `words` are those for true and false.
    """
    match kind:
        case FieldType.TEXT:
            return text
        case FieldType.NUMBER:
            return _number(text)
        case FieldType.BOOLEAN:
            return _boolean(text, words)
        case FieldType.DATE:
            return _date(text)
        case FieldType.LIST:
            return _list(text)


def _number(text: str) -> int | float:
    if not NUMBER.fullmatch(text):
        raise FieldError(f"{text!r} is not a number; write it like 1250 or 12.5")
    return float(text) if "." in text else int(text)


def _boolean(text: str, words: YesNo) -> bool:
    value = {"1": True, "0": False}.get(text, words.read(text))
    if value is None:
        raise FieldError(f"{text!r} is not true or false; write yes or no")
    return value


def _date(text: str) -> str:
    try:
        if DATE.fullmatch(text):
            return date.fromisoformat(text).isoformat()
    except ValueError:
        pass
    raise FieldError(f"{text!r} is not a date; write it like 2026-11-23")


def _list(text: str) -> list[str]:
    """A JSON array, or texts with semicolons or else commas between them, in quotes or not."""
    if text.startswith("["):
        try:
            items = json.loads(text)
        except ValueError:
            items = None
        if isinstance(items, list) and all(isinstance(item, str) for item in items):
            return items
        raise FieldError(f'{text!r} is not a list of texts; write it like: red; green, or ["red", "green"]')
    if text.startswith('"'):
        sign = ";" if re.match(r'"[^"]*"\s*;', text) else ","
        parts = next(csv.reader([text], delimiter=sign, skipinitialspace=True))
    else:
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
            plain = bool(value) and all(_is_plain_item(item) for item in value)
            return "; ".join(value) if plain else json.dumps(list(value), ensure_ascii=False)
        case float():
            figures = f"{Decimal(str(value)):f}"
            return figures if "." in figures else f"{figures}.0"
        case _:
            return str(value)


def _is_plain_item(item: str) -> bool:
    return bool(item) and item == item.strip() and not re.search(r'[;,"\[\]]', item)


def field_name(column: str) -> str:
    """Return the name of the field in a column headed `column`: `First Name` gives first_name."""
    return re.sub(r"\W+", "_", column.strip().casefold()).strip("_")
