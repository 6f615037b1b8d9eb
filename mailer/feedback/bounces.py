"""Bounces: mail servers that say of whom mail failed, in a delivery status or in prose."""

from __future__ import annotations

from dataclasses import replace

from mailer.domain.failures.reason import FailureReason
from mailer.domain.fold import plain
from mailer.domain.returned import FAILURES, Kind, Verdict, moved_to
from mailer.feedback.automatic import plain_subject
from mailer.feedback.bounce_text import (
    BounceText,
    FailedRecipient,
    led_up_to,
    read_bounce_text,
    said_of,
    told,
    told_anywhere,
)
from mailer.feedback.delivery_status import DeliveryStatus, read_recipient
from mailer.feedback.fields import addresses_in, addresses_of, decoded, first
from mailer.feedback.finding import ReturnFinding, failed, verdict_of
from mailer.feedback.mail import Mail
from mailer.feedback.marks import folded
from mailer.feedback.marks.senders import DELAYS, SENDER_NAMES, SENDERS, SUBJECTS

BY_SENDER = "sent by"
LISTED = "X-Failed-Recipients"  # Exim's, and Gmail's
_SUBJECTS, _DELAYS = folded(SUBJECTS), folded(DELAYS)
_OURS = ("to", "from", "reply-to")  # in these a bounce names nobody who failed
_READ = 2000  # characters in which it is looked for that mail is only late


def sign_of_a_bounce(mail: Mail) -> str:
    """Return by what a message is known to come from a mail server, or nothing."""
    if mail.report_type in ("delivery-status", "delivery"):
        return "multipart/report"
    if LISTED.lower() in mail.fields:
        return LISTED
    sender = decoded(first(mail.fields, "from", "sender"))
    addresses = addresses_in(sender)
    local = addresses[0].lower() if addresses else sender.lower().strip(' <>"')
    if local.startswith(SENDERS) or plain(sender).lstrip(" \"'").startswith(SENDER_NAMES):
        return f"{BY_SENDER} {sender[:60]}"
    if first(mail.fields, "subject").lower().startswith("re:") and first(mail.fields, "in-reply-to"):
        return ""
    subject = plain_subject(mail)
    return f'the subject "{subject[:60]}"' if any(each in subject for each in _SUBJECTS) else ""


def by_status(mail: Mail, status: DeliveryStatus) -> Verdict:
    """Return what a delivery status says; the text beside it helps where it gives no reason."""
    prose: BounceText | None = None
    found = []
    for group in status.recipients:
        each = read_recipient(group)
        if each.of.kind in FAILURES and each.unsaid:
            prose = prose or read_bounce_text(mail.text)
            each = _explained(each, said_of(prose, each.of.address))
        found.append(each)
    if len(found) == 1 and not found[0].of.address:
        found = [_with_address(mail, found[0])]
    return _noted(verdict_of(found, "message/delivery-status"))


def by_prose(mail: Mail, sign: str) -> Verdict | None:
    """Return what a bounce in prose says; None if nobody is named in it, or nothing that failed."""
    prose = read_bounce_text(mail.text)
    senders = [address for name in _OURS for address in addresses_of(mail.fields, name)]
    ours = {address.lower() for address in senders}
    named = _named(mail, prose, ours, certain=sign == LISTED)
    found = [failed(each.address, "", each.said) for each in named]
    if len(found) == 1 and found[0].unsaid:
        found = [_explained(found[0], prose.replies or led_up_to(prose, found[0].of.address))]
    if _is_late(mail, prose):
        found = [ReturnFinding(replace(each.of, kind=Kind.AUTO_REPLY, reason="only late")) for each in found]
    elif not (prose.opening or sign == LISTED or sign.startswith(BY_SENDER)):
        found = [each for each in found if not each.unsaid]
    opening = (f'the words "{prose.opening}"',) if prose.opening else ()
    return _noted(verdict_of(found, sign, *opening)) if found else None


def _named(mail: Mail, prose: BounceText, ours: set[str], *, certain: bool) -> list[FailedRecipient]:
    """Return whom a bounce in prose is about: by its fields, its lines, or the copy that it brings along."""
    if listed := addresses_of(mail.fields, LISTED.lower()):
        return [FailedRecipient(address, said_of(prose, address)) for address in listed]
    if found := told(prose, ours) or told_anywhere(prose, ours):
        return found
    line = next((line for line in prose.copy if line.lower().lstrip().startswith("to:")), "")
    copied = (*addresses_of(mail.copy_fields, "to"), *addresses_in(line))
    theirs = next((each for each in copied if each.lower() not in ours), "")
    return [FailedRecipient(theirs, prose.text)] if theirs or prose.opening or certain else []


def _noted(verdict: Verdict) -> Verdict:
    """Return a verdict with what a server says of where somebody is reached now (RFC 5321 3.4)."""
    new = (
        address
        for each in verdict.recipients
        if each.reason == FailureReason.MOVED
        for address in addresses_in(each.said)
        if address.lower() != each.address.lower()
    )
    return replace(verdict, notes=(*verdict.notes, *map(moved_to, new)))


def _explained(each: ReturnFinding, explained: str) -> ReturnFinding:
    """Return a finding with what the text beside it tells, if that gives a reason."""
    if not explained:
        return each
    of = each.of
    again = failed(of.address, of.status, f"{of.said} {explained}", of.original)
    if again.unsaid:
        return each
    return ReturnFinding(replace(again.of, said=of.said or explained), again.by)


def _is_late(mail: Mail, prose: BounceText) -> bool:
    text = f"{plain_subject(mail)} {plain(prose.text[:_READ])}"
    return any(phrase in text for phrase in _DELAYS)


def _with_address(mail: Mail, each: ReturnFinding) -> ReturnFinding:
    """Complete a group without an address: the message says elsewhere whom it is about."""
    elsewhere = (*addresses_of(mail.fields, LISTED.lower()), *addresses_of(mail.copy_fields, "to"))
    return ReturnFinding(replace(each.of, address=elsewhere[0]), each.by) if elsewhere else each
