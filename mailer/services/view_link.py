"""What the link "view in browser" of a mail shows: that mail, exactly as it went to one person."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine

from mailer.domain.signed_links import LinkToken, Purpose, find_token
from mailer.engine.personaliser import Personaliser
from mailer.ledger.sent_mail import find_sent_mail
from mailer.message.expression.operations import CannotFill
from mailer.message.mime.template import MessageTemplate, TemplateError
from mailer.services.mail_language import language_of
from mailer.viewer.reading import MailReading, read

PURPOSES_SINCE = 3  # the version of templates (`MessageTemplate.version`)


class ViewLinks:
    """Mails by their tokens, which `key` signed. `database` is asked for at each call; `personaliser` makes
    the links again that stand in the mails of a send, first list.

    What a mail said is in the ledger; the links in it are made anew, by the settings of now.
    """

    def __init__(
        self, database: Callable[[], Engine], key: bytes, personaliser: Callable[[int, int], Personaliser]
    ) -> None:
        self._database = database
        self._key = key
        self._personaliser = personaliser

    def read(self, text: str) -> LinkToken | None:
        """Return the token in what came of a link on its way; None if the key signed none to view a mail."""
        if token := find_token(self._key, text, Purpose.VIEW):
            return token
        token = find_token(self._key, text)
        return token if token and self._is_old(token) else None

    def mail(self, token: LinkToken) -> MailReading | None:
        """Return the mail that the token was signed for; None if it, or whoever got it, is gone."""
        sent = find_sent_mail(self._database(), token.send_id, token.subscriber_id)
        if sent is None:
            return None
        names = self._personaliser(token.send_id, token.list_id).names(sent.recipient, 0)
        try:
            return read(MessageTemplate.load(sent.template).fill(names))
        except (TemplateError, CannotFill):  # of another version, or BASE_URL was taken away
            return None

    def language(self, token: LinkToken) -> str:
        """Return the language (BCP 47) of the mail that the link stood in, empty if it is gone."""
        return language_of(self._database(), token.send_id)

    def _is_old(self, token: LinkToken) -> bool:
        """Whether the mail is of a time when one token was good for unsubscribing and viewing."""
        sent = find_sent_mail(self._database(), token.send_id, token.subscriber_id)
        try:
            return sent is not None and MessageTemplate.load(sent.template).version < PURPOSES_SINCE
        except TemplateError:
            return False
