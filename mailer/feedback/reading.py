"""The way from octets to a verdict: one reader after the other, in the order of what they may be believed.

A token of ours says whom a message is about, and nothing else does; what happened to them the first of these
says that finds something: a delivery status, a feedback report, a bounce in prose, a program that answers, a
request to be taken off. What is left was written by a human being, or nobody knows.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from mailer.domain.returned import FAILURES, Kind, ReadToken, Verdict
from mailer.feedback.bounces import by_prose, by_status, sign_of_a_bounce
from mailer.feedback.delivery_status import find_delivery_status
from mailer.feedback.feedback_report import find_feedback_report, read_complaint
from mailer.feedback.fields import Fields
from mailer.feedback.finding import verdict_of
from mailer.feedback.mail import Mail, inner_mail, read_mail
from mailer.feedback.tokens import find_token
from mailer.feedback.writers import by_anybody, by_program, by_request

NESTED = 2  # messages within messages that are looked into
_UNCLEAR = frozenset({Kind.REPLY, Kind.UNKNOWN})
_WORTH = FAILURES | {Kind.COMPLAINT}  # to be taken from a message within


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known of a message beside its octets.

    `read_token` reads our own tokens. `envelope` is the address that it was delivered to, or empty; `trusted`
    are the names (authserv-id, small letters) of hosts whose Authentication-Results are believed.
    """

    read_token: ReadToken = lambda _: None
    envelope: str = ""
    trusted: Collection[str] = ()


def read(octets: bytes, circumstances: Circumstances = Circumstances()) -> Verdict:
    """Return what a message means that came back. Any octets have a verdict; nothing raises."""
    return _read(read_mail(octets), circumstances, NESTED)


def _read(mail: Mail, circumstances: Circumstances, depth: int) -> Verdict:
    sign = sign_of_a_bounce(mail)
    status = find_delivery_status(mail, anywhere=bool(sign))
    report = None if status else find_feedback_report(mail)
    reports: list[Fields] = [status.message, *status.recipients] if status else [report] if report else []
    returned, place = find_token(mail, circumstances.read_token, circumstances.envelope, reports)
    if status:
        verdict = by_status(mail, status)
    elif report:
        verdict = verdict_of(read_complaint(mail, report), "message/feedback-report")
    else:
        verdict = _by_words(mail, sign, circumstances)
        verdict = _within(mail, verdict, circumstances, depth) or verdict
    if returned is None:
        return verdict
    return replace(verdict, returned=returned, evidence=(f"token in {place}", *verdict.evidence))


def _by_words(mail: Mail, sign: str, circumstances: Circumstances) -> Verdict:
    """Return the verdict of a message that has no part for programs in it."""
    bounced = by_prose(mail, sign) if sign else None
    return bounced or by_program(mail) or by_request(mail, circumstances.trusted) or by_anybody(mail, sign)


def _within(mail: Mail, verdict: Verdict, circumstances: Circumstances, depth: int) -> Verdict | None:
    """Return the verdict of a bounce that somebody passes on, or that a gateway put into one of its own."""
    if not (depth and mail.copies):
        return None
    inner = inner_mail(mail.copies[0])
    if verdict.kind not in _UNCLEAR and inner.report_type != "delivery-status":
        return None
    found = _read(inner, circumstances, depth - 1)
    within = ("a message within the message", *found.evidence)
    return replace(found, evidence=within) if found.kind in _WORTH else None
