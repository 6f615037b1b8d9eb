"""What a message to one person needs beyond the template, and that message once it is prepared."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from mailer.domain.address import Address
from mailer.domain.audience import Recipient
from mailer.domain.delivery import Claim
from mailer.domain.mailbox_providers import provider_of
from mailer.domain.signed_links import LinkToken, sign_token, unsubscribe_url
from mailer.message.mime.fields import RecipientHeader
from mailer.message.mime.pieces import Fillings
from mailer.message.mime.template import MessageTemplate

if TYPE_CHECKING:
    from mailer.message.dkim.signer import Signer


@dataclass(frozen=True, slots=True)
class Personaliser:
    """The same for a whole send. `seed` makes Message-IDs unique to it and stable over retries.

    `corrects` is that of the mails which an erratum answers.
    """

    send_id: int
    list_id: int
    seed: str
    sender_domain: str
    return_path: str
    unsubscribe_address: str
    base_url: str = ""
    key: bytes = b""
    signer: Signer | None = None
    corrects: Personaliser | None = None

    def names(self, recipient: Recipient, moment: float) -> dict[str, Any]:
        """Return what `MessageTemplate.fill` takes, for a message made at `moment` (Unix seconds)."""
        return {
            "subscriber": recipient.values(),
            "unsubscribe_url": self.unsubscribe_url(recipient),
            "header": RecipientHeader(
                to_name=recipient.name or "",
                to_address=wire_address(recipient.email),
                message_id=self.message_id(recipient),
                date=_date(int(moment)),
                answers=self.corrects.message_id(recipient) if self.corrects else "",
            ),
        }

    def write(self, template: MessageTemplate, fillings: Fillings, moment: float) -> bytes:
        """Return the message as it goes out: `template` with `fillings` and, with a signer, signed."""
        if self.signer is None:
            return template.join(fillings)
        header, body = template.parts(fillings)
        signatures = self.signer.signatures(header, body, int(moment))
        return b"".join([signatures, *header, b"\r\n", *body])

    def unsubscribe_url(self, recipient: Recipient) -> str:
        """Return the signed link, or without a BASE_URL a mailto: one."""
        if not self.base_url:
            return f"mailto:{self.unsubscribe_address}?subject=unsubscribe"
        token = sign_token(self.key, LinkToken(self.send_id, recipient.subscriber_id, self.list_id))
        return unsubscribe_url(self.base_url, token)

    def message_id(self, recipient: Recipient) -> str:
        """Return the Message-ID without brackets: unique a recipient, the same whenever it is sent again."""
        digest = hashlib.sha256(f"{self.seed}/{recipient.subscriber_id}/{recipient.email}".encode()).digest()
        return f"{urlsafe_b64encode(digest[:18]).decode()}@{_short(self.sender_domain)}"


@lru_cache(maxsize=2)
def _short(domain: str) -> str:
    """Return the domain, or as much of its end as leaves a Message-ID within 78 characters."""
    while len(domain) > 53 and "." in domain:
        domain = domain.partition(".")[2]
    return domain


def wire_address(typed: str) -> str:
    """Return the addr-spec that SMTP carries for an address that was checked when it was imported."""
    return typed if typed.isascii() else Address.parse(typed).wire


@lru_cache(maxsize=2)
def _date(second: int) -> str:
    return format_datetime(datetime.fromtimestamp(second, UTC))


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
    """Return the mailbox provider that a message goes to."""
    return provider_of(prepared.claim.recipient.email)
