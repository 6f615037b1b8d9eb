"""What the link "view in browser" of a mail shows: that mail, exactly as it went to one person."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine

from mailer.domain.signed_links import LinkToken
from mailer.engine.personaliser import Personaliser
from mailer.ledger.sent_mail import find_sent_mail
from mailer.message.expression.operations import CannotFill
from mailer.message.mime.template import MessageTemplate, TemplateError
from mailer.viewer.reading import MailReading, read


class ViewLinks:
    """Mails by their tokens. `database` is asked for at each call; `personaliser` makes the links again that
    stand in the mails of a send, first list.

    What a mail said is in the ledger; the links in it are made anew, by the settings of now.
    """

    def __init__(
        self, database: Callable[[], Engine], personaliser: Callable[[int, int], Personaliser]
    ) -> None:
        self._database = database
        self._personaliser = personaliser

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
