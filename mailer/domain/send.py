"""A send: one issue to one audience."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mailer.domain.audience import Audience
from mailer.domain.delivery import Halt


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
