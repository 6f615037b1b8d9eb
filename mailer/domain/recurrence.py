"""What a recurring schedule does each time: which issue it takes, and what if there is none."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum

from mailer.domain.digest import Digest


class NoneReady(StrEnum):
    """What to do at a time for which no issue is ready."""

    SKIP = "skip"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Recurrence:
    """When something recurs, as a cron expression, and what if nothing is `none_ready` then.

    With a `digest` its issue is made each time, of what is new in feeds.
    """

    cron: str
    none_ready: NoneReady = NoneReady.SKIP
    digest: Digest | None = None

    def text(self) -> str:
        """Return what `parse` reads."""
        return json.dumps(asdict(self))

    @classmethod
    def parse(cls, written: str) -> Recurrence:
        """Return the recurrence that `text` wrote."""
        parts = json.loads(written)
        digest = parts.get("digest")  # those of before feeds have none
        return cls(parts["cron"], NoneReady(parts["none_ready"]), Digest.parse(digest) if digest else None)
