"""A claimed delivery with all that is its recipient's own written: only to be joined when its turn comes."""

from __future__ import annotations

from typing import NamedTuple

from mailer.domain.mailbox_providers import provider_of
from mailer.ledger.claiming import Claim
from mailer.message.mime.pieces import Fillings
from mailer.message.mime.template import MessageTemplate


class PreparedMessage(NamedTuple):
    """`address` is the addr-spec that SMTP carries. The message itself, which is large, isn't made yet."""

    claim: Claim
    address: str
    template: MessageTemplate
    fillings: Fillings

    @property
    def delivery_id(self) -> int:
        """Of the ledger."""
        return self.claim.delivery_id


def receiver_of(prepared: PreparedMessage) -> str:
    """Return the mailbox provider that a letter goes to."""
    return provider_of(prepared.claim.recipient.email)
