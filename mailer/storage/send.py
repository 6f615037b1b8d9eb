"""A send: one issue to one audience, as its row says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from mailer.domain.audience import Audience
from mailer.domain.delivery import Halt
from mailer.storage.schema import sends

# A send without its template, which is large and wanted by workers only.
SEND = [column for column in sends.c if column is not sends.c.template]


@dataclass(frozen=True, slots=True)
class Send:
    """An issue on its way to an audience, bound to the hash of its compiled template.

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
    subject_put: str | None = None
    halted: Halt | None = None
    halted_at: datetime | None = None
    halted_by: str | None = None


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
        row.subject_put,
        row.halted and Halt(row.halted),
        row.halted_at,
        row.halted_by,
    )
