"""Who is meant: only whom a token of ours names, wherever in a message it stands."""

from __future__ import annotations

import re

import pytest

from mailer.domain.returned import Kind, RecipientVerdict, Returned, Verdict
from mailer.feedback.reading import Circumstances, read

ADA = Returned(7, 12)


def read_token(text: str) -> Returned | None:
    """A stand-in for signatures: `good` names Ada, anything else is forged."""
    return ADA if re.search(r"\bgood\b", text) else None


KNOWN = Circumstances(read_token)
DSN = """\
From: MAILER-DAEMON@mx.quay.example
To: {to}
{extra}Subject: Undelivered
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.quay.example
{envid}
Final-Recipient: rfc822; {who}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 user unknown

--b
Content-Type: {copy_type}

{copy}
--b--
"""


def dsn(
    to: str = "bounces@news.example",
    extra: str = "",
    envid: str = "",
    who: str = "ada@quay.example",
    copy: str = "Subject: x\n",
    copy_type: str = "message/rfc822",
) -> bytes:
    return DSN.format(to=to, extra=extra, envid=envid, who=who, copy=copy, copy_type=copy_type).encode()


PLACES = {
    "To": dsn(to="bounces+good@news.example"),
    "Delivered-To": dsn(extra="Delivered-To: bounces+good@news.example\n"),
    "X-Original-To": dsn(extra="X-Original-To: bounces+good@news.example\n"),
    "second Delivered-To": dsn(
        extra="Delivered-To: a@b.example\nDelivered-To: <bounces+good@news.example>\n"
    ),
    "Original-Envelope-Id": dsn(envid="Original-Envelope-Id: good\n"),
    "the copy's Return-Path": dsn(copy="Return-Path: <bounces+good@news.example>\nSubject: x\n"),
    "the copy's headers": dsn(
        copy="Return-Path: <bounces+good@x.example>\n", copy_type="text/rfc822-headers"
    ),
    "the copy's link": dsn(copy="List-Unsubscribe: <https://news.example/u/good>\n"),
    "the copy's metadata": dsn(copy='X-SMTPAPI: {"unique_args": {"token": "good"}}\n'),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_token_is_found_where_servers_leave_it(place: str) -> None:
    verdict = read(PLACES[place], KNOWN)
    assert (verdict.returned, verdict.trusted, verdict.kind) == (ADA, True, Kind.HARD)
    assert verdict.evidence[0].startswith("token in ")


def test_the_envelope_is_asked_first() -> None:
    verdict = read(dsn(), Circumstances(read_token, envelope="bounces+good@news.example"))
    assert verdict.returned == ADA
    assert verdict.evidence[0] == "token in the envelope"


FORGED = {
    "no token": dsn(),
    "a forged one": dsn(to="bounces+forged@news.example"),
    "in the text": dsn().replace(
        b"--b\n", b"--b\nContent-Type: text/plain\n\nbounces+good@news.example\n--b\n", 1
    ),
    "in the body of the copy": dsn(copy="Subject: x\n\ngood\n"),
    "in another field": dsn(extra="X-Whatever: good\n"),
}


@pytest.mark.parametrize("forged", FORGED)
def test_without_one_nothing_is_believed(forged: str) -> None:
    verdict = read(FORGED[forged], KNOWN)
    assert verdict.kind is Kind.HARD
    assert verdict.recipients[0].address == "ada@quay.example"
    assert verdict.returned is None
    assert not verdict.trusted


def test_a_notice_that_names_another_victim_is_still_about_whom_the_token_names() -> None:
    verdict = read(dsn(to="bounces+good@news.example", who="bo@quay.example"), KNOWN)
    assert verdict.returned == ADA
    assert [each.address for each in verdict.recipients] == ["bo@quay.example"]


def test_a_redacted_complaint_is_known_by_its_token() -> None:
    report = b"""\
From: fbl@quay.example
To: fbl@gazette.example
Content-Type: multipart/report; report-type=feedback-report; boundary=b

--b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: x
Version: 1
--b
Content-Type: message/rfc822

Return-Path: <bounces+good@news.example>
To: redacted@quay.example
--b--
"""
    verdict = read(report, KNOWN)
    assert (verdict.kind, verdict.returned) == (Kind.COMPLAINT, ADA)
    assert verdict.recipients == (RecipientVerdict("", Kind.COMPLAINT, reason="complaint (abuse)"),)


def test_behind_an_address_the_mildest_holds_unless_it_is_the_one_that_was_mailed() -> None:
    hard = RecipientVerdict("bo@quay.example", Kind.HARD, original="crew@quay.example")
    soft = RecipientVerdict("cy@quay.example", Kind.SOFT)
    verdict = Verdict(Kind.HARD, (hard, soft))
    assert verdict.toward("dee@quay.example").kind is Kind.SOFT
    assert verdict.toward("BO@quay.example").kind is Kind.HARD
    assert verdict.toward("crew@quay.example").kind is Kind.HARD
    assert Verdict(Kind.REPLY).toward("dee@quay.example").kind is Kind.REPLY
