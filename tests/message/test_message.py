"""Whole messages: golden bytes, and what parsers that aren't ours make of them."""

from __future__ import annotations

import re
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any

import pytest
from lxml import html
from message_samples import EDITION, HEAD, HEADER, NAME, field, names_of

from mailer.domain.address import Mailbox
from mailer.message.encoding.header import HeaderError
from mailer.message.expression.expression import Call, Const
from mailer.message.expression.operations import CannotFill, MissingValue
from mailer.message.filling.residual import Edition, Hole, Place, Static
from mailer.message.mime.message import compile_message

MEMBER = names_of(name='Zoë "<b>" & Co.', berths=["7", "<8>"], paid=True)
STRANGER = names_of(berths=[], paid=False)


def parse(wire: bytes) -> EmailMessage:
    message = message_from_bytes(wire, policy=policy.default)
    assert not [defect for part in message.walk() for defect in part.defects]
    assert not [defect for value in message.values() for defect in value.defects]
    return message


def content(message: EmailMessage, kind: str) -> str:
    """Return the text of the part `kind`, its line ends as LF."""
    return message.get_body((kind,)).get_content().replace("\r\n", "\n")


def test_golden_message() -> None:
    wire = compile_message(EDITION, HEAD).fill(STRANGER)
    boundary = re.search(rb'boundary="(=_[0-9a-f]{32})"', wire)[1]
    assert wire.replace(boundary, b"BOUNDARY").decode("ascii").split("\r\n") == [
        "From: Harbour Gazette <editor@gazette.example>",
        "Reply-To: letters@gazette.example",
        "To: =?utf-8?b?Wm/DqyDDhW5nc3Ryw7Zt?= <zoe@quay.example>",
        "Subject: Ice in the harbour, reader",
        "Date: Sun, 22 Nov 2026 08:00:00 +0000",
        "Message-ID: <ICe-and_fog.0001@gazette.example>",
        "List-Unsubscribe: <https://gazette.example/u/AbC-123>,",
        " <mailto:leave+weekly@gazette.example?subject=unsubscribe>",
        "List-Id: The Weekly <weekly.gazette.example>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        "List-Post: NO",
        "Precedence: bulk",
        "Feedback-ID: harbour:weekly:news:gazette",
        "MIME-Version: 1.0",
        "Content-Type: multipart/alternative;",
        ' boundary="BOUNDARY"',
        "",
        "--BOUNDARY",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: quoted-printable",
        "",
        "Dear=20=",
        "reader=",
        ",",
        "",
        "=46rom here on:",
        "=2E",
        "",
        "Leave:=20=",
        "https://gazette.example/u/AbC-123=",
        "",
        "",
        "--BOUNDARY",
        "Content-Type: text/html; charset=utf-8",
        "Content-Transfer-Encoding: quoted-printable",
        "",
        "<!doctype html>",
        "<html><body><p>Dear=20=",
        "reader=",
        ",</p>",
        "<ul>=",
        "<li>none</li>",
        "</ul>",
        "<p>Fees are due.</p>",
        '<a href=3D"=',
        "https://gazette.example/u/AbC-123=",
        '" title=3D"=',
        "reader=",
        '">Leave</a></body></html>',
        "",
        "--BOUNDARY--",
        "",
    ]


def test_both_policies_read_the_same() -> None:
    wire = compile_message(EDITION, HEAD).fill(MEMBER)
    new, old = parse(wire), message_from_bytes(wire, policy=policy.compat32)
    assert [part.get_content_type() for part in new.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
    assert new["To"].addresses[0].display_name == "Zoë Ångström"
    assert new["Subject"] == 'Ice in the harbour, Zoë "<b>" & Co.'
    assert parseaddr(old["To"])[1] == "zoe@quay.example"
    assert content(new, "plain").startswith('Dear Zoë "<b>" & Co.,\n\nFrom here on:\n.\n\n')
    for new_part, old_part in zip(new.walk(), old.walk(), strict=True):
        assert new_part.get_payload(decode=True) == old_part.get_payload(decode=True)
        assert not old_part.defects


def test_an_html_parser_finds_the_values() -> None:
    message = parse(compile_message(EDITION, HEAD).fill(MEMBER))
    page = html.document_fromstring(content(message, "html"))
    assert page.findtext(".//p") == 'Dear Zoë "<b>" & Co.,'
    assert [item.text for item in page.iter("li")] == ["7", "<8>"]
    (link,) = page.iter("a")
    assert link.attrib == {"href": "https://gazette.example/u/AbC-123", "title": 'Zoë "<b>" & Co.'}
    assert [paragraph.text for paragraph in page.iter("p")][1] == "Thank you – truly."


def test_previews_show_what_is_sent() -> None:
    template = compile_message(EDITION, HEAD)
    message = parse(template.fill(MEMBER))
    assert template.subject(MEMBER) == message["Subject"]
    assert template.html(MEMBER) == content(message, "html")
    assert template.text(MEMBER) == content(message, "plain").removesuffix("\n")
    assert template.html_size(MEMBER) == len(message.get_body(("html",)).get_payload(decode=True))
    assert template.uses == {"name", "berths", "paid"}


def test_mail_in_another_script_is_base64() -> None:
    text = (Static("港に船が入る。" * 20), Hole(NAME, Place.PLAIN), Static("様\n"))
    wire = compile_message(replace(EDITION, text=text), HEAD).fill(
        names_of(berths=[], paid=True, name="ゾーイ")
    )
    body = parse(wire).get_body(("plain",))
    assert body["Content-Transfer-Encoding"] == "base64"
    assert content(body, "plain") == "港に船が入る。" * 20 + "ゾーイ様\n"
    assert parse(wire).get_body(("html",))["Content-Transfer-Encoding"] == "quoted-printable"


def test_without_a_web_address_there_is_no_one_click() -> None:
    message = parse(compile_message(EDITION, replace(HEAD, one_click=False, reply_to=None)).fill(STRANGER))
    assert message["List-Unsubscribe"] == "<mailto:leave+weekly@gazette.example?subject=unsubscribe>"
    assert message["List-Unsubscribe-Post"] is None
    assert message["Reply-To"] is None


def test_fields_stand_once_and_none_is_blind() -> None:
    message = parse(compile_message(EDITION, HEAD).fill(MEMBER))
    fields = [name.lower() for name in message]
    assert len(fields) == len(set(fields))
    assert not {"bcc", "cc", "return-path"} & set(fields)


def test_a_long_unsubscribe_address_stays_literal() -> None:
    url = "https://gazette.example/u/" + "x" * 500
    wire = compile_message(EDITION, HEAD).fill({**MEMBER, "unsubscribe_url": url})
    assert f"List-Unsubscribe: <{url}>,\r\n <mailto:".encode() in wire
    assert max(map(len, wire.split(b"\r\n"))) <= 998


def test_a_list_name_of_any_kind_makes_an_id() -> None:
    message = parse(
        compile_message(EDITION, replace(HEAD, list_name="été 26", list_title="Été")).fill(MEMBER)
    )
    assert message["List-Id"] == "<%C3%A9t%C3%A9%2026.gazette.example>"


def test_ten_thousand_message_ids() -> None:
    template = compile_message(EDITION, HEAD)
    fills = (
        template.fill({**STRANGER, "header": HEADER._replace(message_id=f"{number}@gazette.example")})
        for number in range(10_000)
    )
    assert len({re.search(rb"(?m)^Message-ID: <(.+)>\r$", wire)[1] for wire in fills}) == 10_000


@pytest.mark.parametrize(
    "change",
    [
        {"to_name": "a\r\nBcc: x@y.example"},
        {"to_address": "a@b.example\r\nBcc: x@y.example"},
        {"to_address": "a@b.example, x@y.example"},
        {"to_address": ""},
        {"message_id": "a@b>\r\nBcc: x@y.example"},
        {"message_id": "x" * 67 + "@gazette.example"[:12]},
        {"message_id": "no-at-sign"},
        {"date": "Sun, 22 Nov 2026\r\nBcc: x@y.example"},
        {"date": ""},
    ],
)
def test_an_envelope_can_not_add_a_field(change: dict[str, str]) -> None:
    names = names_of(HEADER._replace(**change), berths=[], paid=True)
    template = compile_message(EDITION, HEAD)
    for use in (template.fill, template.fillings):
        with pytest.raises(HeaderError):
            use(names)


@pytest.mark.parametrize(
    "url", ["https://a.example/\r\nBcc: x@y.example", "mailto:a@b.example", "https://a.example/>,<x"]
)
def test_an_unsubscribe_address_can_not_add_a_field(url: str) -> None:
    template = compile_message(replace(EDITION, html=(), text=()), HEAD)
    with pytest.raises(HeaderError):
        template.fillings({**MEMBER, "unsubscribe_url": url})


def test_a_value_can_not_add_a_field() -> None:
    template = compile_message(EDITION, HEAD)
    for use in (template.fill, template.fillings):
        with pytest.raises(CannotFill):
            use(names_of(name="a\r\nBcc: x@y.example", berths=[], paid=True))


@pytest.mark.parametrize(
    "change",
    [
        {"list_title": "a\r\nBcc: x@y.example"},
        {"list_domain": "a b"},
        {"feedback_id": ""},
        {"sender": Mailbox.parse("zoë@quay.example")},
    ],
)
def test_a_head_that_makes_no_header_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(HeaderError):
        compile_message(EDITION, replace(HEAD, **change))


def test_a_subject_of_two_lines_is_refused() -> None:
    with pytest.raises(HeaderError):
        compile_message(replace(EDITION, subject=(Static("a\nb"),)), HEAD)


def test_a_missing_value_is_named() -> None:
    template = compile_message(EDITION, HEAD)
    for use in (template.fill, template.fillings):
        with pytest.raises(MissingValue, match=r"subscriber\.paid"):
            use(names_of(berths=[]))


def test_like_constants_of_different_kinds_are_kept_apart() -> None:
    # In Python Const(1) == Const(True) == Const(1.0).
    holes = [Hole(Call("op.concat", (field("name"), Const(value))), Place.PLAIN) for value in (1, True, 1.0)]
    template = compile_message(Edition("harbour", (), (), tuple(holes)), HEAD)
    assert template.text(names_of(name="a")) == "a1aTruea1.0"


def test_an_empty_edition_is_a_message() -> None:
    message = parse(compile_message(Edition("harbour", (), (), ()), HEAD).fill(MEMBER))
    assert message["Subject"] == ""
    assert [content(message, kind) for kind in ("plain", "html")] == ["\n", "\n"]
