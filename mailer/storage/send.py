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
    """An issue on its way to an audience, bound to the hash of its compiled template."""

    id: int
    slug: str
    audience: Audience
    occasion: int
    subject: str
    revision: str
    candidates: int
    created_at: datetime
    halted: Halt | None
    proved_at: datetime | None


def read_send(row: Row[Any]) -> Send:
    """Return the send in a row of the columns SEND."""
    return Send(
        row.id,
        row.slug,
        Audience.parse(row.audience),
        row.occasion,
        row.subject,
        row.revision,
        row.candidates,
        row.created_at,
        row.halted and Halt(row.halted),
        row.proved_at,
    )
