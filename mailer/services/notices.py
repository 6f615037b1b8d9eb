"""What whoever runs the program is told: noted once, told by mail and webhook, and shown.

A notice keeps no send waiting and fails none: whatever goes wrong with it is written down and tried again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from logging import getLogger
from urllib.parse import urlsplit

from mailer.bootstrap import App
from mailer.domain.admin_notice import AdminNotice, NoticeEvent, wanted
from mailer.domain.delivery import State
from mailer.errors import SettingsError, UsageError
from mailer.ledger import admin_notices
from mailer.ledger.admin_notices import MAIL, KeptNotice, NoticeAttempt, Telling, Way
from mailer.ledger.letters import notices_mailed

log = getLogger(__name__)

SHOWN = 20
LATELY = timedelta(days=7)


def hook_name(address: str) -> str:
    """Return what a webhook is called where it is shown: its address may hold a secret."""
    return f"{urlsplit(address).hostname} ({sha256(address.encode()).hexdigest()[:6]})"


def note(app: App, found: AdminNotice) -> int | None:
    """Note what is to be told, and log it; return its number, None if it is known."""
    with app.database.connect() as connection:
        if admin_notices.is_known(connection, found.key):
            return None
    ways = list(_ways(app)) if wanted(found.event, app.notice_wishes.events) else []
    with app.database.begin() as connection:
        number = admin_notices.keep(connection, found, ways, app.now())
    if number is not None:
        log.info("notice %d, %s: %s", number, found.event, found.title)
    return number


def _ways(app: App) -> Iterator[str]:
    wishes = app.notice_wishes
    if wishes.by_mail:
        yield MAIL
    yield from map(hook_name, wishes.hooks)


@dataclass(frozen=True, slots=True)
class NoticeSheet:
    """A notice, how far it has come by each way, every attempt, and what became of its mail."""

    notice: KeptNotice
    ways: list[Way]
    attempts: list[NoticeAttempt]
    mail: str

    @property
    def reached(self) -> bool:
        """Whether every way took it; of a mail the server."""
        return all(
            each.state is Telling.TOLD and (each.name != MAIL or self.mail.startswith(State.ACCEPTED))
            for each in self.ways
        )

    def standing(self, way: Way) -> str:
        """Return how far it has come by one way, in a few words."""
        if way.name == MAIL and way.state is Telling.TOLD:
            return self.mail or "written"
        if way.state is Telling.WAITING and way.attempts:
            return f"tried {way.attempts}x, again {way.next_at:%Y-%m-%d %H:%M} UTC"
        return str(way.state)


def sheets(app: App, most: int = SHOWN) -> list[NoticeSheet]:
    """Return the newest notices, the newest first."""
    with app.database.connect() as connection:
        found = admin_notices.latest(connection, most)
    return [_sheet(app, each) for each in found]


def sheet_of(app: App, number: int) -> NoticeSheet:
    """Return one notice; UsageError if there is none of this number."""
    with app.database.connect() as connection:
        found = admin_notices.notice(connection, number)
    if found is None:
        raise UsageError(f"no notice {number}", next_step="See them with: mailer notices list")
    return _sheet(app, found)


def _sheet(app: App, found: KeptNotice) -> NoticeSheet:
    with app.database.connect() as connection:
        ways = admin_notices.ways_of(connection, [found.id]).get(found.id, [])
        attempts = admin_notices.attempts_of(connection, found.id)
        return NoticeSheet(found, ways, attempts, notices_mailed(connection, found.id))


def retry(app: App, number: int | None) -> int:
    """Let what could not be told be told now; return by how many ways. UsageError for no notice of ours."""
    if number is not None:
        sheet_of(app, number)
    with app.database.begin() as connection:
        return admin_notices.try_again(connection, app.now(), number)


def note_test(app: App) -> int:
    """Note a notice that says nothing but that it came; return its number. SettingsError without a way."""
    if not list(_ways(app)):
        raise SettingsError(
            "nobody is told: neither ADMIN_EMAIL nor NOTICE_WEBHOOK is set",
            next_step="Set one of them in .env; see docs/how-to/notices.md.",
        )
    title = "This is a test of notices, and needs nothing of you."
    number = note(app, AdminNotice(NoticeEvent.TEST, app.now().isoformat(), title))
    assert number is not None
    return number


def untold(app: App) -> int:
    """Return how many notices of late could not be told by some way."""
    with app.database.connect() as connection:
        return admin_notices.given_up(connection, app.now() - LATELY)
