"""What the tests of messages share: a head, a recipient's names, an edition with every kind of node."""

from __future__ import annotations

from typing import Any

from mailer.domain.address import Mailbox
from mailer.message.expression.expression import Call, Const, Expression, Field, Name
from mailer.message.filling.residual import Branch, Edition, Hole, Loop, Place, Static
from mailer.message.mime.fields import Head, RecipientHeader

HEAD = Head(
    sender=Mailbox.parse("Harbour Gazette <editor@gazette.example>"),
    reply_to=Mailbox.parse("letters@gazette.example"),
    list_name="weekly",
    list_title="The Weekly",
    list_domain="gazette.example",
    unsubscribe_mailto="leave+weekly@gazette.example",
    one_click=True,
    feedback_id="harbour:weekly:news:gazette",
)
HEADER = RecipientHeader(
    to_name="Zoë Ångström",
    to_address="zoe@quay.example",
    message_id="ICe-and_fog.0001@gazette.example",
    date="Sun, 22 Nov 2026 08:00:00 +0000",
)


def field(key: str) -> Expression:
    return Field(Name("subscriber"), Const(key))


def names_of(header: RecipientHeader = HEADER, **subscriber: Any) -> dict[str, Any]:
    return {
        "subscriber": subscriber,
        "unsubscribe_url": "https://gazette.example/u/AbC-123",
        "header": header,
    }


NAME = Call("filter.default", (field("name"), Const("reader")))
EDITION = Edition(
    slug="harbour",
    subject=(Static("Ice in the harbour, "), Hole(NAME, Place.HEADER)),
    html=(
        Static("<!doctype html>\n<html><body><p>Dear "),
        Hole(NAME, Place.TEXT),
        Static(",</p>\n<ul>"),
        Loop(
            ("berth",),
            field("berths"),
            (Static("<li>"), Hole(Name("berth"), Place.TEXT), Static("</li>\n")),
            (Static("<li>none</li>\n"),),
        ),
        Static("</ul>\n"),
        Branch(field("paid"), (Static("<p>Thank you – truly.</p>\n"),), (Static("<p>Fees are due.</p>\n"),)),
        Static('<a href="'),
        Hole(Name("unsubscribe_url"), Place.URL, url_start=True),
        Static('" title="'),
        Hole(NAME, Place.ATTRIBUTE),
        Static('">Leave</a></body></html>\n'),
    ),
    text=(
        Static("Dear "),
        Hole(NAME, Place.PLAIN),
        Static(",\n\nFrom here on:\n.\n\nLeave: "),
        Hole(Name("unsubscribe_url"), Place.PLAIN),
    ),
)
