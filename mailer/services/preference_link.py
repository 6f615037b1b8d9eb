"""What the link "your preferences" in a mail lets whoever has it do: choose lists, say who they are, pause.

A mail may be forwarded, and its link with it. So nobody comes by it on a list that they left, or that wants
to be confirmed, before they say so from their own mailbox; and all that tells or takes more than a mail to
somebody else could is done by a link of its own (`mailer.services.account_link`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from mailer.bootstrap import App
from mailer.domain.address import Address
from mailer.domain.consent import NOTHING_KNOWN, Change, Evidence, Source, SourceKind
from mailer.domain.preferences import ListPreference, Preferences, Saved, Wishes
from mailer.domain.signed_links import LinkToken, Purpose, find_token, sign_undo
from mailer.domain.subscriber import Left, Status
from mailer.ledger.sequences import wake_person
from mailer.people import pausing, signups, unsubscribing
from mailer.people.consents import Said, record
from mailer.people.enrol import Consent, Entry, enrol
from mailer.people.person import required, write
from mailer.people.preferences import preferences
from mailer.people.signups import Signup
from mailer.services.mail_language import language_of

BY_PAGE = Source(SourceKind.LINK, "preferences page")


@dataclass(frozen=True)
class PreferenceLinks:
    """The links of a workspace. Each method but `read` raises where the database can't be used."""

    app: App

    def read(self, text: str) -> LinkToken | None:
        """Return the token in what came of a link on its way; None if it is none of ours."""
        key = self.app.settings.secret_key.get_secret_value().encode()
        return find_token(key, text, Purpose.PREFERENCES)

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which days begin and end."""
        return self.app.settings.zone

    def look(self, token: LinkToken) -> Preferences | None:
        """Return how it stands; None if the person is gone."""
        with self.app.database.connect() as connection:
            return preferences(connection, token.subscriber_id, self.app.now())

    def language(self, token: LinkToken) -> str:
        """Return the language (BCP 47) of the mail that the link stood in, empty if it is gone."""
        return language_of(self.app.database, token.send_id)

    def save(self, token: LinkToken, wishes: Wishes, language: str) -> Saved:
        """Do what somebody wants, all of it or nothing; `language` is that of the page.

        For who is gone, or never mailed, nothing is done.
        """
        now = self.app.now()
        with self.app.database.begin() as connection:
            stands = preferences(connection, token.subscriber_id, now)
            if stands is None or stands.stopped:
                return Saved()
            values, wrong = stands.read(wishes.texts)
            if wrong:
                return Saved(wrong=wrong)
            person = required(connection, Address.parse(stands.email).key)
            edited = write(connection, person, values, now)
            if edited:
                told = Evidence(note=", ".join(edited))
                record(connection, BY_PAGE, [Said(person.id, None, Change.EDITED, told)], now)
            left = tuple(each for each in stands.lists if each.on and each.id in wishes.off)
            wanted = tuple(each for each in stands.lists if not each.on and each.id in wishes.on)
            self._join(connection, stands, wanted, language, now)
            return Saved(
                _titles(left),
                _titles(each for each in wanted if not each.asks),
                _titles(each for each in wanted if each.asks),
                bool(edited),
                self._leave(connection, token, left, now),
            )

    def pause(self, token: LinkToken, weeks: int | None) -> None:
        """Let the person get nothing for so many weeks, from the beginning of a day on; None: go on now.

        A button that is pressed twice on one day says one thing.
        """
        now, zone = self.app.now(), self.zone
        until = None
        if weeks is not None:
            day = (now.astimezone(zone) + timedelta(weeks=weeks)).date()
            until = datetime.combine(day, datetime.min.time(), zone)
        with self.app.database.begin() as connection:
            if stands := preferences(connection, token.subscriber_id, now):
                pausing.pause(connection, stands.subscriber_id, None, until, BY_PAGE, now)
                wake_person(connection, stands.subscriber_id, now)

    def _leave(
        self, connection: Connection, token: LinkToken, left: tuple[ListPreference, ...], now: datetime
    ) -> str:
        """Let them leave lists; return the word that takes it back."""
        if not left:
            return ""
        ids = [each.id for each in left]
        gone = unsubscribing.leave(connection, token.subscriber_id, ids, BY_PAGE, now)
        undone = tuple(each.id for each in gone if each.was is Status.SUBSCRIBED)
        key = self.app.settings.secret_key.get_secret_value().encode()
        return sign_undo(key, token.subscriber_id, Left(now, undone))

    def _join(
        self,
        connection: Connection,
        stands: Preferences,
        wanted: tuple[ListPreference, ...],
        language: str,
        now: datetime,
    ) -> None:
        """Put them on lists at once, and keep what they have to confirm as a sign-up, which asks them."""
        address = Address.parse(stands.email)
        if at_once := tuple(each.id for each in wanted if not each.asks):
            enrol(connection, [Entry(address)], Consent(at_once, BY_PAGE, now))
        if asked := tuple(each.id for each in wanted if each.asks):
            spoken = stands.language or language
            signups.put_in(connection, Signup(address, asked, {}, BY_PAGE, spoken, NOTHING_KNOWN), now)


def _titles(chosen: Iterable[ListPreference]) -> tuple[str, ...]:
    return tuple(each.title for each in chosen)
