"""What whoever runs the program is told: that a send failed, was held or is finished, and more.

Each is told once, by its key: whoever finds the same again finds that it is known. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any


class NoticeEvent(StrEnum):
    """What happened: of what kind it is, and what of that. The setting NOTICES names either."""

    SEND_FINISHED = "send.finished"
    SEND_FAILED = "send.failed"
    SEND_HELD = "send.held"
    SCHEDULE_FAILED = "schedule.failed"
    SCHEDULE_MISSED = "schedule.missed"
    SCHEDULE_SKIPPED = "schedule.skipped"
    SCHEDULE_HELD = "schedule.held"
    SEQUENCE_HELD = "sequence.held"
    ACCOUNT_LIMIT = "account.limit"
    ACCOUNT_LOGIN = "account.login"
    RETURNS_ALERT = "returns.alert"
    SIGNUPS_SURGE = "signups.surge"
    FEED_BROKEN = "feed.broken"
    TEST = "notice.test"

    @property
    def group(self) -> str:
        """Of what kind it is: the part before the dot."""
        return self.partition(".")[0]


GROUPS = tuple(dict.fromkeys(each.group for each in NoticeEvent if each is not NoticeEvent.TEST))


@dataclass(frozen=True, slots=True)
class AdminNotice:
    """One of them: a `title` of one line, `lines` that say more and what to do, and `data` for programs.

    Its key is the event and `about`, which tells it from others of the kind.
    """

    event: NoticeEvent
    about: str
    title: str
    lines: tuple[str, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What it is known by: it is told once."""
        return f"{self.event}:{self.about}"


def wanted(event: NoticeEvent, asked: str) -> bool:
    """Return whether a notice is asked for, by names of events and of kinds, with blanks between them."""
    return event is NoticeEvent.TEST or bool({str(event), event.group} & set(asked.split()))


def read_events(text: str) -> str:
    """Return names of events and kinds with blanks between them; ValueError for one that is none."""
    found, known = text.replace(",", " ").split(), {*GROUPS, *NoticeEvent}
    for each in found:
        if each not in known:
            raise ValueError(f"{each!r} is nothing to be told of; write some of: {', '.join(sorted(known))}")
    return " ".join(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class NoticeWishes:
    """Of which `events` (names, with blanks between) to tell, and where: webhooks by address, and by mail."""

    events: str
    hooks: tuple[str, ...]
    secret: bytes
    by_mail: bool


@dataclass(frozen=True, slots=True)
class NoticeRetries:
    """When to try again to tell it: after half a minute, then three times as long, for three days."""

    first: timedelta = timedelta(seconds=30)
    factor: int = 3
    longest: timedelta = timedelta(hours=6)
    limit: timedelta = timedelta(hours=72)
    spread: float = 0.2  # of the pause, by lot: so that not all who wait for a server come at once

    def pause(self, attempts: int, age: timedelta, lot: float) -> timedelta | None:
        """Return how long to wait after so many attempts (from 1) for what is so old; None: give up.

        `lot` is from 0 to 1.
        """
        whole = min(self.first * self.factor ** min(attempts - 1, 9), self.longest)
        pause = whole * (1 + self.spread * (2 * lot - 1))
        return None if age + pause > self.limit else pause
