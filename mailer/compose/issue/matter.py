"""What front matter holds, whatever it is written in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mailer.domain.issue import IssueNotice


@dataclass(frozen=True, slots=True)
class KeyValue:
    """One key, as typed, with its value, on `line` of the file.

    Text is not guessed at (in YAML 1.1 `lang: no` would be False and `title: 12:30` a number): a YAML or
    bare value is text, or lists and mappings of text, except under `params`; TOML values have their own
    types. None is an empty value. `within` has the lines of a mapping's keys, as far as they are known.
    """

    key: str
    line: int
    value: Any
    within: Mapping[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The key as it is looked up."""
        return normal_key(self.key)


@dataclass(frozen=True, slots=True)
class Matter:
    """The entries in their order, and what of the front matter was left out."""

    entries: list[KeyValue]
    notices: list[IssueNotice] = field(default_factory=list)


class NoMatter(ValueError):
    """What stands between two fences has no keys: it is prose between two rules."""


def normal_key(key: str) -> str:
    """Return `key` in lower case, with `_` for `-` and spaces."""
    return re.sub(r"[-\s]", "_", key.strip().lower())
