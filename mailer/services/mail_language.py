"""The language of a mail that went out: the pages that its links lead to go on in it."""

from __future__ import annotations

from contextlib import suppress

from sqlalchemy import Engine

from mailer.ledger.queries import LedgerQueries
from mailer.message.mime.template import MessageTemplate, TemplateError


def language_of(database: Engine, send_id: int) -> str:
    """Return the language (BCP 47) of a send's mails, empty if it is gone."""
    if template := LedgerQueries(database).template(send_id):
        with suppress(TemplateError):
            return MessageTemplate.load(template).language
    return ""
