"""What a message to one person needs beyond the template, and that message once it is prepared."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from mailer.domain.address import Address
from mailer.domain.audience import Recipient
from mailer.domain.delivery import Claim
from mailer.domain.mailbox_providers import provider_of
from mailer.domain.return_path import ReturnSigner, Verp, return_path
from mailer.domain.signed_links import PAGE_OCTETS, LinkSigner, Purpose, link_url, page_token
from mailer.message.mime.fields import RecipientHeader
from mailer.message.mime.pieces import Fillings
from mailer.message.mime.template import VERSION, MessageTemplate

if TYPE_CHECKING:
    from mailer.message.dkim.signer import Signer


PAGES = {"browser_url": Purpose.VIEW, "preferences_url": Purpose.PREFERENCES}
ID_OCTETS = (12, 6)  # in a Message-ID: of what is a person's, and of what is a send's


@dataclass(frozen=True)
class Personaliser:
    """The same for a whole send. `seed` makes Message-IDs unique to it and stable over retries.

    `corrects` is that of the mails which an erratum answers. `version` is that of the send's first template
    (`MessageTemplate.version`): copies that are out already have Message-IDs in the form of that time.

    `return_path` takes what comes back, with a token in it as `verp` has it; `metadata` is the header field
    in which a relay hands the token on (`Preset.metadata`), empty where there is none.
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
    version: int = VERSION
    verp: Verp = Verp.OFF
    metadata: str = ""

    def names(self, recipient: Recipient, moment: float, *, pages: Collection[str] = PAGES) -> dict[str, Any]:
        """Return what `MessageTemplate.fill` takes, for a message made at `moment` (Unix seconds).

        Of the links to `pages` those are left out that the template doesn't name (`MessageTemplate.pages`).
        """
        payload = self._links.payload(recipient.subscriber_id)
        token, spare = self._links.sign(payload)
        header = RecipientHeader(
            recipient.name or "",
            wire_address(recipient.email),
            self._identity(recipient, spare),
            _date(int(moment)),
            self.corrects.message_id(recipient) if self.corrects else "",
        )
        names: dict[str, Any] = {"subscriber": recipient.values(), "header": header}
        if not self.base_url:
            return {**names, "unsubscribe_url": self._link, **dict.fromkeys(pages)}
        names["unsubscribe_url"] = self._link + token
        if pages:
            digest = self._links.sign_pages(payload)
            for name, link, begin in self._pages:
                if name in pages:
                    names[name] = link + page_token(payload, digest, begin)
        return names

    def return_token(self, subscriber_id: int, moment: float) -> str:
        """Return what tells whose copy comes back, made at `moment`; empty where nothing can be signed."""
        return self._returns.sign(subscriber_id, moment) if self._returns else ""

    def return_to(self, token: str) -> str:
        """Return the return path of the copy with this token."""
        return return_path(self.return_path, self.verp, token)

    def write(self, template: MessageTemplate, fillings: Fillings, moment: float, token: str = "") -> bytes:
        """Return the message as it goes out: `template` with `fillings` and, with a signer, signed."""
        message = self._write(template, fillings, moment)
        # Not signed: the relay that it is for takes it out.
        return (
            self.metadata.replace("TOKEN", token).encode() + message if token and self.metadata else message
        )

    def _write(self, template: MessageTemplate, fillings: Fillings, moment: float) -> bytes:
        if self.signer is None:
            return template.join(fillings)
        header, body = template.parts(fillings)
        signatures = self.signer.signatures(header, body, int(moment))
        return b"".join([signatures, *header, b"\r\n", *body])

    def message_id(self, recipient: Recipient) -> str:
        """Return the Message-ID without brackets: unique a recipient, the same whenever it is sent again."""
        return self._identity(recipient, self._links.sign(self._links.payload(recipient.subscriber_id))[1])

    def _identity(self, recipient: Recipient, spare: bytes) -> str:
        if self.version == 1:
            own = f"{self.seed}/{recipient.subscriber_id}/{recipient.email}".encode()
            return _encoded(hashlib.sha256(own).digest()[: sum(ID_OCTETS)]) + self._at
        return _encoded(spare[: ID_OCTETS[0]]) + self._of_the_send

    @cached_property
    def _links(self) -> LinkSigner:
        return LinkSigner(self.key, self.send_id, self.list_id)

    @cached_property
    def _returns(self) -> ReturnSigner | None:
        return ReturnSigner(self.key, self.send_id) if self.key and self.send_id else None

    @cached_property
    def _link(self) -> str:
        """A signed link up to its token; without a BASE_URL a mailto: link, the same for all."""
        if self.base_url:
            return link_url(self.base_url, Purpose.UNSUBSCRIBE, "")
        return f"mailto:{self.unsubscribe_address}?subject=unsubscribe"

    @cached_property
    def _pages(self) -> list[tuple[str, str, int]]:
        """The links to pages: name, address up to the token, and where its octets begin."""
        return [(name, link_url(self.base_url, each, ""), PAGE_OCTETS[each]) for name, each in PAGES.items()]

    @cached_property
    def _of_the_send(self) -> str:
        """What a send's Message-IDs end in: another database may have the same key, and the same numbers."""
        return _encoded(hashlib.sha256(self.seed.encode()).digest()[: ID_OCTETS[1]]) + self._at

    @cached_property
    def _at(self) -> str:
        return f"@{_short(self.sender_domain)}"


def _encoded(octets: bytes) -> str:
    return urlsafe_b64encode(octets).decode("ascii")


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
