"""What is kept of somebody, for themselves alone: seen, taken, moved to another address, erased.

The link in an issue doesn't lead there, since that may be forwarded: it only lets a link be mailed to the
address itself, which is good for two hours. Another address is moved to once its own mailbox said so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from logging import getLogger
from typing import Any

from sqlalchemy import Connection, Row, select

from mailer.bootstrap import App
from mailer.domain.account_link import (
    AccountPurpose,
    AccountToken,
    account_url,
    claimed,
    is_signed,
)
from mailer.domain.address import Address, AddressError
from mailer.domain.send import SendKind
from mailer.domain.subscriber import SubscriberList
from mailer.errors import AtWork, StorageBusy, UsageError
from mailer.languages import span_in_words
from mailer.ledger.letters import letters_since
from mailer.people.former import addresses_before, known_as, person_id
from mailer.people.person import subscriptions_of
from mailer.people.suppressing import suppression_of
from mailer.services.erase import erase
from mailer.services.fields import all_fields
from mailer.services.letters import Letter, compose
from mailer.services.merge import change_address
from mailer.services.person import PersonSheet, sheet_of
from mailer.services.personal_data import personal_data
from mailer.services.preference_link import BY_PAGE
from mailer.store.schema import subscribers

log = getLogger(__name__)

GOOD_FOR = timedelta(hours=2)
DAY, MOST_A_DAY = timedelta(days=1), 3  # letters that are written to one person because somebody asks


class Moved(Enum):
    """What became of a wish for another address."""

    DONE = auto()
    REFUSED = auto()  # it is somebody else's, or never mailed
    BUSY = auto()  # a mail to them is in a worker's hand


@dataclass(frozen=True, slots=True)
class OpenedLink:
    """A link that is ours: whose it is, as they are now, and what it says. `over`: it lets do nothing."""

    token: AccountToken
    subscriber_id: int
    email: str
    language: str
    over: bool

    @property
    def address(self) -> Address:
        """The one that they have."""
        return Address.parse(self.email)

    @property
    def moved(self) -> bool:
        """Whether they have the address that the link moves them to."""
        return bool(self.token.address) and Address.parse(self.token.address).key == self.address.key


@dataclass(frozen=True)
class AccountLinks:
    """The links of a workspace. Each method raises where the database can't be used."""

    app: App

    def mail(self, subscriber_id: int, language: str) -> bool:
        """Mail somebody the link to what is kept of them; return whether that was done.

        Not to who is never mailed, nor more often than MOST_A_DAY. `language` is for who has none.
        """
        with self.app.database.connect() as connection:
            person = _person(connection, subscriber_id)
        return person is not None and self._write(person, "account", AccountPurpose.DATA, "", language)

    def open(self, text: str, purpose: AccountPurpose) -> OpenedLink | None:
        """Return what came of a link; None if it is none of ours, or of somebody who is gone or has moved."""
        written, tokens = claimed(text)
        for token in tokens:
            with self.app.database.connect() as connection:
                person = _person(connection, token.subscriber_id)
                if person is None or not self._is_ours(connection, purpose, token, person, written):
                    continue
            return OpenedLink(
                token, person.id, person.email, person.language or "", over=token.over(self.app.now())
            )
        return None

    def sheet(self, opened: OpenedLink) -> PersonSheet:
        """Return what is known of them, to be read."""
        return sheet_of(self.app.database, opened.address, self.app.now())

    def titles(self) -> dict[str, str]:
        """Return what readers call the lists that there are, by name."""
        return {each.name: each.title for each in self.app.lists.all()}

    def fields(self) -> dict[str, str]:
        """Return what readers call the fields that there are, by name."""
        return {each.name: each.shown for each in all_fields(self.app.database)}

    def data(self, opened: OpenedLink) -> dict[str, list[dict[str, Any]]]:
        """Return every row that is about them."""
        return personal_data(self.app, opened.address)

    def ask_to_move(self, opened: OpenedLink, typed: str, language: str) -> Address | None:
        """Mail a link to the address that was typed, by which it becomes theirs; None if it is no address.

        To one that is somebody's, or never mailed, no mail goes: the answer is the same.
        """
        try:
            new = Address.parse(typed.strip())
        except AddressError:
            return None
        with self.app.database.connect() as connection:
            person = _person(connection, opened.subscriber_id)
            owner = person_id(connection, new.key)
            free = owner in (None, opened.subscriber_id) and suppression_of(connection, new.key) is None
        if person is not None and free and new.key != person.email_key:
            self._write(person, "address", AccountPurpose.ADDRESS, new.typed, language)
        return new

    def move(self, opened: OpenedLink) -> Moved:
        """Let the address of a link be theirs from now on; done again it is friendly."""
        if opened.moved:
            return Moved.DONE
        new = Address.parse(opened.token.address)
        try:
            change_address(self.app.database, opened.address, new, BY_PAGE, self.app.now())
        except UsageError:
            return Moved.REFUSED
        except AtWork:
            return Moved.BUSY
        return Moved.DONE

    def erase(self, opened: OpenedLink) -> bool:
        """Erase them; return whether nothing was in the way. They are never mailed from now on anyhow."""
        try:
            done = erase(self.app, opened.address)
        except AtWork:
            return False
        except StorageBusy:
            log.warning("somebody erased themselves, and what was deleted waits to be wiped from the file")
            return True
        if done.naming:
            named = ", ".join(map(str, done.naming[:10]))
            log.warning("somebody erased themselves, and these files name them still: %s", named)
        return True

    def _is_ours(
        self,
        connection: Connection,
        purpose: AccountPurpose,
        token: AccountToken,
        person: Row[Any],
        text: str,
    ) -> bool:
        """Whether it was signed for the address that they have, or had before this very link moved them."""
        keys = [person.email_key]
        if _leads_to(token, person):
            keys += [Address.parse(each).key for each in addresses_before(connection, person.id)]
        return any(is_signed(self._key, purpose, token, key, text) for key in keys)

    def _write(
        self, person: Row[Any], said: str, purpose: AccountPurpose, address: str, language: str
    ) -> bool:
        if (letter := self._letter(person.id, said, person.language or language)) is None:
            return False
        now = self.app.now()
        until = int((now + GOOD_FOR).timestamp())
        token = AccountToken(person.id, until, address)
        link = account_url(self.app.settings.base_url, self._key, purpose, token, person.email_key)
        with self.app.database.begin() as connection:
            if not _may_be_written_to(connection, person, now):
                return False
            letter.write(connection, person.id, now, {"link": link}, address or None)
        return True

    def _letter(self, subscriber_id: int, said: str, language: str) -> Letter | None:
        """Compile a letter in the name of a list of theirs, or of any; None where there is none."""
        named = self._list_of(subscriber_id)
        if named is None:
            return None
        time = span_in_words(GOOD_FOR, language)
        return compose(self.app, SendKind.ACCOUNT, [named], language, said, time=time)

    def _list_of(self, subscriber_id: int) -> SubscriberList | None:
        with self.app.database.connect() as connection:
            theirs = [each.list_name for each in subscriptions_of(connection, subscriber_id)]
        found = self.app.lists.all()
        return next((each for each in found if each.name in theirs), next(iter(found), None))

    @property
    def _key(self) -> bytes:
        return self.app.settings.secret_key.get_secret_value().encode()


def _person(connection: Connection, subscriber_id: int) -> Row[Any] | None:
    number = known_as(connection, subscriber_id)
    return connection.execute(select(subscribers).where(subscribers.c.id == number)).one_or_none()


def _leads_to(token: AccountToken, person: Row[Any]) -> bool:
    """Whether a token says that it moves them to the address that they have; what it says may be made up."""
    try:
        return Address.parse(token.address).key == str(person.email_key)
    except AddressError:
        return False


def _may_be_written_to(connection: Connection, person: Row[Any], now: datetime) -> bool:
    """Whether nothing speaks against a letter: whoever holds a forwarded mail can have it written, too."""
    if suppression_of(connection, person.email_key) is not None:
        return False
    return letters_since(connection, SendKind.ACCOUNT, person.id, now - DAY) < MOST_A_DAY
