"""Where in a message that came back a token of ours may stand, the surest place first."""

from __future__ import annotations

from collections.abc import Iterator

from mailer.domain.returned import ReadToken, Returned
from mailer.feedback.fields import Fields
from mailer.feedback.mail import Mail

# Whom the message was delivered to, as mail servers note it down; whom it was addressed to, and what about.
DELIVERED = (
    "delivered-to",
    "x-original-to",
    "envelope-to",
    "x-envelope-to",
    "x-delivered-to",
    "x-rcpt-to",
    "x-forwarded-to",
    "x-apparently-to",
    "apparently-to",
    "to",
    "cc",
    "resent-to",
    "subject",
)
# In a delivery status (RFC 3464 2.2.1) or a feedback report (RFC 5965 3.1).
REPORTED = ("original-envelope-id", "original-mail-from", "x-original-mail-from", "original-message-id")
# In what is left of our own message. Some who redact the addresses in it forget these.
COPIED = (
    "return-path",
    "x-original-return-path",
    "x-return-path",
    "x-envelope-from",
    "errors-to",
    "x-ses-message-tags",
    "x-mailgun-variables",
    "x-smtpapi",
    "x-pm-metadata-mailer",
    "x-msys-api",
    "x-mj-customid",
    "x-mailin-custom",
    "list-unsubscribe",
    "received-spf",
    "authentication-results",
)
EACH = 5  # fields of a name, at most
PLACES = ("delivered to", "reported", "in the copy")


def find_token(
    mail: Mail, read_token: ReadToken, envelope: str, reports: list[Fields]
) -> tuple[Returned | None, str]:
    """Return what the first good token says, and in words where it stands; None and nothing without one.

    `envelope` is the address that the message was delivered to, where that is known (RFC 5321 3.3).
    """
    for place, text in _candidates(mail, envelope, reports):
        if returned := read_token(text):
            return returned, place
    return None, ""


def _candidates(mail: Mail, envelope: str, reports: list[Fields]) -> Iterator[tuple[str, str]]:
    if envelope:
        yield "the envelope", envelope
    yield from _values(mail.fields, DELIVERED, "")
    for fields in reports:
        yield from _values(fields, REPORTED, "reported ")
    yield from _values(mail.copy_fields, COPIED, "the copy's ")


def _values(fields: Fields, names: tuple[str, ...], before: str) -> Iterator[tuple[str, str]]:
    for name in names:
        for value in fields.get(name, ())[:EACH]:
            yield before + "-".join(map(str.capitalize, name.split("-"))), value
