"""Tokens: what a recipient's value, `if` or `for` prints while the issue is rendered for everybody at once.

A token is one lowercase alphanumeric word, so neither HTML parsers nor serialisers split, escape or re-encode
it; its first half is random and absent from all input.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from mailer.compose.symbolic.refusal import Origin, Refusal
from mailer.message.expression.expression import Expression

_DIGITS = 5


class Role(StrEnum):
    """What a token stands for."""

    VALUE = "value"
    IF = "if"
    FOR = "for"
    ELSE = "else"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """One printed token, and the `word` it is printed as.

    `expression` is the value, the condition or what is looped over; `names` are what a loop binds. The tokens
    of one `if` or `for` share its `group`, a number; values have none. `origin` is where it was printed.
    """

    word: str
    role: Role
    origin: Origin | None
    expression: Expression | None = None
    group: int = 0
    names: tuple[str, ...] = ()

    @property
    def is_value(self) -> bool:
        """Whether it stands for a value, not for a part of an `if` or `for`."""
        return self.role is Role.VALUE


class Tokens:
    """All tokens of one edition; `pattern` is what each looks like."""

    def __init__(self, inputs: Iterable[str]) -> None:
        self._nonce = _absent_word(list(inputs))
        self._tokens: list[Token] = []
        self.pattern = re.compile(f"{self._nonce}([0-9]{{{_DIGITS}}})")
        self._groups = 0

    def next_group(self) -> int:
        """Return a number for the tokens of one `if` or `for`."""
        self._groups += 1
        return self._groups

    def write(
        self,
        role: Role,
        origin: Origin | None,
        expression: Expression | None = None,
        group: int = 0,
        names: tuple[str, ...] = (),
    ) -> str:
        """Return the word of a new token."""
        number = len(self._tokens)
        if number >= 10**_DIGITS:
            raise Refusal(f"more than {number:,} recipients' values in one issue", origin=origin)
        word = f"{self._nonce}{number:0{_DIGITS}}"
        self._tokens.append(Token(word, role, origin, expression, group, names))
        return word

    def held_by(self, text: str) -> bool:
        """Whether a token, or a part of one, stands in `text`."""
        return self._nonce in text

    def split(self, text: str) -> Iterator[str | Token]:
        """Yield the static stretches of `text` (none of them empty) and its tokens, in order."""
        for position, piece in enumerate(self.pattern.split(text)):
            if position % 2:
                yield self._tokens[int(piece)]
            elif piece:
                yield piece

    def read(self, text: str) -> list[Token]:
        """Return the tokens in `text`, in order."""
        return [self._tokens[int(found.group(1))] for found in self.pattern.finditer(text)]


def _absent_word(inputs: list[str]) -> str:
    while True:
        # A letter first, so that the word is a name wherever names are looked for.
        word = f"q{secrets.token_hex(8)}x"
        if not any(word in text for text in inputs):
            return word
