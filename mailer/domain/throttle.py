"""What a server's refusal says about our pace: which limit was hit, and whose. Words in, a value out.

Replies as providers and receivers give them; a limit is read from the words, never from the code alone,
because every code here also stands for something else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from mailer.domain.outcome import Reply, Stage
from mailer.domain.refusals import plain_words

HOUR = 3600.0  # seconds
DAY = 24 * HOUR


class Scope(StrEnum):
    """What a limit counts, and so what to do about it."""

    SESSION = "session"  # messages a connection: go on over a new one
    CONCURRENCY = "concurrency"  # connections at once, or too often: one fewer
    RATE = "rate"  # messages a second: halve, recover additively
    QUOTA = "quota"  # messages an hour or a day: wait for the next one
    RECIPIENT = "recipient"  # no limit of ours: this message tries again by the retry policy


@dataclass(frozen=True, slots=True)
class Throttle:
    """One limit. `receiver`: that of the recipient's mailbox provider, else that of our account.

    `period` is how long a quota lasts, in seconds.
    """

    scope: Scope
    receiver: bool = False
    period: float = 0.0


@dataclass(frozen=True, slots=True)
class ThrottleRule:
    """A reply with one of `codes` (empty: any 4yz) and words that match says `throttle`; None: no limit."""

    codes: frozenset[int]
    words: re.Pattern[str]
    throttle: Throttle | None

    def matches(self, code: int, words: str) -> bool:
        """Whether this rule speaks of a reply (its words without addresses and links)."""
        meant = code in self.codes if self.codes else code < 500
        return meant and self.words.search(words) is not None


def _rule(codes: str, words: str, throttle: Throttle | None) -> ThrottleRule:
    return ThrottleRule(
        frozenset(map(int, codes.split())), re.compile(words, re.IGNORECASE | re.VERBOSE), throttle
    )


# What one person may receive is no limit of ours.
NOT_THEIRS = r"^ (?! .* \b receiving \b) .* ( "

SESSION = Throttle(Scope.SESSION)
CONCURRENCY = Throttle(Scope.CONCURRENCY)
RATE = Throttle(Scope.RATE)
HOURLY = Throttle(Scope.QUOTA, period=HOUR)
DAILY = Throttle(Scope.QUOTA, period=DAY)
RECIPIENT = Throttle(Scope.RECIPIENT)
RECEIVER_RATE = Throttle(Scope.RATE, receiver=True)
RECEIVER_BLOCK = Throttle(Scope.QUOTA, receiver=True, period=4 * HOUR)

# The first that matches holds: the mailbox's own limits first, then its provider's, then our account's.
TABLE: tuple[ThrottleRule, ...] = (
    # Gmail, 4yz or 5yz alike: one person gets more than they can take.
    _rule("450 452 550", r"(user|recipient) .* receiving \s mail \s (at \s a \s rate | too \s)", RECIPIENT),
    _rule("450 451 452", r"^4\.2\.2\b | (mailbox|inbox|user) .* quota", RECIPIENT),  # RFC 3463: mailbox full
    _rule("550 552 554", r"^5\.2\.2\b | (mailbox|inbox|user) .* over .* quota", None),
    _rule("421 450 550", r"\b[45]\.7\.28\b", RECEIVER_RATE),  # Gmail: an unusual rate of mail
    _rule("553", r"\[TSS09\]", RECEIVER_BLOCK),  # Yahoo: all messages from here
    _rule("421 451", r"\[TSS?\d\d\]", RECEIVER_RATE),  # Yahoo
    _rule("450 451", r"\b4\.7\.65[0-9]\b", RECEIVER_RATE),  # Microsoft
    _rule("421", r"^4\.7\.1\b (?! .* gr[ae]y.?list)", RECEIVER_RATE),  # Apple
    _rule(
        "",
        r"(too \s (many|much) | limit | rate) .* \b(to|for) \s (this|that|the) \s (recipient\S* \s)? domain",
        RECEIVER_RATE,
    ),
    _rule(
        "421 450 451 452",
        r"(messages?|mails?|transactions?|count) .* \b(per|in \s one|in \s a|in \s this|on \s this|this)"
        r" \s (smtp \s)? (session|connection)\b",
        SESSION,
    ),
    _rule("432", r"^4\.3\.2\b", CONCURRENCY),  # Office 365; 432 4.7.12 asks for a new password
    _rule(
        "421 432 450 451 452 454",
        r"(concurrent|simultaneous|parallel) .* (connection|session)"
        r" | too \s (many|frequent) \s (\w+ \s)? (connections?|connects|sessions|logins?)\b"
        r" | connections? \s (rate \s)? limit"
        r" | max\w* \s (number \s of \s)? (\w+ \s)? (connections|sessions)\b",
        CONCURRENCY,
    ),
    _rule(
        "421 450 451 452 454",
        NOT_THEIRS + r"hourly .* (limit|quota)"
        r" | (limit|quota|maximum|too \s many|exceed\w*) .* (this|per|an|last|one) \s hour\b )",
        HOURLY,
    ),
    _rule(
        "421 450 451 452 454 550 552 554",
        # IONOS; cPanel; StartMail, which renews by the hour; German hosters
        NOT_THEIRS + r"\bsend \s limit \s exceeded | exceeded \s the \s max \b .* \bper \s hour"
        r" | \bmail \s limit \s has \s been \s reached | message \s count \s quota \s exceeded )",
        HOURLY,
    ),
    _rule(
        "421 450 451 452 454 550 552 554",
        NOT_THEIRS + r"(daily|24.?hours?) \b .* (limit|quota|maximum) .* (exceed|reach)"
        r" | (exceed|reach)\w* .* (daily|24.?hours?) \b .* (limit|quota)"
        r" | credits \s exceeded | submission.?quota.?exceeded"
        r" | (limit|quota|maximum|exceed\w*) .* (per|a|in|within|every) \s (day|24.?h(ou)?rs?)\b"
        r" | unusual \s sending \s activity )",  # Zoho: it lasts some hours
        DAILY,
    ),
    _rule("550", r"^5\.4\.5\b", DAILY),  # Gmail
    _rule("550", r"^5\.(1\.90|7\.23[23])\b", DAILY),  # Office 365: the mailbox's limit, the tenant's
    _rule(
        "",
        r"throttl(ed|ing)\b | \b(sending|sent|message|mail|relay) \s rate\b | \brate.?limit"
        r" | \bpeak \b .* limit \s exceeded | too \s (many|much) \s (messages|mails?|e-?mails)\b"
        r" | \b(too \s fast|slow \s down)\b"
        r" | exceed\w* .* \b(messages|mails?|e-?mails) \s (per|a) \s (second|minute)",
        RATE,
    ),
)  # fmt: skip

# Before a message is under way a plain refusal is the connection's, and the pool's to deal with.
ABOUT_A_MESSAGE = frozenset({Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.CONTENT})


def classify(reply: Reply, stage: Stage) -> Throttle | None:
    """Return which limit `reply`, given at `stage`, speaks of; None where it says nothing about pace."""
    if reply.code < 400:
        return None
    words = plain_words(reply)
    for rule in TABLE:
        if rule.matches(reply.code, words):
            return rule.throttle if rule.throttle is None or _may_stand(rule.throttle, stage) else None
    if reply.code == 421 and stage is Stage.MAIL:
        return SESSION  # MailerSend, SocketLabs: this connection has carried what it may, said without words
    return RECIPIENT if reply.code < 500 and stage in ABOUT_A_MESSAGE else None


def _may_stand(throttle: Throttle, stage: Stage) -> bool:
    """A connection that carried nothing yet can't be full, and no recipient was named yet."""
    if stage in ABOUT_A_MESSAGE:
        return True
    return throttle.scope not in (Scope.SESSION, Scope.RECIPIENT) and not throttle.receiver
