"""Issues made of feeds: set to recur, made when they are due, and shown as they would go now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mailer.domain.audience import Audience
from mailer.domain.digest import MOST, MOST_FEEDS, Digest
from mailer.domain.recurrence import Recurrence
from mailer.domain.rollout import Rollout
from mailer.errors import NoneReadyYet, UsageError
from mailer.feeds.digest import digest_issue
from mailer.ledger.schedules import Schedule, ScheduleState
from mailer.private import replacing
from mailer.services.feeds import Look, look
from mailer.services.recurring import add_recurring

if TYPE_CHECKING:
    from mailer.bootstrap import App


def add_digest(
    app: App, audience: Audience, recurrence: Recurrence, rollout: Rollout | None = None
) -> Schedule:
    """Have the recurrence's digest of feeds sent each time. UsageError for what could never make one."""
    assert recurrence.digest
    _refuse_unfit(app, recurrence.digest)
    return add_recurring(app, ", ".join(recurrence.digest.feeds), audience, recurrence, rollout)


def _refuse_unfit(app: App, digest: Digest) -> None:
    if not 1 <= digest.at_least <= digest.at_most <= MOST:
        raise UsageError(
            f"--at-least {digest.at_least} --at-most {digest.at_most}: that is never so",
            next_step=f"Choose 1 ≤ --at-least ≤ --at-most ≤ {MOST}.",
        )
    if len(digest.feeds) > MOST_FEEDS:
        raise UsageError(f"{len(digest.feeds)} feeds in one digest", next_step=f"Name {MOST_FEEDS} at most.")
    for address in digest.feeds:
        _refuse_address(address, private=bool(app.settings.own_networks))
    if not any((folder / "feeds" / f"{digest.template}.html").is_file() for folder in app.template_folders):
        raise UsageError(
            f"--template {digest.template}: there is no templates/feeds/{digest.template}.html",
            next_step="Write it, or leave out --template.",
        )


def _refuse_address(address: str, *, private: bool) -> None:
    try:
        parts = urlsplit(address)
        fit = parts.scheme in ("https", "http") and parts.hostname and parts.port != 0
    except ValueError:
        fit = False
    if not fit or not address.isprintable():
        raise UsageError(
            f"--feed {address!r} is no address of the web",
            next_step="Write it like https://www.harbour.example/feed.xml",
        )
    if parts.username is not None:
        raise UsageError(
            "--feed: an address with a password in it would be shown in logs",
            next_step="Use an address without one.",
        )
    if parts.scheme == "http" and not private:
        raise UsageError(
            f"--feed {address} is http: what comes that way anybody may have changed",
            next_step=f"Write https://{address.partition('://')[2]}, or name your own network: FEED_NETWORKS",
        )


def choose_digest(app: App, occurrence: Schedule, who: str, say: Callable[[str], None]) -> str | None:
    """Make the issue of an occurrence that `who` took, and keep that it is; return its path.

    None where the occurrence is another's by now. NoneReadyYet where less is new than it waits for.
    """
    parent = app.schedules.get(occurrence.parent_id or occurrence.id)
    assert parent.recurrence
    assert parent.recurrence.digest
    digest = parent.recurrence.digest
    found = look(app, digest, parent)
    for remark in found.remarks:
        say(f"Schedule {parent.id}: {remark}.")
    if len(found.news) < digest.at_least:
        app.feeds.note(parent.id, found.waiting, app.now())
        raise NoneReadyYet(
            _too_little(found, digest), next_step=f"See it with: mailer schedule show {parent.id}"
        )
    day = occurrence.due_at.astimezone(app.settings.zone).date()
    path = f"issues/{day}-digest-{parent.id}-{occurrence.id}.html"
    text = _text(app, digest, found)
    if found.left_out:
        say(f"Schedule {parent.id}: {found.left_out:,} entries are left out: --at-most {digest.at_most}.")

    def write() -> None:
        _write(app.root / path, text)

    taken = app.feeds.take(occurrence, who, path, found.settled, found.standings, write, app.now())
    return path if taken else None


def _text(app: App, digest: Digest, found: Look) -> str:
    return digest_issue(
        found.items,
        found.left_out,
        app.now().astimezone(app.settings.zone).date(),
        app.template_folders,
        digest.template,
        app.settings.language,
        full_text=digest.full_text,
    )


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(exist_ok=True)
    with replacing(file) as written:
        written.write(text.encode())


def _too_little(found: Look, digest: Digest) -> str:
    if len(found.troubles) == len(digest.feeds):
        return "; ".join(found.troubles)
    new = f"{len(found.news)} new, and it waits for {digest.at_least}" if found.news else "nothing is new"
    return "; ".join([f"{new} in {', '.join(digest.feeds)}", *found.troubles])


@dataclass(frozen=True, slots=True)
class DigestNow:
    """The text of an issue that would be made now, and to which lists it would go, if that is known."""

    text: str
    lists: tuple[str, ...]


def digest_now(app: App, feeds: tuple[str, ...], remark: Callable[[str], None]) -> DigestNow:
    """Return the issue that would be made of these feeds now; UsageError if none would.

    As the schedule has it that sends them, else by the defaults and with all of it new.
    """
    schedule = _scheduled(app, feeds)
    digest = schedule.recurrence.digest if schedule and schedule.recurrence else None
    if digest is None:
        digest = Digest(feeds)
        _refuse_unfit(app, digest)
    found = look(app, digest, schedule)
    if not found.news:
        one_is_read = len(found.troubles) < len(digest.feeds)
        step = (
            "Look again when there is something new."
            if one_is_read
            else "Correct --feed, or look again later."
        )
        raise UsageError(_too_little(found, digest), next_step=step)
    for trouble in found.troubles:
        remark(trouble)
    if schedule:
        remark(f"it is shown as schedule {schedule.id} has it, with what it has not sent")
    if len(found.news) < digest.at_least:
        remark(f"{_too_little(found, digest)}: it would not go yet")
    return DigestNow(_text(app, digest, found), schedule.audience.lists if schedule else ())


def _scheduled(app: App, feeds: tuple[str, ...]) -> Schedule | None:
    """Return the first schedule of just these feeds."""
    for each in app.schedules.all(ScheduleState.RECURRING) if app.has_database else []:
        if each.recurrence and each.recurrence.digest and set(each.recurrence.digest.feeds) == set(feeds):
            return each
    return None
