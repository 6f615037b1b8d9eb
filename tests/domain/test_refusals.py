"""Whose doing a refusal is: providers on our account, servers on a mailbox, and what neither is sure of."""

from __future__ import annotations

import re

import pytest

from mailer.domain.outcome import Reply
from mailer.domain.refusals import ACCOUNT, account_fault, gist, is_recipients

OURS = {
    "554 Message rejected: Email address is not verified. The following identities failed the check in region"
    " US-EAST-1: news@gazette.example": "Amazon SES",
    "554 Message rejected: Sending paused for this account. See the inbox": "Amazon SES",
    "454 Account is paused": "Amazon SES",
    "550 The from address does not match a verified Sender Identity. Mail cannot be sent": "SendGrid",
    "403 You are not authorized to send from that email address": "SendGrid",
    "421 Domain gazette.example is not allowed to send: Free accounts are for test purposes only": "Mailgun",
    "550 Please activate your Mailgun account": "Mailgun",
    "550 5.7.1 The 'From' address you supplied is not a Sender Signature on your account": "Postmark",
    "502 5.7.0 Your SMTP account is not yet activated. Please contact us": "Brevo",
    "525 5.7.1 Unauthorized IP address 192.0.2.1": "Brevo",
    "550 5.7.1 Sender address has not been validated": "Mailjet",
    "550 5.7.1 Unconfigured Sending Domain <gazette.example>": "SparkPost",
    "450 The gazette.example domain is not verified. Please add and verify it": "Resend",
    "450 The from.email domain must be verified in your account to send emails. #MS42207": "MailerSend",
    "550 5.7.705 Access denied, tenant has exceeded threshold": "Office 365",
    "554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied": "Office 365",
    "550 5.7.60 SMTP; Client does not have permissions to send as this sender": "Office 365",
    "550 5.1.8 Access denied, bad outbound sender": "Office 365",
    "553 Relaying disallowed as news@gazette.example": "Zoho",
    "550-Requested action not taken: mailbox unavailable\n550 Sender address is not allowed.": "GMX, IONOS",
    "553 5.7.1 Sender address rejected: not owned by auth user.": "Yandex, Mail.ru",
    "553 5.7.1 <news@gazette.example>: Sender address rejected: not logged in": "Postfix",
    "550 5.7.1 Your account has been temporarily suspended": "any",
}  # fmt: skip
THEIRS = [
    "550 5.1.1 <ada@quay.example>: Recipient address rejected: User unknown in virtual mailbox table",
    "550-5.1.1 The email account that you tried to reach does not exist.\n550 5.1.1 Try double-checking",
    "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
    "550 5.2.1 This account has been disabled",
    "552 5.2.2 <ada@quay.example>: mailbox over quota",
    "550 No such user here",
    "550 User unknown",
    "550 unknown user <ada@quay.example>",
    "550 Requested action not taken: mailbox unavailable",
    "550 Mailbox for ada@quay.example not found",
    "550 Unrouteable address",
    "550 Invalid recipient",
    "550 sorry, no mailbox here by that name (#5.1.1)",
    "551 User not local; please try <ada@pier.example>",
    "553 5.3.0 <ada@quay.example>... Addressee unknown",
    "554 delivery error: dd This user doesn't have an account",
    "550 <ada@quay.example> is not a valid mailbox",
    "550 the recipient has been marked as inactive",
]
NOBODY_KNOWS = [
    "550 Rejected",
    "554 5.7.1 <ada@quay.example>: Relay access denied",
    "554 5.7.1 Message rejected under suspicion of SPAM",
    "550 5.7.1 rejected by policy",
    "550 Account limit reached",
    "550 not verified",
    "550 sending disabled, ask your postmaster: user unknown to billing",
    "554 exceeded quota",
    "550 Sender address unknown",
    "550 5.1.1 Recipient address not allowed: sending limit reached for account 7",
    "550 5.2.1 Mailbox disabled: unpaid invoice",
    "552 5.2.2 Quota d'envoi depasse",
    "550 5.7.1 Recipient not authorized, your IP has been found on a block list",
]


def reply(line: str) -> Reply:
    return Reply(int(line[:3]), re.sub(r"\n\d{3}[ -]", "\n", line[4:]))


@pytest.mark.parametrize(("line", "provider"), OURS.items())
def test_what_a_provider_says_of_the_account(line, provider):
    wording = account_fault(reply(line))
    assert wording is not None
    assert wording.provider == provider
    assert not is_recipients(reply(line)) or "mailbox unavailable" in line


def test_every_wording_that_is_known_was_heard():
    assert {wording.provider for wording in ACCOUNT} == set(OURS.values())


@pytest.mark.parametrize("line", THEIRS)
def test_what_a_server_says_of_a_mailbox(line):
    assert is_recipients(reply(line))
    assert account_fault(reply(line)) is None


@pytest.mark.parametrize("line", NOBODY_KNOWS)
def test_what_may_be_either(line):
    assert not is_recipients(reply(line))
    assert account_fault(reply(line)) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("554 5.7.1 <ada@quay.example>: Relay denied", "554 5.7.1 <ben@pier.example>: Relay denied"),
        ("550 rejected, id 4F2x-77", "550 rejected, id 9Qq1-02"),
        ("550 5.7.1 quota of 400, 08:01:22Z d75a.112", "550 5.7.1 quota of 400, 08:01:23Z e7.9"),
        ("550 Rejected: see https://help.test/?id=abc", "550 rejected: see https://help.test/?id=xyz"),
        ("550 ada is not served", "550 ben is not served"),
    ],
)  # fmt: skip
def test_the_same_refusal_for_another_person_is_the_same(one, other):
    assert gist(reply(one), "ada@quay.example") == gist(reply(other), "ben@pier.example")


def test_other_words_and_codes_are_other_refusals():
    said = ["550 rejected by policy", "554 rejected by policy", "550 rejected as spam"]
    assert len({gist(reply(line), "ada@quay.example") for line in said}) == 3
