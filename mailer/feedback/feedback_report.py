"""Complaints: feedback reports (RFC 5965) as providers send them, and what came before there was a form."""

from __future__ import annotations

from mailer.domain.returned import Kind, RecipientVerdict
from mailer.feedback.fields import Fields, addresses_in, decoded, first
from mailer.feedback.finding import ReturnFinding
from mailer.feedback.groups import read_groups
from mailer.feedback.mail import Mail
from mailer.feedback.marks.requests import COMPLAINANT, REPORTERS

TYPE = "message/feedback-report"
OUTLOOKS = COMPLAINANT[0]  # in the copy that Outlook.com passes on, once on top of our message itself
# RFC 6430, RFC 6591, RFC 7489 7.3: reports that are nobody's complaint.
NO_COMPLAINT = {
    "not-spam": "not spam after all",
    "auth-failure": "an authentication failed",
    "dmarc": "an authentication failed",
}
_NAMED = (*COMPLAINANT, "original-recipient", "x-original-to")
_IN_COPY = (*COMPLAINANT, "x-original-to", "delivered-to", "x-rcpt-to", "to")
_REDACTED = ("redacted", "undisclosed", "xxxx", "removed", "hidden", "anonymi")


def find_feedback_report(mail: Mail) -> Fields | None:
    """Return the fields of a report; without a part for them what else shows that it is one; or None."""
    for part in mail.parts:
        if part.type == TYPE or (part.type == "text/plain" and _looks_like_one(part.text)):
            fields: Fields = {}
            for group in read_groups(part.text):
                for name, values in group.items():
                    fields.setdefault(name, []).extend(values)
            return fields
    if outlook := mail.fields.get(OUTLOOKS):
        return {"feedback-type": ["abuse"], OUTLOOKS: outlook}
    if mail.report_type == "feedback-report" or OUTLOOKS in mail.copy_fields:
        return {"feedback-type": ["abuse"]}
    if first(mail.fields, "x-xarf", "x-arf").lower() in ("yes", "plain", "secure", "bulk") and mail.copies:
        return {"feedback-type": ["abuse"]}
    return {"feedback-type": ["abuse"]} if _by_a_reporter(mail) else None


def read_complaint(mail: Mail, report: Fields) -> list[ReturnFinding]:
    """Return who complained, as far as the report names them; one without an address if they are redacted."""
    sort = first(report, "feedback-type").lower().partition(" ")[0] or "abuse"
    kind = Kind.AUTO_REPLY if sort in NO_COMPLAINT else Kind.COMPLAINT
    reason = NO_COMPLAINT.get(sort, f"complaint ({sort})")
    named = [address for name in _NAMED for value in report.get(name, ()) for address in _addresses(value)]
    copied = (
        address
        for name in _IN_COPY
        for value in mail.copy_fields.get(name, ())[:1]
        for address in _addresses(value)
    )
    named = named or [address for address in (next(copied, ""),) if address]
    who = dict.fromkeys(named or [""])
    return [ReturnFinding(RecipientVerdict(address, kind, reason=reason)) for address in who]


def _addresses(value: str) -> list[str]:
    found = addresses_in(decoded(value))
    return [each for each in found if not any(word in each.lower() for word in _REDACTED)]


def _looks_like_one(text: str) -> bool:
    start = text[:4000].lower().lstrip()
    return "feedback-type:" in start and "user-agent:" in start and "version:" in start


def _by_a_reporter(mail: Mail) -> bool:
    sender, subject = first(mail.fields, "from").lower(), decoded(first(mail.fields, "subject")).lower()
    return any(f"{domain}" in sender and word in subject for domain, word in REPORTERS)
