"""Requests to be taken off: what is one, and who is believed to be who they say."""

from __future__ import annotations

import pytest

from mailer.domain.returned import Kind
from mailer.feedback.reading import Circumstances, read

TRUSTED = Circumstances(trusted={"mx.gazette.example"})
PASS = "mx.gazette.example; dkim=pass header.d=quay.example; dmarc=pass (p=reject) header.from=quay.example"


def mail(
    results: str = PASS, sender: str = "Ada <ada@quay.example>", more: str = "", subject: str = "unsubscribe"
) -> bytes:
    fields = f"Authentication-Results: {results}\n{more}From: {sender}\nTo: news@gazette.example\n"
    return f"{fields}Subject: {subject}\n\nPlease.\n".encode()


def test_a_sender_whom_dmarc_has_proved_is_believed() -> None:
    verdict = read(mail(), TRUSTED)
    assert (verdict.kind, verdict.sender, verdict.trusted) == (Kind.UNSUBSCRIBE, "ada@quay.example", True)
    assert "DMARC passes for From" in verdict.evidence


SPOOFED = {
    "by nobody": "",
    "by another host": PASS.replace("mx.gazette", "mx.evil"),
    "by a host of the same beginning": PASS.replace("gazette.example", "gazette.example.evil", 1),
    "that failed": PASS.replace("dmarc=pass", "dmarc=fail"),
    "that says nothing of DMARC": "mx.gazette.example; dkim=pass header.d=quay.example",
    "of another domain": PASS.replace("header.from=quay", "header.from=pier"),
    "of a part of the domain": PASS.replace("header.from=quay.example", "header.from=example"),
    "without the domain": "mx.gazette.example; dmarc=pass",
    "in a comment": "mx.gazette.example; dmarc=fail (dmarc=pass header.from=quay.example)",
    "that is none": "mx.gazette.example; none",
    "with the host in a comment": "mx.evil.example (mx.gazette.example; dmarc=pass header.from=quay.example)",
}


@pytest.mark.parametrize("results", SPOOFED)
def test_a_result_is_not_believed(results: str) -> None:
    verdict = read(mail(SPOOFED[results]), TRUSTED)
    assert verdict.kind is Kind.UNSUBSCRIBE
    assert not verdict.trusted


def test_nobody_is_trusted_unless_a_setting_says_so() -> None:
    assert not read(mail()).trusted


def test_only_the_first_field_of_a_host_counts() -> None:
    failed = PASS.replace("dmarc=pass", "dmarc=fail")
    assert not read(mail(failed, more=f"Authentication-Results: {PASS}\n"), TRUSTED).trusted
    assert read(mail("other.example; none", more=f"Authentication-Results: {PASS}\n"), TRUSTED).trusted


DOUBTFUL = {
    "two senders": "ada@quay.example, bo@quay.example",
    "an address in the name": '"bo@quay.example" <ada@quay.example>',
    "an address in a comment": "ada@quay.example (bo@quay.example)",
    "an address behind a comment": "<ada@quay.example>(<bo@pier.example>",
    "nothing": "Ada",
}


@pytest.mark.parametrize("sender", DOUBTFUL)
def test_a_doubtful_sender_is_nobody_else(sender: str) -> None:
    assert read(mail(sender=DOUBTFUL[sender]), TRUSTED).sender in ("", "ada@quay.example")


def test_two_from_fields_prove_nothing() -> None:
    assert not read(mail(more="From: bo@quay.example\n"), TRUSTED).trusted


NO_REQUESTS = [
    "Re: How to unsubscribe from the harbour's newsletter",
    "Don't stop!",
    "I want to stop by at your office tomorrow",
    "The ferry stops",
    "Unsubscribe links in your mails don't work since last week",
]


@pytest.mark.parametrize("subject", NO_REQUESTS)
def test_not_everything_with_the_word_is_a_request(subject: str) -> None:
    assert read(mail(subject=subject), TRUSTED).kind is Kind.REPLY


def test_what_is_quoted_is_no_request() -> None:
    text = b"From: ada@quay.example\nSubject: Re: The harbour\n\nThanks!\n\n> unsubscribe\n> stop\n"
    assert read(text).kind is Kind.REPLY


def test_a_vacation_reply_to_a_request_is_none() -> None:
    fields = b"From: ada@quay.example\nSubject: Auto: Re: unsubscribe\nAuto-Submitted: auto-replied\n"
    assert read(fields + b"\nunsubscribe\n").kind is Kind.AUTO_REPLY
