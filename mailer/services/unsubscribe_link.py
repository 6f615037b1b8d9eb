"""What the link in a mail lets whoever has it do: see their lists, leave them, take that back for an hour."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import Engine

from mailer.domain.consent import Source
from mailer.domain.leaving import Explanation
from mailer.domain.signed_links import LinkToken, find_token, read_undo, sign_undo
from mailer.domain.subscriber import Choices, Left, Status
from mailer.ledger.queries import LedgerQueries, list_ids
from mailer.people import unsubscribing
from mailer.people.former import all_known_as
from mailer.people.leaving_reasons import explain
from mailer.services.mail_language import language_of


class UnsubscribeLinks:
    """The links that `key` signed.

    `database` is asked for at each call, since its file may be another one by then; `now` is when somebody
    leaves. Each method but `read` raises a MailerError where the database can't be used.
    """

    def __init__(self, database: Callable[[], Engine], key: bytes, now: Callable[[], datetime]) -> None:
        self._database = database
        self._key = key
        self._now = now

    def read(self, text: str) -> LinkToken | None:
        """Return the token in what came of a link on its way; None if `key` signed none."""
        return find_token(self._key, text)

    def choices(self, token: LinkToken) -> Choices | None:
        """Return what the person may choose, None if they or all lists of the mail are gone."""
        lists = self._lists(token)
        with self._database().connect() as connection:
            return unsubscribing.choices(connection, token.subscriber_id, lists)

    def leave(self, token: LinkToken, source: Source, *, everywhere: bool = False) -> str:
        """Take the person off the lists that the mail went to, or off all and for good.

        Return the word that takes it back, empty if there was nothing to leave.
        """
        lists = None if everywhere else self._lists(token)
        now = self._now()
        with self._database().begin() as connection:
            left = unsubscribing.leave(connection, token.subscriber_id, lists, source, now)
        undone = tuple(each.id for each in left if each.was is Status.SUBSCRIBED)
        return sign_undo(self._key, token.subscriber_id, Left(now, undone, everywhere)) if undone else ""

    def leave_together(self, tokens: Sequence[LinkToken], source: Source) -> None:
        """Take many people off the lists that their mails went to, all of them in one transaction."""
        now, leaving = self._now(), dict[tuple[int, ...], set[int]]()
        with self._database().begin() as connection:
            went_to = {each: list_ids(connection, each) for each in {token.send_id for token in tokens}}
            for token in tokens:
                lists = went_to[token.send_id] or (token.list_id,)
                leaving.setdefault(lists, set()).add(token.subscriber_id)
            for lists, people in leaving.items():
                unsubscribing.leave_together(connection, all_known_as(connection, people), lists, source, now)

    def come_back(self, token: LinkToken, word: str, source: Source) -> bool:
        """Take back what `leave` gave this `word` for; return whether the person is back."""
        left = read_undo(self._key, token.subscriber_id, word, self._now())
        if left is None:
            return False
        with self._database().begin() as connection:
            return unsubscribing.come_back(connection, token.subscriber_id, left, source, self._now())

    def explain(self, token: LinkToken, word: str, said: Explanation | None, source: Source) -> Left | None:
        """Keep why the person left what `leave` gave this `word` for, if anything is `said`.

        Return what they left; None if the word isn't theirs or too old, or they came back since.
        """
        left, now = read_undo(self._key, token.subscriber_id, word, self._now()), self._now()
        if left is None:
            return None
        with self._database().begin() as connection:
            return left if explain(connection, token.subscriber_id, left, said, source, now) else None

    def language(self, token: LinkToken) -> str:
        """Return the language (BCP 47) of the mail that the link stood in, empty if it is gone."""
        return language_of(self._database(), token.send_id)

    def require_database(self) -> None:
        """Raise a MailerError if no link could be answered now."""
        LedgerQueries(self._database()).list_ids(0)

    def _lists(self, token: LinkToken) -> tuple[int, ...]:
        # The token's own list stands in where the send is gone: an old mail must still work.
        return LedgerQueries(self._database()).list_ids(token.send_id) or (token.list_id,)
