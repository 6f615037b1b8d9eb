"""Whose doing a refusal is, by its words: our account's, or the recipient's.

A provider that refuses the account often says so in answer to a recipient or a message, with a code that
others use for a mailbox that isn't there. Only words tell; what no rule knows is for `mailer.engine.brake`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailer.domain.outcome import Reply


@dataclass(frozen=True, slots=True)
class Wording:
    """What `provider` says when the account has to be put right: code, words without addresses and links.

    Only what no recipient's server would say belongs here: one such reply ends the run.
    """

    provider: str
    said: re.Pattern[str]


def _wording(provider: str, said: str) -> Wording:
    return Wording(provider, re.compile(said, re.IGNORECASE | re.VERBOSE))


# Limits that pass by themselves are in `mailer.domain.throttle`.
ACCOUNT: tuple[Wording, ...] = (
    # docs.aws.amazon.com/ses/latest/dg/troubleshoot-error-messages.html
    _wording("Amazon SES", r"email \s address \s is \s not \s verified | following \s identities \s failed"),
    _wording("Amazon SES", r"sending \s ((is|has \s been) \s)? (paused|suspended|disabled) \b .* \baccount"),
    _wording("Amazon SES", r"account \s is \s paused"),
    # docs.sendgrid.com/for-developers/sending-email/sender-identity
    _wording("SendGrid", r"from \s address \s does \s not \s match \s a \s verified \s sender"),
    _wording("SendGrid", r"not \s authorized \s to \s send \s from \s that | unauthenticated \s senders"),
    # github.com/mailgun/wordpress-plugin/issues/68
    _wording("Mailgun", r"\bdomain \b .* \bnot \s allowed \s to \s send\b"),
    _wording("Mailgun", r"free \s accounts \s are \s for \s test | activate \s your \s (\w+ \s)? account"),
    _wording("Mailgun", r"sandbox \s subdomains \s are \s for \s test"),
    # postmarkapp.com/developer/api/overview, error codes 400, 401, 412
    _wording("Postmark", r"\bsender \s signature\b | account \s is \s (still \s)? pending \s approval"),
    # github.com/WPManageNinja/fluent-smtp/issues/157
    _wording("Brevo", r"account \s (is|has) \s not \s (yet \s)? (been \s)? activated"),
    _wording("Brevo", r"^525 \b .* unauthorized \s ip \s address"),
    # dev.mailjet.com/smtp-relay/overview
    _wording("Mailjet", r"\bsender \b .{0,20} \bnot \s (been \s)? (validated|verified)\b"),
    # support.sparkpost.com/docs/faq/error-messages-smtp
    _wording("SparkPost", r"unconfigured \s sending \s domain | \bsending \s domain \b .* not \s verified"),
    # resend.com/docs, mailersend.com/help
    _wording("Resend", r"\bdomain \s is \s not \s verified\b"),
    _wording("MailerSend", r"\bdomain \s must \s be \s verified\b"),
    # learn.microsoft.com/exchange/mail-flow-best-practices/non-delivery-reports-in-exchange-online
    _wording("Office 365", r"^\d+ \s 5\.7\.(57|60|705|750)\b"),
    _wording("Office 365", r"^\d+ \s 5\.1\.8\b | SendAsDenied | tenant \s has \s exceeded \s threshold"),
    _wording("Office 365", r"not \s have \s permissions \s to \s send \s as \s this \s sender"),
    # www.zoho.com/mail/help, zoho.com/zeptomail/help/api/smtp-error-codes.html
    _wording("Zoho", r"relaying \s disallowed \s as\b | sender \s is \s not \s allowed \s to \s relay"),
    _wording("Zoho", r"5\.1\.8 \b .* sender \s address \s blocked | credits \s (blocked|expired)"),
    # postmaster.gmx.net, hilfe.ionos.de
    _wording("GMX, IONOS", r"sender \s address \s is \s not \s allowed"),
    # yandex.com/support/mail, help.mail.ru
    _wording("Yandex, Mail.ru", r"sender \s address \s rejected: \s not \s owned"),
    # postfix.org/SMTPD_ACCESS_README.html: reject_sender_login_mismatch
    _wording("Postfix", r"^5 .* sender \s address \s rejected: \s not \s (owned \s by|logged \s in)"),
    _wording("any", r"\byour \s (\w+ \s)? account \b .{0,30} \b(suspended|blocked|locked|disabled)\b"),
)  # fmt: skip

# What a failure means for a mailbox `failures.classify` tells, of a reply as of a bounce. It isn't asked:
# "account suspended" and "quota exceeded" are said of our account with the same words, and to take that for
# the recipient's would fail everybody, one after the other.
# RFC 3463: a bad mailbox or system address, one that moved or is disabled. Not 5.2.2: we have quotas, too.
_THEIR_STATUS = re.compile(r"^5\d\d 5\.(?:1\.(?:[1236]|10)|2\.1)\b")
_THEIR_WORDS = re.compile(
    r"""
    \b(user|recipient|addressee|mailbox|address|person|name) \b .{0,40}
      \b(unknown|invalid|inactive|unavailable|unrouteable|disabled|full|over \s quota
        | not \s (be \s)? (found|exist|known|valid|listed|local|here) | does(n't|\s not) \s exist)\b
    | \b(unknown|invalid|no \s such|unrouteable|non-?existent|undeliverable|not \s a \s (known|valid))
      \s (local \s | virtual \s)? (user|recipient|addressee|mailbox|address|account|person|name)\b
    | \b(no|not) \s (mailbox|one|person|user) \b .{0,20} \b(by \s that \s name|here|found)\b
    | \bmarked \s as \s inactive\b | ^\d+ \s delivery \s error: \s dd\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
_PUT_OFF = re.compile(r"^4\d\d 4\.[12]\.\d|\bgr[ae]y.?list", re.IGNORECASE)
_ABOUT_US = re.compile(
    r"\b(?:sender|sending|from|your|outgoing|relay|limits?|unpaid|invoice|payment|billing)\b", re.IGNORECASE
)

# Names may hold any word, and must not be read as a reason.
_NAMES = re.compile(r"<[^<>]*>|[^\s:]+@[\w-]+(?:\.[\w-]+)*")
_ENOUGH = 500  # characters of a reply: the reason comes first, and no server may make us search for long
_WORD = re.compile(r"[^\W\d_]{2,}")


def plain_words(reply: Reply) -> str:
    """Return what a reply says on one line, without addresses and links."""
    return without_names(reply.text[:_ENOUGH])


def without_names(text: str) -> str:
    """Return `text` on one line, without addresses and links."""
    return " ".join(word for word in _NAMES.sub(" ", text).split() if "@" not in word and "://" not in word)


def account_fault(reply: Reply) -> Wording | None:
    """Return by which wording a refusal says that the account has to be put right; None if it doesn't."""
    said = f"{reply.code} {plain_words(reply)}"
    return next((wording for wording in ACCOUNT if wording.said.search(said)), None)


def is_recipients(reply: Reply) -> bool:
    """Whether a refusal is clearly about the mailbox that it was given for."""
    said = f"{reply.code} {plain_words(reply)}"
    return bool(_THEIR_STATUS.match(said) or _THEIR_WORDS.search(said)) and not _ABOUT_US.search(said)


def may_be_recipients(reply: Reply) -> bool:
    """Whether what is put off may be so for its recipient's sake: a full mailbox, or greylisting."""
    said = f"{reply.code} {plain_words(reply)}"
    return bool(_PUT_OFF.search(said)) or is_recipients(reply)


def gist(reply: Reply, recipient: str) -> str:
    """Return what two refusals of the same kind have in common: no address, number or id of a message."""
    own = set(_WORD.findall(recipient.casefold()))
    words = [word for word in plain_words(reply).casefold().split() if not re.search(r"[\d_]", word)]
    kept = [word for each in words for word in _WORD.findall(each) if word not in own]
    return " ".join((str(reply.code), *kept))
