"""The header of a mail: what the fields say for everyone, and those that differ between recipients."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote

from mailer.domain.address import Mailbox
from mailer.message.encoding.header import HeaderError, labelled, literal, mailbox
from mailer.message.filling.evaluate import Names

MESSAGE_ID_LENGTH = 78
# Printable ASCII but < and >, and one @ only.
_MESSAGE_ID = re.compile(rf"(?=.{{1,{MESSAGE_ID_LENGTH}}}\Z)[!-;=?A-~]+@[!-;=?A-~]+")
_WEB = re.compile(r"https?://[!-;=?-~]{1,900}")


@dataclass(frozen=True, slots=True)
class Head:
    """What the header fields say for every recipient.

    `list_name`, `list_title` and `list_domain` make `List-Id: Title <name.domain>` (RFC 2919).
    `unsubscribe_mailto` is an addr-spec; `one_click` says that every recipient's `unsubscribe_url` is a web
    address that takes a POST (RFC 8058). `feedback_id` is `issue:list:type:sender`, as Gmail wants it.
    `automatic`: it answers what somebody did (RFC 3834 5). Not `of_list`: it is between them and the sender,
    and nothing that a list sends.
    """

    sender: Mailbox
    reply_to: Mailbox | None
    list_name: str
    list_title: str
    list_domain: str
    unsubscribe_mailto: str
    one_click: bool
    feedback_id: str
    automatic: bool = False
    of_list: bool = True


class RecipientHeader(NamedTuple):
    """One recipient's own header values, given to a template as the name `header`.

    `to_address` is an addr-spec with an A-label domain, `message_id` has no angle brackets and at most 78
    characters, `date` is a date-time of RFC 5322 3.3. `answers` is the Message-ID of the mail that this one
    is about, if there is one.
    """

    to_name: str
    to_address: str
    message_id: str
    date: str
    answers: str = ""


@dataclass(frozen=True, slots=True)
class RecipientField:
    """A header field that differs between recipients."""

    fill: Callable[[Names], bytes]


def to_field(names: Names) -> bytes:
    """Return the To field: the one recipient."""
    header: RecipientHeader = names["header"]
    return mailbox("To", header.to_name, header.to_address)


def identity_fields(names: Names) -> bytes:
    """Return the Date and Message-ID fields (RFC 5322 3.6.1 and 3.6.4), and those about an earlier mail."""
    header: RecipientHeader = names["header"]
    fields = f"Message-ID: <{_identity(header.message_id)}>\r\n"
    if header.answers:
        earlier = _identity(header.answers)
        fields += f"In-Reply-To: <{earlier}>\r\nReferences: <{earlier}>\r\n"
    return _date_field(header.date) + fields.encode("ascii")


def _identity(identity: str) -> str:
    if not _MESSAGE_ID.fullmatch(identity):
        raise HeaderError(f"Message-ID: {identity!r} is not one of at most {MESSAGE_ID_LENGTH} characters")
    return identity


@lru_cache(maxsize=16)
def _date_field(date: str) -> bytes:
    # Many messages are made in the same second.
    return literal("Date", *date.split(" "))


def unsubscribe_field(mailto: str) -> Callable[[Names], bytes]:
    """Return the function of a recipient's List-Unsubscribe field, web address first (RFC 8058 3.1)."""

    def field(names: Names) -> bytes:
        url = names["unsubscribe_url"]
        if not _WEB.fullmatch(url):
            raise HeaderError(f"List-Unsubscribe: {url!r} is not a web address of at most 900 characters")
        return f"List-Unsubscribe: <{url}>,\r\n {mailto}\r\n".encode("ascii")

    return field


def mailto_uri(address: str) -> str:
    """Return the mailto URI (RFC 6068) that unsubscribes by mail, in angle brackets."""
    local, _, domain = address.rpartition("@")
    return f"<mailto:{quote(local, safe='!$*+')}@{domain}?subject=unsubscribe>"


def author_fields(head: Head) -> bytes:
    """Return From, and Reply-To where there is one."""
    authors = [("From", head.sender)] + ([("Reply-To", head.reply_to)] if head.reply_to else [])
    for field, author in authors:
        if author.address.needs_smtputf8:
            raise HeaderError(f"{field}: {author.address.typed} has other than ASCII letters before the @")
    return b"".join(mailbox(field, author.name, author.address.wire) for field, author in authors)


def list_fields(head: Head) -> bytes:
    """Return the fields about the list and the sending, but for List-Unsubscribe."""
    fields = []
    if head.of_list:
        # A percent-encoded name is still a dot-atom, and an id may hold any list's name.
        list_id = f"{quote(head.list_name, safe='')}.{head.list_domain}"
        fields.append(labelled("List-Id", head.list_title, list_id))
        if head.one_click:
            fields.append(literal("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
        fields.append(literal("List-Post", "NO"))
        fields.append(literal("Precedence", "bulk"))
    if head.automatic:
        fields.append(literal("Auto-Submitted", "auto-generated"))
    fields.append(literal("Feedback-ID", quote(head.feedback_id, safe=":@+")))
    return b"".join(fields)
