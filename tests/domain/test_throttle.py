"""Every throttle reply we know of is read for what it is; what only looks like one is not."""

from __future__ import annotations

import pytest

from mailer.domain.outcome import Reply, Stage
from mailer.domain.throttle import DAY, HOUR, Scope, Throttle, classify

CONCURRENCY, RATE, SESSION, RECIPIENT = map(
    Throttle, (Scope.CONCURRENCY, Scope.RATE, Scope.SESSION, Scope.RECIPIENT)
)
RECEIVER = Throttle(Scope.RATE, receiver=True)
HOURLY, DAILY = (Throttle(Scope.QUOTA, period=period) for period in (HOUR, DAY))

SAID = [
    # Amazon SES
    ("454 Throttling failure: Maximum sending rate exceeded.", Stage.CONTENT, RATE),
    ("454 Throttling failure: Maximum sending rate exceeded.", Stage.MAIL, RATE),
    ("454 Throttling failure: Daily message quota exceeded.", Stage.CONTENT, DAILY),
    ("421 Too many messages in this session", Stage.MAIL, SESSION),
    ("421 4.4.0 Maximum message count per session reached", Stage.MAIL, SESSION),
    # SendGrid
    ("451 Authentication failed: Maximum credits exceeded", Stage.AUTH, DAILY),
    ("451 You have exceeded your messaging limits: Maximum credits exceeded", Stage.MAIL, DAILY),
    ("450 too frequent connects from 192.0.2.1, please try again later", Stage.CONNECT, CONCURRENCY),
    ("452 Too many recipients received this hour", Stage.RCPT, HOURLY),
    # Gmail's relay
    ("450 4.2.1 Peak SMTP relay limit exceeded for customer", Stage.CONTENT, RATE),
    ("550 5.4.5 Daily SMTP relay limit exceeded for customer", Stage.RCPT, DAILY),
    ("550 5.4.5 Daily user sending limit exceeded.", Stage.CONTENT, DAILY),
    ("550 5.7.1 Daily SMTP relay sending limit exceeded for this user", Stage.MAIL, DAILY),
    ("454 4.7.0 Too many login attempts, please try again later", Stage.AUTH, CONCURRENCY),
    # Office 365
    ("432 4.3.2 Concurrent connections limit exceeded", Stage.MAIL, CONCURRENCY),
    ("432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded", Stage.MAIL, CONCURRENCY),
    ("554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException", Stage.CONTENT, DAILY),
    ("550 5.1.90 Your message can't be sent because you've reached your daily limit", Stage.CONTENT, DAILY),
    ("550 5.7.233 Your message can't be sent: the tenant exceeded its rate", Stage.CONTENT, DAILY),
    # Zoho, and hosters
    ("550 5.4.6 Unusual sending activity detected. Please try after sometime", Stage.CONTENT, DAILY),
    ("554 5.5.4 Unusual sending activity detected", Stage.RCPT, DAILY),
    ("554 5.7.1 limit of 400 rcpts per 24 hours reached", Stage.RCPT, DAILY),
    (
        "450 Mail action not taken: mailbox unavailable\nMail send limit exceeded",
        Stage.CONTENT,
        HOURLY,
    ),
    ("550 Domain quay.example has exceeded the max emails per hour (150/150) allowed", Stage.RCPT, HOURLY),
    ("550 5.7.1 Your mail limit has been reached.", Stage.CONTENT, HOURLY),
    # MailerSend and SocketLabs say no reason
    ("421 Service closing transmission channel", Stage.MAIL, SESSION),
    # Postfix and Exim, as relays
    ("421 4.7.0 relay.example Error: too many connections from 192.0.2.1", Stage.CONNECT, CONCURRENCY),
    ("421 too many concurrent SMTP connections; please try again later", Stage.CONNECT, CONCURRENCY),
    ("450 4.7.1 Error: too much mail from 192.0.2.1", Stage.MAIL, RATE),
    ("421 4.7.0 too many messages in this connection", Stage.MAIL, SESSION),
    # Receivers, as a relay that waits for them passes them on
    ("421 4.7.28 Gmail has detected an unusual rate of unsolicited mail", Stage.CONTENT, RECEIVER),
    ("421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred", Stage.MAIL, RECEIVER),
    ("451 4.7.650 The mail server [192.0.2.1] has been temporarily rate limited", Stage.MAIL, RECEIVER),
    ("451 4.7.652 The mail server has exceeded the maximum number of connections", Stage.MAIL, RECEIVER),
    ("421 4.7.1 Messages to <a@icloud.com> deferred due to excessive volume", Stage.RCPT, RECEIVER),
    ("450 Too many messages to this domain", Stage.RCPT, RECEIVER),
    (
        "553 5.7.2 [TSS09] All messages from 192.0.2.1 will be permanently deferred",
        Stage.MAIL,
        Throttle(Scope.QUOTA, receiver=True, period=4 * HOUR),
    ),
    # One person's mailbox
    (
        "450 4.2.1 The user you are trying to contact is receiving mail at a rate that prevents more",
        Stage.RCPT,
        RECIPIENT,
    ),
    (
        "550 5.2.1 The user you are trying to contact is receiving mail at a rate that prevents more",
        Stage.RCPT,
        RECIPIENT,
    ),
    ("450 4.2.1 The user you are trying to contact is receiving mail too quickly.", Stage.RCPT, RECIPIENT),
    ("452 4.2.2 The email account that you tried to reach is over quota.", Stage.RCPT, RECIPIENT),
    ("451 4.3.0 Temporary failure", Stage.RCPT, RECIPIENT),
]

ONLY_LOOKS_LIKE_IT = [
    ("250 2.0.0 Ok: daily limit not yet exceeded", Stage.CONTENT, None),
    ("550 5.1.1 <rate-limit@inbox.example>: user unknown", Stage.RCPT, None),
    ("552 5.2.2 Mailbox is over its daily quota, limit exceeded", Stage.RCPT, None),
    ("550 5.2.2 The user is over quota", Stage.RCPT, None),
    ("550 5.7.1 Message rejected due to the rate of complaints", Stage.CONTENT, None),
    ("552 5.3.4 Message size exceeds the daily report's maximum", Stage.MAIL, None),
    ("554 5.7.1 Service unavailable; listed, see https://lists.test/rate-limit", Stage.RCPT, None),
    ("535 5.7.8 Authentication failed", Stage.AUTH, None),
    ("432 4.7.12 A password transition is needed", Stage.AUTH, None),
    ("421 4.3.2 Service shutting down", Stage.CONNECT, None),
    ("421 4.7.1 Greylisted, come back later", Stage.RCPT, RECIPIENT),
    ("450 4.7.1 <throttling@inbox.example>: greylisted, try again in 300 s", Stage.RCPT, RECIPIENT),
    ("451 4.3.0 Error in a separate, moderately corporate queue", Stage.CONTENT, RECIPIENT),
    ("452 4.3.1 Insufficient system storage", Stage.MAIL, RECIPIENT),
    ("452 4.5.3 Too many recipients", Stage.RCPT, RECIPIENT),
    ("451 4.4.2 Timeout waiting for data from client.", Stage.CONTENT, RECIPIENT),
    ("450 4.1.8 <news@gazette.example>: sender address rejected: domain not found", Stage.RCPT, RECIPIENT),
    ("450 4.2.0 <a@b.example>: see http://help.test/too-many-connections", Stage.RCPT, RECIPIENT),
    ("452 4.2.1 Daily receiving limit of this person is exceeded", Stage.RCPT, RECIPIENT),
    ("550 5.2.1 Daily receiving limit exceeded", Stage.RCPT, None),
    ("451 4.7.1 Please try again in one hour", Stage.RCPT, RECIPIENT),
    ("421 4.4.2 Connection dropped", Stage.RCPT, RECIPIENT),
]


def reply(line: str) -> Reply:
    code, _, text = line.partition(" ")
    return Reply(int(code), text)


@pytest.mark.parametrize(("line", "stage", "expected"), SAID)
def test_what_providers_say(line, stage, expected):
    assert classify(reply(line), stage) == expected


@pytest.mark.parametrize(("line", "stage", "expected"), ONLY_LOOKS_LIKE_IT)
def test_what_only_looks_like_it(line, stage, expected):
    assert classify(reply(line), stage) == expected


@pytest.mark.parametrize(("line", "stage", "expected"), SAID)
def test_lines_and_case_do_not_matter(line, stage, expected):
    code, _, text = line.partition(" ")
    first, _, rest = text.upper().rpartition(" ")
    assert classify(Reply(int(code), f"{first}\n{rest}"), stage) == expected


@pytest.mark.parametrize("line", [line for line, _, expected in SAID if expected.receiver])
def test_no_receiver_has_spoken_before_a_message_was_begun(line):
    assert classify(reply(line), Stage.CONNECT) in (None, CONCURRENCY)
