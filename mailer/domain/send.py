"""A send: one issue to one audience, or one kind of letter to whom it concerns, one by one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mailer.domain.audience import Audience
from mailer.domain.delivery import Halt
from mailer.domain.rollout import Rollout


class SendKind(StrEnum):
    """What a send brings. All but an issue are letters: written to one person because something happened.

    A send of letters stays open: whoever is written to is added to it.
    """

    ISSUE = "issue"
    CONFIRM = "confirm"  # whether they want what they signed up for
    REMIND = "remind"  # that they have not confirmed it yet
    WELCOME = "welcome"  # once they are on a list
    SEQUENCE = "sequence"  # a step of a sequence that they are in
    ACCOUNT = "account"  # about what is kept of them, because they asked for it
    NOTICE = "notice"  # to whoever runs the program, who is no subscriber

    @property
    def lasts(self) -> bool:
        """Whether it stays open."""
        return self is not SendKind.ISSUE


ASKED = frozenset({SendKind.CONFIRM, SendKind.REMIND})  # these go to people who are on none of the lists yet
# And these to people of a list, who may leave it.
OF_LIST = frozenset({SendKind.ISSUE, SendKind.WELCOME, SendKind.SEQUENCE})


@dataclass(frozen=True, slots=True)
class Send:
    """An issue on its way to an audience, bound to the hash of its compiled template.

    `revision` and `subject` are those of the text that is sent now, the `number`th that it had. An erratum
    `corrects` another send: it brings that one's revision no. `correction` to those who had an earlier one.
    `subject_put` is the subject that it was begun with instead of the issue's own; `halted_by` says who
    halted it, or, where it was limited, by which option; where it stopped by itself, why.
    With a `rollout` it goes in stages.
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
    kind: SendKind = SendKind.ISSUE
    rollout: Rollout | None = None

    @property
    def label(self) -> str:
        """What it is called where a person reads of several sends of an issue."""
        return f"{self.slug} (erratum)" if self.corrects else self.slug
