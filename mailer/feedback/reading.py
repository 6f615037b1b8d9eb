"""The way from octets to a verdict: one reader after the other, in the order of what they may be believed.

A token of ours says whom a message is about, and nothing else does; what happened to them the first of these
says that finds something: a delivery status, a feedback report, a bounce in prose, a program that answers, a
request to be taken off. What is left was written by a human being, or nobody knows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from mailer.domain.failures.classify import failure, status_in
from mailer.domain.fold import plain
from mailer.domain.returned import FAILURES, GRAVITY, Kind, ReadToken, RecipientVerdict, Returned, Verdict
from mailer.feedback.automatic import asks_to_confirm, notes_of, plain_subject, sign_of_a_program
from mailer.feedback.bounce_text import (
    BounceText,
    FailedRecipient,
    read_bounce_text,
    said_of,
    told,
    told_anywhere,
)
from mailer.feedback.delivery_status import DeliveryStatus, find_delivery_status, read_recipient
from mailer.feedback.feedback_report import find_feedback_report, read_complaint
from mailer.feedback.fields import Fields, addresses_in, decoded, first, mailbox_in
from mailer.feedback.mail import Mail, inner_mail, read_mail
from mailer.feedback.marks.bounces import DELAYS, SENDER_NAMES, SENDERS, SUBJECTS
from mailer.feedback.requests import asks_to_leave, proved_sender
from mailer.feedback.tokens import find_token

NESTED = 2  # messages within messages that are looked into


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
    bounce = sign_of_a_bounce(mail)
    status = find_delivery_status(mail, anywhere=bool(bounce))
    report = None if status else find_feedback_report(mail)
    reports: list[Fields] = [status.message, *status.recipients] if status else [report] if report else []
    returned, place = find_token(mail, circumstances.read_token, circumstances.envelope, reports)
    verdict = _first_verdict(mail, bounce, status, report, returned, circumstances)
    if depth and mail.copies and not (status or report):
        inner = inner_mail(mail.copies[0])
        # Someone passes a bounce on, or a gateway puts one into its own, in which it says less.
        if verdict.kind in _UNCLEAR or inner.report_type == "delivery-status":
            found = _read(inner, circumstances, depth - 1)
            if found.kind in FAILURES or found.kind is Kind.COMPLAINT:
                verdict = replace(found, evidence=("a message within the message", *found.evidence))
    if verdict.returned is None and returned is not None:
        verdict = replace(verdict, returned=returned)
    by = (f"token in {place}",) if returned and place else ()
    return replace(verdict, evidence=(*by, *verdict.evidence))


_UNCLEAR = frozenset({Kind.REPLY, Kind.UNKNOWN})


def _first_verdict(
    mail: Mail,
    bounce: str,
    status: DeliveryStatus | None,
    report: Fields | None,
    returned: Returned | None,
    circumstances: Circumstances,
) -> Verdict:
    if status:
        return _by_status(mail, status)
    if report:
        return _by_report(mail, report)
    if bounce and (verdict := _by_prose(mail, bounce)):
        return verdict
    readers: tuple[Callable[[], Verdict | None], ...] = (
        lambda: _by_program(mail, may_ask=returned is not None),
        lambda: _by_request(mail, circumstances.trusted),
        lambda: _by_human(mail, bounce),
    )
    found = next(filter(None, (reader() for reader in readers)), None)
    return found or Verdict(
        Kind.UNKNOWN, evidence=(bounce or "nothing that is known of mail that comes back",)
    )


def sign_of_a_bounce(mail: Mail) -> str:
    """Return by what a message is known to come from a mail server, or nothing."""
    if mail.report_type in ("delivery-status", "delivery"):
        return "multipart/report"
    if "x-failed-recipients" in mail.fields:
        return "X-Failed-Recipients"
    sender = decoded(first(mail.fields, "from", "sender"))
    addresses = addresses_in(sender)
    local = addresses[0].lower() if addresses else sender.lower().strip(' <>"')
    if local.startswith(SENDERS) or plain(sender).lstrip(" \"'").startswith(SENDER_NAMES):
        return f"sent by {sender[:60]}"
    subject = plain_subject(mail)
    phrase = next((each for each in SUBJECTS if each in subject), "")
    return f'the subject "{subject[:60]}"' if phrase else ""


def _by_status(mail: Mail, status: DeliveryStatus) -> Verdict:
    prose: BounceText | None = None
    found = []
    for group in status.recipients:
        each = read_recipient(group, "")
        if each.kind in FAILURES and (not each.said or each.reason == _UNSAID):
            prose = prose or read_bounce_text(mail.text)
            each = read_recipient(group, said_of(prose, each.address))
        found.append(each)
    found = [_with_address(mail, each) for each in found] if len(found) == 1 else found
    return _of_recipients(found, "message/delivery-status")


def _by_report(mail: Mail, report: Fields) -> Verdict:
    return _of_recipients(read_complaint(mail, report), "message/feedback-report")


def _by_prose(mail: Mail, bounce: str) -> Verdict | None:
    prose = read_bounce_text(mail.text)
    ours = {
        address.lower() for name in ("to", "from", "reply-to") for address in _addresses(mail.fields, name)
    }
    named = _named(mail, prose, ours, certain=bounce == "X-Failed-Recipients")
    late = _is_late(mail, prose)
    found = []
    for each in named:
        why = failure(0, "", each.said)
        if late:
            found.append(
                RecipientVerdict(each.address, Kind.AUTO_REPLY, status_in(each.said), late, each.said)
            )
        elif prose.opening or why.reason != _UNSAID or bounce == "X-Failed-Recipients":
            found.append(
                RecipientVerdict(each.address, why.kind, status_in(each.said), why.reason, each.said)
            )
    if not found:
        return None
    return _of_recipients(found, bounce, *((f'the words "{prose.opening}"',) if prose.opening else ()))


def _named(mail: Mail, prose: BounceText, ours: set[str], *, certain: bool) -> list[FailedRecipient]:
    """Return whom a bounce in prose is about: by its fields, its lines, or the copy that it brings along."""
    listed = _addresses(mail.fields, "x-failed-recipients")
    if listed:
        return [FailedRecipient(address, said_of(prose, address)) for address in listed]
    if found := told(prose, ours) or told_anywhere(prose, ours):
        return found
    copied = [each for each in _addresses(mail.copy_fields, "to") if each.lower() not in ours]
    if not copied:
        line = next((line for line in prose.copy if line.lower().startswith("to:")), "")
        copied = [each for each in addresses_in(line) if each.lower() not in ours]
    if copied or prose.opening or certain:
        return [FailedRecipient(copied[0] if copied else "", prose.text)]
    return []


def _is_late(mail: Mail, prose: BounceText) -> str:
    text = f"{plain_subject(mail)} {plain(prose.text[:2000])}"
    return "only late" if any(phrase in text for phrase in DELAYS) else ""


def _by_program(mail: Mail, *, may_ask: bool) -> Verdict | None:
    sign = sign_of_a_program(mail)
    challenge = asks_to_confirm(mail)
    if not sign and not challenge:
        return None
    # Mail programs send the request that a button makes, and some mark it as what it is.
    if (
        may_ask
        and "re:" not in first(mail.fields, "subject").lower()
        and asks_to_leave(mail) == "the subject"
    ):
        return None
    notes = (*notes_of(mail), *(("asks that somebody confirms the mail",) if challenge else ()))
    evidence = tuple(filter(None, (sign, challenge and f'the words "{challenge}"')))
    sender = mailbox_in(first(mail.fields, "from"))
    reason = "asks to confirm" if challenge else "answered by a program"
    return Verdict(
        Kind.AUTO_REPLY, (RecipientVerdict(sender, Kind.AUTO_REPLY, reason=reason),), evidence, notes=notes
    )


def _by_request(mail: Mail, trusted: Collection[str]) -> Verdict | None:
    where = asks_to_leave(mail)
    if not where:
        return None
    sender, proved = mailbox_in(first(mail.fields, "from")), proved_sender(mail, trusted)
    evidence = [f"asks in {where} to be taken off", *(["DMARC passes for From"] if proved else [])]
    recipient = RecipientVerdict(sender, Kind.UNSUBSCRIBE, reason="asks to be taken off")
    return Verdict(Kind.UNSUBSCRIBE, (recipient,), tuple(evidence), sender=proved)


def _by_human(mail: Mail, bounce: str) -> Verdict | None:
    """A reply, unless it is from a mail server or another list, or from nobody."""
    sender = mailbox_in(first(mail.fields, "from"))
    bulk = first(mail.fields, "precedence").lower() in ("bulk", "list") or "list-unsubscribe" in mail.fields
    if bounce or bulk or not sender or not (mail.text.strip() or mail.parts or mail.copies):
        return None
    evidence = "an answer" if first(mail.fields, "in-reply-to", "references") else "from a person"
    recipient = RecipientVerdict(sender, Kind.REPLY, reason="written by a person")
    return Verdict(Kind.REPLY, (recipient,), (evidence,), notes=notes_of(mail))


def _of_recipients(found: list[RecipientVerdict], *evidence: str) -> Verdict:
    said = (
        f"{each.address or 'somebody'}: {each.reason}{f', {each.status}' if each.status else ''}"
        for each in found
    )
    kind = min((each.kind for each in found), key=GRAVITY.__getitem__)
    return Verdict(kind, tuple(found), (*evidence, *said))


def _with_address(mail: Mail, each: RecipientVerdict) -> RecipientVerdict:
    """Complete a group without an address: the message says elsewhere whom it is about."""
    if each.address:
        return each
    elsewhere = (*_addresses(mail.fields, "x-failed-recipients"), *_addresses(mail.copy_fields, "to"))
    return replace(each, address=elsewhere[0]) if elsewhere else each


def _addresses(fields: Fields, name: str) -> list[str]:
    return [address for value in fields.get(name, ())[:10] for address in addresses_in(decoded(value))]


_UNSAID = failure(0, "", "").reason
