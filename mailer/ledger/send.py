"""A send: one issue to one audience, as its row says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select

from mailer.domain.audience import Audience
from mailer.domain.delivery import Halt
from mailer.store.schema import revisions, sends

_OWN = revisions.c.send_id == sends.c.id
SEND = [
    *sends.c,
    select(func.max(revisions.c.no)).where(_OWN).scalar_subquery().label("number"),
    select(revisions.c.revision).where(_OWN, revisions.c.no == 1).scalar_subquery().label("first_revision"),
]


@dataclass(frozen=True, slots=True)
class Send:
    """An issue on its way to an audience, bound to the hash of its compiled template.

    `revision` and `subject` are those of the text that is sent now, the `number`th that it had. An erratum
    `corrects` another send: it brings that one's revision no. `correction` to those who had an earlier one.
    `subject_put` is the subject that it was begun with instead of the issue's own; `halted_by` says who
    halted it, or, where it was limited, by which option.
    """

    id: int
    slug: str
    audience: Audience
    occasion: int
    subject: str
    revision: str
    candidates: int
    created_at: datetime
    proved_at: datetime | None
    number: int
    first_revision: str
    corrects: int | None = None
    correction: int | None = None
    subject_put: str | None = None
    halted: Halt | None = None
    halted_at: datetime | None = None
    halted_by: str | None = None

    @property
    def label(self) -> str:
        """What it is called where a person reads of several sends of an issue."""
        return f"{self.slug} (erratum)" if self.corrects else self.slug


def read_send(row: Row[Any]) -> Send:
    """Return the send in a row of the columns SEND."""
    return Send(
        row.id,
        row.slug,
        Audience.parse(row.audience_put or row.audience),
        row.occasion,
        row.subject,
        row.revision,
        row.candidates,
        row.created_at,
        row.proved_at,
        row.number,
        row.first_revision,
        row.corrects,
        row.correction,
        row.subject_put,
        row.halted and Halt(row.halted),
        row.halted_at,
        row.halted_by,
    )


def halted_words(halted: Halt | None, by: str | None = None, now: datetime | None = None) -> dict[str, Any]:
    """Return the columns of a send that say whether it is halted, by whom and since when."""
    return {"halted": halted, "halted_by": by, "halted_at": now, "halt_told_at": None}
