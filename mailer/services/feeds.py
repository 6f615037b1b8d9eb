"""What is new in feeds, for one schedule or for none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from mailer.domain.digest import Digest
from mailer.feeds.digest import Item
from mailer.feeds.entry import Feed, NoFeed
from mailer.feeds.reading import MOST_OCTETS, read_feed
from mailer.ledger.feeds import FeedStanding, Settled
from mailer.ledger.schedules import Schedule, ScheduleState
from mailer.online.document import Document, Failed, Wanted, read_documents

if TYPE_CHECKING:
    from mailer.bootstrap import App


@dataclass(frozen=True, slots=True)
class News:
    """An entry that a schedule has not been through with, and by what it is known."""

    item: Item
    keys: tuple[str, ...]


@dataclass(slots=True)
class Look:
    """What was found in feeds: `news`, the newest first; how they stand now; what was not so before.

    `before` is how they stood, to be kept where some news wait: what is asked for with an ETag comes once.
    """

    at_most: int
    before: Mapping[str, FeedStanding]
    news: list[News] = field(default_factory=list)
    standings: list[FeedStanding] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @property
    def items(self) -> list[Item]:
        """What goes out."""
        return [each.item for each in self.news[: self.at_most]]

    @property
    def left_out(self) -> int:
        """How many are one too many."""
        return len(self.news) - len(self.items)

    @property
    def settled(self) -> Iterator[Settled]:
        """All of it, once it has gone out."""
        for number, each in enumerate(self.news):
            yield Settled(each.keys, sent=number < self.at_most)

    @property
    def troubles(self) -> list[str]:
        """Which feeds can't be read, and why."""
        return [f"{each.address}: {each.trouble}" for each in self.standings if each.trouble]

    @property
    def waiting(self) -> list[FeedStanding]:
        """How feeds stand if nothing of the news goes out."""
        if not self.news:
            return self.standings
        unsaid = FeedStanding("")
        return [
            replace(each, etag=old.etag, last_modified=old.last_modified)
            for each in self.standings
            for old in [self.before.get(each.address, unsaid)]
        ]


def look(app: App, digest: Digest, schedule: Schedule | None) -> Look:
    """Read the feeds of `digest`; nothing is kept of it. Without a schedule all of it is new."""
    before = app.feeds.standings(schedule.id) if schedule else {}
    standing = [before.get(address, FeedStanding(address)) for address in digest.feeds]
    wanted = [Wanted(each.moved_to or each.address, each.etag, each.last_modified) for each in standing]
    found = Look(digest.at_most, before)
    feeds: list[tuple[str, Feed]] = []
    now = app.now()
    for old, answer in zip(
        standing, read_documents(wanted, MOST_OCTETS, allowed=app.settings.own_networks), strict=True
    ):
        new, feed = _read(old, answer, now)
        found.standings.append(new)
        found.remarks += _remarks(old, new)
        if feed:
            feeds.append((old.address, feed))
    found.news = list(_unsettled(app, _in_order(feeds, now), schedule))
    return found


def _read(old: FeedStanding, answer: Document | Failed, now: datetime) -> tuple[FeedStanding, Feed | None]:
    if isinstance(answer, Failed):
        # Whatever it moved to, the next look begins where it was.
        return FeedStanding(old.address, trouble=answer.words), None
    moved = replace(old, moved_to=answer.moved_to or old.moved_to, trouble="")
    if answer.octets is None:
        return moved, None
    try:
        feed = read_feed(answer.octets, answer.address, now, answer.content_type)
    except NoFeed as error:
        return FeedStanding(old.address, trouble=f"it {error}"), None
    return replace(moved, etag=answer.etag, last_modified=answer.last_modified), feed


def _remarks(old: FeedStanding, new: FeedStanding) -> Iterator[str]:
    """Yield what is so since this look: each is said once."""
    if new.moved_to and new.moved_to != old.moved_to:
        yield f"{new.address} has moved to {new.moved_to} for good, and is read there from now on"
    if new.trouble and new.trouble != old.trouble:
        yield f"{new.address} can't be read: {new.trouble}"
    if old.trouble and not new.trouble:
        yield f"{new.address} can be read again"


def _in_order(feeds: Sequence[tuple[str, Feed]], now: datetime) -> list[News]:
    """Return what feeds hold, the newest first; what has no date is as old as what stands before it."""
    dated: list[tuple[datetime, News]] = []
    for address, feed in feeds:
        date = now
        for entry in feed.entries:
            date = entry.date or date
            dated.append((date, News(Item(entry, feed), entry.keys(address))))
    return [news for _, news in sorted(dated, key=lambda each: each[0], reverse=True)]


def _unsettled(app: App, found: Sequence[News], schedule: Schedule | None) -> Iterator[News]:
    """Yield what the schedule has not been through with; what stands in several feeds once."""
    keys = [key for each in found for key in each.keys]
    known = app.feeds.settled(_in_its_place(app, schedule), keys) if schedule and keys else set()
    for each in found:
        if known.isdisjoint(each.keys):
            known.update(each.keys)
            yield each


def _in_its_place(app: App, schedule: Schedule) -> list[int]:
    """Return a schedule and those that were removed of the same audience: one may stand in for another.

    Whoever takes a schedule back to set another time does not want its readers to get all of it again.
    """
    removed = app.schedules.all(ScheduleState.REMOVED)
    return [schedule.id, *(each.id for each in removed if each.audience == schedule.audience)]
