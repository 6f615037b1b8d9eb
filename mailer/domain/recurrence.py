"""What a recurring schedule does each time: which issue it takes, and what if there is none."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum


class NoneReady(StrEnum):
    """What to do at a time for which no issue is ready."""

    SKIP = "skip"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Recurrence:
    """When something recurs, as a cron expression, and what if nothing is `none_ready` then."""

    cron: str
    none_ready: NoneReady = NoneReady.SKIP

    def text(self) -> str:
        """Return what `parse` reads."""
        return json.dumps(asdict(self))

    @classmethod
    def parse(cls, written: str) -> Recurrence:
        """Return the recurrence that `text` wrote."""
        parts = json.loads(written)
        return cls(parts["cron"], NoneReady(parts["none_ready"]))
