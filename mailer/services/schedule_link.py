"""The address at which a calendar program finds what goes out when: signed, and another one by another word.

It is `/calendar/TOKEN.ics`; the token is HMAC-SHA256 over the setting SCHEDULE_CALENDAR, in base64url without
padding. Who has it may read; nobody may write by it, and it is good for nothing else.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailer.errors import SettingsError
from mailer.services.schedules import icalendar

if TYPE_CHECKING:
    from mailer.bootstrap import App

CALENDAR = "/calendar/{token}.ics"
PURPOSE = b"mailer/calendar/1:"
OCTETS = 24


@dataclass(frozen=True, slots=True)
class ScheduleLink:
    """The one address of a workspace whose settings have a word for it."""

    app: App

    def address(self) -> str:
        """Return it whole. SettingsError that says what is missing for there to be one."""
        settings = self.app.settings
        for name in ("BASE_URL", "SECRET_KEY", "SCHEDULE_CALENDAR"):
            value = getattr(settings, name.lower())
            if not (value if isinstance(value, str) else value.get_secret_value()):
                raise SettingsError(
                    f"{name} is not set, so schedules have no address on the web", next_step=NEXT_STEPS[name]
                )
        return settings.base_url + CALENDAR.format(token=self._token())

    def calendar(self, token: str) -> str | None:
        """Return the times of the next year (iCalendar), None where the token is not ours."""
        good = hmac.compare_digest(self._token().encode(), token.encode())
        return icalendar(self.app) if good else None

    def _token(self) -> str:
        settings = self.app.settings
        said = PURPOSE + settings.schedule_calendar.encode()
        digest = hmac.digest(settings.secret_key.get_secret_value().encode(), said, "sha256")
        return urlsafe_b64encode(digest[:OCTETS]).decode()


NEXT_STEPS = {
    "BASE_URL": "Let it name where `mailer serve` is reached, such as https://news.gazette.example.",
    "SECRET_KEY": "Put the key that mails are signed with into .env; a new workspace has one.",
    "SCHEDULE_CALENDAR": "Write any word into .env, such as SCHEDULE_CALENDAR=office; another word makes "
    "another address, and the one before is none from then on.",
}
