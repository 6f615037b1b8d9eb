"""What a recipient's group in a delivery status says, and what is made of it where some is missing."""

from __future__ import annotations

import pytest

from mailer.domain.returned import Kind, RecipientVerdict
from mailer.feedback.reading import read


def one(group: str, text: str = "", kind: str = "message/delivery-status") -> RecipientVerdict:
    message = (
        "From: MAILER-DAEMON@mx.quay.example\nTo: bounces@news.example\nSubject: Undelivered\n"
        f"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\n{text}\n--b\n"
        f"Content-Type: {kind}\n\nReporting-MTA: dns; mx.quay.example\n\n{group}\n--b--\n"
    )
    (found,) = read(message.encode()).recipients
    return found


ADA = "Final-Recipient: rfc822; ada@quay.example\n"
FAILED = f"{ADA}Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 user unknown\n"


@pytest.mark.parametrize(
    "action", ["delayed", "delivered", "relayed", "expanded", "Delivered (to box)", "DELAY"]
)
def test_what_did_not_fail_never_counts(action: str) -> None:
    assert one(FAILED.replace("failed", action)).kind is Kind.AUTO_REPLY


@pytest.mark.parametrize("action", ["failed", "Failed", "failure", "FAILED (no such user)", "error", ""])
def test_what_failed_does(action: str) -> None:
    assert one(FAILED.replace("failed", action)).kind is Kind.HARD


def test_without_an_action_the_status_tells() -> None:
    assert one(f"{ADA}Status: 2.1.5\n").kind is Kind.AUTO_REPLY
    assert one(f"{ADA}Status: 5.1.1\n").kind is Kind.HARD
    assert one(f"{ADA}Status: 4.4.1\n").kind is Kind.SOFT


def test_a_definite_status_stands_against_what_a_gateway_writes_below() -> None:
    footer = "This email has been scanned for all viruses and spam."
    assert one(f"{ADA}Action: failed\nStatus: 5.1.1\n", footer).kind is Kind.HARD
    assert one(f"{ADA}Action: failed\nStatus: 5.0.0\n", "550 user unknown").kind is Kind.HARD


def test_an_action_in_the_group_of_the_message_is_nobodys() -> None:
    message = (
        b"From: MAILER-DAEMON@mx.quay.example\nContent-Type: message/delivery-status\n\n"
        b"Reporting-MTA: dns; mx.quay.example\nAction: failed\n\n" + FAILED.encode()
    )
    assert [each.address for each in read(message).recipients] == ["ada@quay.example"]


def test_in_prose_what_stands_before_an_address_tells_if_nothing_else_does() -> None:
    head = b"From: postmaster@mx.quay.example\nSubject: Undeliverable\n\n"
    message = head + b"No such mailbox here: ada@quay.example\n"
    assert [each.kind for each in read(message).recipients] == [Kind.HARD]


STATUSES = {
    ("5.1.1", "552 5.2.2 mailbox full"): ("5.2.2", Kind.SOFT),
    ("5.0.0", "550 5.1.1 who is that"): ("5.1.1", Kind.HARD),
    ("5.1.1", "450 4.1.1 not now"): ("4.1.1", Kind.SOFT),
    ("5.1.1", "451 come back"): ("4.1.1", Kind.SOFT),
    ("4.0.0", "550 user unknown"): ("4.0.0", Kind.SOFT),
    ("5.1.1 (mailbox full)", ""): ("5.1.1", Kind.SOFT),
    ("nonsense", "550 5.7.1 blocked"): ("5.7.1", Kind.BLOCKED),
    ("", ""): ("", Kind.SOFT),
}


@pytest.mark.parametrize("given", STATUSES)
def test_of_two_that_contradict_each_other_the_milder_holds(given: tuple[str, str]) -> None:
    status, said = given
    found = one(f"{ADA}Action: failed\nStatus: {status}\nDiagnostic-Code: smtp; {said}\n")
    assert (found.status, found.kind) == STATUSES[given]


ADDRESSES = {
    "Final-Recipient: rfc822;ada@quay.example": "ada@quay.example",
    "Final-Recipient: RFC822 ; <ada@quay.example>": "ada@quay.example",
    "Final-Recipient: ada@quay.example": "ada@quay.example",
    "Final-Recipient: rfc822; ada@quay.example (Ada)": "ada@quay.example",
    "Original-Recipient: rfc822;ada@quay.example": "ada@quay.example",
    "Original-Recipient: rfc822;ada@quay.example\nFinal-Recipient: x400; /c=no/s=ada/": "ada@quay.example",
    "Original-Recipient: rfc822;ada@quay.example\nFinal-Recipient: rfc822; ada@mailstore": "ada@quay.example",
    "X-Actual-Recipient: rfc822; ada@quay.example\nAction: failed": "ada@quay.example",
    "Final-Recipient: rfc822;\n ada@quay.example": "ada@quay.example",
    "Final-Recipient: utf-8; jürgen@kai.example": "jürgen@kai.example",
    "Final-Recipient: utf-8; j\\x{FC}rgen@kai.example": "jürgen@kai.example",
    "Final-Recipient: utf-8; \\x{110000}\\x{D800}@kai.example": "\ufffd\ufffd@kai.example",
    "Final-Recipient: rfc822; =?utf-8?q?ada=40quay.example?=": "ada@quay.example",
}


@pytest.mark.parametrize("group", ADDRESSES)
def test_an_address_is_found_however_it_is_written(group: str) -> None:
    assert one(f"{group}\nStatus: 5.1.1\n").address == ADDRESSES[group]


TYPES = ["message/global-delivery-status", "text/plain", "Message/Delivery-Status; charset=x"]


@pytest.mark.parametrize("kind", TYPES)
def test_the_part_may_be_of_another_type(kind: str) -> None:
    assert one(FAILED, kind=kind).kind is Kind.HARD


def test_the_text_beside_it_tells_what_the_group_does_not() -> None:
    silent = f"{ADA}Action: failed\nStatus: 5.0.0\n"
    said = "<ada@quay.example>:\n    the mailbox is full\n\n<bo@quay.example>:\n    user unknown\n"
    text = f"Your message could not be delivered to\n\n{said}"
    found = one(silent, text)
    assert (found.kind, found.said) == (Kind.SOFT, "the mailbox is full")
    assert one(silent).reason == "refused without a reason"


def test_japanese_is_read_though_nobody_says_that_it_is() -> None:
    words = "ユーザーが Domino ディレクトリには見つかりません".encode("iso2022_jp")
    message = (
        b"From: postmaster@minato.example\nTo: b@news.example\nSubject: Undelivered\n\n"
        b"Your message was not delivered to:\n\nada@minato.example\n\nbecause:\n\n" + words + b"\n"
    )
    (found,) = read(message).recipients
    assert (found.address, found.kind) == ("ada@minato.example", Kind.HARD)


def test_groups_without_a_blank_line_between_them_are_two() -> None:
    two = FAILED + FAILED.replace("ada", "bo").replace("5.1.1 user unknown", "5.2.2 mailbox full")
    message = f"From: postmaster@quay.example\nContent-Type: message/delivery-status\n\n{two}"
    found = read(message.encode()).recipients
    assert [(each.address, each.kind) for each in found] == [
        ("ada@quay.example", Kind.HARD),
        ("bo@quay.example", Kind.SOFT),
    ]
