"""What an examination found: one thing that was looked at, a verdict, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import NamedTuple


class Grade(StrEnum):
    """How it is; the better first, so that the last is what matters most."""

    SKIPPED = "skipped"
    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


class DnsRecord(NamedTuple):
    """A DNS record to publish; `text` is one text, however many strings a zone file cuts it into."""

    name: str
    type: str
    text: str


@dataclass(frozen=True, slots=True)
class Result:
    """One thing that was looked at. `name` is stable: the section, a dot, what it is, as in `spf.record`.

    `next_step` is there for every warning and error; `record` where a DNS record would put it right.
    """

    verdict: Grade
    name: str
    text: str
    next_step: str = ""
    record: DnsRecord | None = None

    @property
    def section(self) -> str:
        """The first part of the name."""
        return self.name.partition(".")[0]

    def data(self) -> dict[str, object]:
        """The same for `--json`."""
        return {
            "name": self.name,
            "verdict": str(self.verdict),
            "text": self.text,
            "next_step": self.next_step or None,
            "record": self.record._asdict() if self.record else None,
        }


ok = partial(Result, Grade.OK)
note = partial(Result, Grade.NOTE)
warning = partial(Result, Grade.WARNING)
error = partial(Result, Grade.ERROR)
skipped = partial(Result, Grade.SKIPPED)


def unanswered(name: str, words: str) -> Result:
    """Return that DNS left this open; `words` say how."""
    return warning(name, f"not looked at: {words}", "Run it again when DNS answers.")
