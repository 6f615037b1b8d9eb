"""JSON of people: an array, an object with one in it, or objects one after the other (RFC 8259)."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from itertools import chain
from json import JSONDecodeError, JSONDecoder
from typing import Any, ClassVar

from mailer.domain.field import to_text
from mailer.errors import UsageError
from mailer.people.importing.sources.encoding import lines
from mailer.people.importing.sources.keyed_file import KeyedFile, KeyedRow
from mailer.people.importing.sources.origin import BLOCK, FileOrigin
from mailer.people.importing.sources.row_file import UnreadableRow

LARGEST = 4 * 1024 * 1024  # characters of one person
LONGEST_NUMBER = 300  # figures
# Where people stand in an object that is itself nobody: what programs answer a page at a time.
WITHIN = re.compile(
    r'\s*\{[^\[\]]{0,2000}?"(?:subscribers|members|contacts|entries|results|data|items|subscriptions|'
    r'Suppressions|SuppressedDestinationSummaries)"\s*:\s*(?=\[)'
)
BETWEEN = re.compile(r"[\s,]*")
TOO_DEEP = "is nested too deep"


class JsonFile(KeyedFile):
    """A file of JSON. What is nested has its keys joined by dots: `attribs.town`."""

    __slots__ = ()
    kind: ClassVar[str] = "JSON"

    @staticmethod
    def people(origin: FileOrigin, encoding: str) -> Iterator[KeyedRow | UnreadableRow]:
        """Yield everybody; in JSON lines what is wrong with one line stops no other."""
        if _is_whole(next((line for line in lines(origin, encoding) if line.strip()), "")):
            found = _by_line(origin, encoding)
        else:
            found = _Document(origin, encoding).items()
        for line, item in found:
            if isinstance(item, dict):
                values = dict(flat(item))
                if _is_whole_text(values):
                    yield KeyedRow(line, values)
                else:
                    yield UnreadableRow(line, ascii(item)[:100], "has half a character in it (a surrogate)")
            elif isinstance(item, _Broken):
                yield UnreadableRow(line, item.text, item.reason)
            else:
                yield UnreadableRow(line, _text(item)[:100], "is no object: people are written as {...}")


class _Broken:
    """What is no JSON, and why."""

    def __init__(self, text: str, reason: str) -> None:
        self.text, self.reason = text[:100], reason


def _is_whole(line: str) -> bool:
    item = _read(line)
    return isinstance(item, dict) and not WITHIN.match(line)


def _by_line(origin: FileOrigin, encoding: str) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(lines(origin, encoding), 1):
        if line.strip():
            yield number, _read(line)


def _read(text: str) -> Any:
    try:
        return json.loads(text, parse_int=_whole)
    except RecursionError:
        return _Broken(text, TOO_DEEP)
    except ValueError as error:
        return _Broken(text, f"is no JSON: {error}")


def _whole(figures: str) -> int | str:
    """Return a number; one as long as a line of text is kept as text, which costs less."""
    return int(figures) if len(figures) <= LONGEST_NUMBER else figures


class _Document:
    """Reads one item after the other, however long the whole is."""

    def __init__(self, origin: FileOrigin, encoding: str) -> None:
        self._origin = origin
        self._text = io.TextIOWrapper(origin.open(), encoding, newline="")
        self._encoding = encoding
        self._decoder = JSONDecoder(parse_int=_whole)
        self._buffer = ""
        self._at = 0
        self._line = 1

    def items(self) -> Iterator[tuple[int, Any]]:
        """Yield what stands in the array, or one after the other; UsageError where it is no JSON any more."""
        with self._text:
            self._more()
            self._skip(len(found[0]) if (found := WITHIN.match(self._buffer)) else 0)
            array = self._between() == "["
            self._skip(int(array))
            while (sign := self._between()) and not (array and sign == "]"):
                yield self._line, self._item()

    def _between(self) -> str:
        """Go on to what follows blanks and commas, and return its first character; empty at the end."""
        while True:
            found = BETWEEN.match(self._buffer, self._at)
            self._skip(found.end() - self._at if found else 0)
            if self._at < len(self._buffer) or not self._more():
                return self._buffer[self._at : self._at + 1]

    def _item(self) -> Any:
        while True:
            try:
                item, end = self._decoder.raw_decode(self._buffer, self._at)
            except RecursionError:
                raise self._error(TOO_DEEP) from None
            except JSONDecodeError as error:
                if len(self._buffer) - self._at > LARGEST or not self._more():
                    raise self._error(f"is no JSON: {error.msg}") from None
            else:
                self._skip(end - self._at)
                return item

    def _skip(self, count: int) -> None:
        self._line += self._buffer.count("\n", self._at, self._at + count)
        self._at += count

    def _more(self) -> bool:
        """Read on; return whether there was anything."""
        try:
            block = self._text.read(BLOCK)
        except UnicodeError:
            raise self._error(f"can't be read as {self._encoding}") from None
        self._buffer, self._at = self._buffer[self._at :] + block, 0
        return bool(block)

    def _error(self, problem: str) -> UsageError:
        return UsageError(
            f"{self._origin}:{self._line}: what begins here {problem}",
            next_step="Correct it, or write each person on a line of their own (JSON lines).",
        )


def _is_whole_text(values: dict[str, str]) -> bool:
    """Whether it can be written anywhere: JSON may name half of a character (RFC 8259 8.2)."""
    try:
        "".join(chain(values, values.values())).encode()
    except UnicodeEncodeError:
        return False
    return True


def flat(item: dict[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Yield the values of an object as texts, by their keys; of nested ones joined by dots."""
    for key, value in item.items():
        if isinstance(value, dict):
            yield from flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", _text(value)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False) if value else ""
    return json.dumps(value) if isinstance(value, dict) else to_text(value)
