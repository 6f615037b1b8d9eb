"""Mail that is no bounce and no report: a program wrote it, somebody who wants to leave, or anybody else."""

from __future__ import annotations

from collections.abc import Collection

from mailer.domain.returned import Kind, RecipientVerdict, Verdict
from mailer.feedback.automatic import asks_to_confirm, notes_of, sign_of_a_program
from mailer.feedback.fields import first, mailbox_in
from mailer.feedback.mail import Mail
from mailer.feedback.requests import asks_to_leave, is_bare_request, proved_sender


def by_program(mail: Mail) -> Verdict | None:
    """Return the verdict of what a program sent because our mail came; None if none did."""
    sign, challenge = sign_of_a_program(mail), asks_to_confirm(mail)
    # Apple's mail programs mark the request that a press of a button sends as what it is, too.
    if is_bare_request(mail) or not (sign or challenge):
        return None
    asks = ("asks that somebody confirms the mail",) if challenge else ()
    evidence = tuple(filter(None, (sign, challenge and f'the words "{challenge}"')))
    reason = "asks to confirm" if challenge else "answered by a program"
    return Verdict(
        Kind.AUTO_REPLY, _from(mail, Kind.AUTO_REPLY, reason), evidence, notes=(*notes_of(mail), *asks)
    )


def by_request(mail: Mail, trusted: Collection[str]) -> Verdict | None:
    """Return the verdict of a request to be taken off; None if it is none. `trusted`: see `proved_sender`."""
    where = asks_to_leave(mail)
    if not where:
        return None
    proved = proved_sender(mail, trusted)
    evidence = (f"asks in {where} to be taken off", *(["DMARC passes for From"] if proved else []))
    return Verdict(
        Kind.UNSUBSCRIBE, _from(mail, Kind.UNSUBSCRIBE, "asks to be taken off"), evidence, sender=proved
    )


def by_anybody(mail: Mail, sign: str) -> Verdict:
    """Return a reply, unless it is from a mail server (by `sign`), from another list, or from nobody."""
    bulk = first(mail.fields, "precedence").lower() in ("bulk", "list") or "list-unsubscribe" in mail.fields
    if sign or bulk or not mailbox_in(first(mail.fields, "from")):
        why = sign or ("mail of another list" if bulk else "nothing that is known of mail that comes back")
        return Verdict(Kind.UNKNOWN, evidence=(why,))
    evidence = "an answer" if first(mail.fields, "in-reply-to", "references") else "from a person"
    recipients = _from(mail, Kind.REPLY, "written by a person")
    return Verdict(Kind.REPLY, recipients, (evidence,), notes=notes_of(mail))


def _from(mail: Mail, kind: Kind, reason: str) -> tuple[RecipientVerdict, ...]:
    return (RecipientVerdict(mailbox_in(first(mail.fields, "from")), kind, reason=reason),)
