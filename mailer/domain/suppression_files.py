"""In which files other programs give out whom they no longer mail, and in which they take them in.

Each is described once, by its headings; the next one is a few lines more in `FILES`. Whom a program only put
off, or refused one message of, is no bounce: they are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path

from mailer.domain.fold import fold
from mailer.domain.suppression import Reason, Suppression

BOUNCED, COMPLAINED, REQUESTED, BLOCKED = (
    Reason.BOUNCED,
    Reason.COMPLAINED,
    Reason.REQUESTED,
    Reason.BLOCKED,
)
SOFT = "soft"  # for a while, or a single message: not a reason never to mail somebody
Meaning = Reason | str


@dataclass(frozen=True, slots=True)
class SuppressionFile:
    """What a file of a program looks like: its headings, joined and folded (`joined`), `address` among them.

    `reason` holds for all in it; or else the words in the columns `why`, one after the other, mean what
    `words` says. `code` is a column of SMTP replies: those that begin with 4 are soft. `title` has to be in
    the file's name, where two programs' files have the same headings. `refused` says why one is not taken.
    """

    name: str
    says: str
    address: str
    headings: tuple[str, ...] = ()
    reason: Reason | None = None
    why: tuple[str, ...] = ()
    words: Mapping[str, Meaning] = field(default_factory=dict)
    code: str = ""
    since: str = ""
    notes: tuple[str, ...] = ()
    title: str = ""
    refused: str = ""

    def means(self, row: Mapping[str, str]) -> Meaning | None:
        """Return why the person in a row is never mailed, SOFT if they may be, None if that can't be told."""
        if self.code and row.get(self.code, "").lstrip().startswith("4"):
            return SOFT
        if self.reason is not None:
            return self.reason
        said = [joined(row.get(column, "")) for column in self.why]
        return self.words.get(" ".join(said)) or self.words.get(said[0])


_POSTMARK = {
    "hardbounce": BOUNCED,
    "bademailaddress": BOUNCED,
    "spamcomplaint": COMPLAINED,
    "unsubscribe": REQUESTED,
    "manualsuppression": REQUESTED,  # by whom is not said: perhaps by the person
    "manualsuppression recipient": REQUESTED,
    "manualsuppression customer": BLOCKED,
    "manualsuppression admin": BLOCKED,
    "manuallydeactivated": BLOCKED,
    "unknown": SOFT,
    **dict.fromkeys(("softbounce", "transient", "blocked", "dnserror", "autoresponder", "challenge"), SOFT),
    **dict.fromkeys(("spamnotification", "addresschange", "virusnotification", "openrelaytest"), SOFT),
    **dict.fromkeys(("smtpapierror", "inboundreject", "dmarcpolicy", "templaterenderingfailed"), SOFT),
}
OURS = SuppressionFile(
    "csv",
    "what `mailer suppressions export` wrote",
    "who",
    ("who", "reason", "note", "since"),
    why=("reason",),
    words={str(reason): reason for reason in Reason if reason is not Reason.ERASED},
    since="since",
    notes=("note",),
)
FILES = (
    OURS,
    SuppressionFile(
        "ses",
        "the suppression list of Amazon SES",
        "emailaddress",
        ("emailaddress", "reason"),
        why=("reason",),
        words={"bounce": BOUNCED, "complaint": COMPLAINED},
        since="lastupdatetime",
    ),
    SuppressionFile(
        "sendgrid-bounces",
        "bounces of SendGrid",
        "email",
        ("email", "status", "reason", "created"),
        BOUNCED,
        code="status",
        since="created",
        notes=("status", "reason"),
        title="bounce",
    ),
    SuppressionFile(
        "sendgrid-blocks",
        "blocks of SendGrid",
        "email",
        ("email", "status", "reason", "created"),
        title="block",
        refused="these are messages that were refused, not people who can't be reached or want no mail",
    ),
    SuppressionFile(
        "sendgrid-spam-reports",
        "spam reports of SendGrid",
        "email",
        ("email", "ip", "created"),
        COMPLAINED,
        since="created",
    ),
    SuppressionFile(
        "sendgrid-unsubscribes",
        "unsubscribes of SendGrid",
        "email",
        ("email", "created"),
        REQUESTED,
        since="created",
    ),
    SuppressionFile(
        "sendgrid-invalid-emails",
        "invalid addresses of SendGrid",
        "email",
        ("email", "reason", "created"),
        BOUNCED,
        since="created",
        notes=("reason",),
    ),
    SuppressionFile(
        "mailgun-bounces",
        "bounces of Mailgun",
        "address",
        ("address", "code", "error", "createdat"),
        BOUNCED,
        code="code",
        since="createdat",
        notes=("code", "error"),
    ),
    SuppressionFile(
        "mailgun-complaints",
        "complaints of Mailgun",
        "address",
        ("address", "createdat"),
        COMPLAINED,
        since="createdat",
        title="complaint",
    ),
    SuppressionFile(
        "mailgun-unsubscribes",
        "unsubscribes of Mailgun",
        "address",
        ("address", "createdat"),
        REQUESTED,
        since="createdat",
        notes=("tag", "tags"),
        title="unsubscribe",
    ),
    SuppressionFile(
        "mailgun-allowlist",
        "the allowlist of Mailgun",
        "value",
        ("type", "value", "reason", "createdat"),
        refused="it names whom Mailgun never suppresses, and that is no reason not to mail them",
    ),
    SuppressionFile(
        "postmark",
        "suppressions of Postmark",
        "emailaddress",
        ("emailaddress", "suppressionreason"),
        why=("suppressionreason", "origin"),
        words=_POSTMARK,
        since="createdat",
        notes=("origin",),
    ),
    SuppressionFile(
        "postmark-bounces",
        "bounces of Postmark",
        "email",
        ("email", "type", "bouncedat"),
        why=("type",),
        words=_POSTMARK,
        since="bouncedat",
        notes=("type", "details"),
    ),
    SuppressionFile(
        "mailchimp-cleaned",
        "cleaned contacts of Mailchimp",
        "emailaddress",
        ("emailaddress", "memberrating", "cleantime"),
        BOUNCED,
        since="cleantime",
        notes=("cleancampaigntitle",),
    ),
    SuppressionFile(
        "mailchimp-unsubscribed",
        "unsubscribed contacts of Mailchimp",
        "emailaddress",
        ("emailaddress", "memberrating", "unsubtime"),
        REQUESTED,
        since="unsubtime",
        notes=("unsubcampaigntitle", "unsubreason"),
    ),
    SuppressionFile(
        "mailchimp-subscribed",
        "subscribed contacts of Mailchimp",
        "emailaddress",
        ("emailaddress", "memberrating"),
        refused="they may be mailed: take them in with `mailer subscribers import`",
    ),
)
BY_NAME = {each.name: each for each in FILES}


def joined(text: str) -> str:
    """Return what a heading or word is known by: its letters and digits without case."""
    return fold(text).replace(" ", "")


def fitting(headings: Iterable[str], path: Path) -> list[SuppressionFile]:
    """Return what a file with these headings (`joined`) may be: the descriptions that say the most of it.

    Of several whose headings are the same, those that the file's name speaks for, or a column beside them.
    """
    there = {*headings}
    fit = [each for each in FILES if {each.address, *each.headings} <= there]
    most = max((len(each.headings) for each in fit), default=0)
    fit = [each for each in fit if len(each.headings) == most]
    titled = [each for each in fit if each.title and each.title in path.name.lower()]
    told = [each for each in fit if there & {*each.notes} - {*each.headings}]
    return titled or told or fit


def read_since(text: str) -> datetime | None:
    """Return the moment in a cell, in UTC: ISO 8601, RFC 5322, or seconds since 1970; None if it is none."""
    text = text.strip()
    with suppress(ValueError, OverflowError, OSError):
        if text.replace(".", "", 1).isdecimal():
            return datetime.fromtimestamp(float(text), UTC)
        return _utc(datetime.fromisoformat(text))
    with suppress(ValueError, TypeError, IndexError):
        return _utc(parsedate_to_datetime(text))
    return None


def _utc(moment: datetime) -> datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that a provider takes for its own list: a row of headings, if it has one, and a row for each."""

    headings: tuple[str, ...]
    row: Callable[[Suppression], Sequence[str]]


UPLOADS = {
    OURS.name: Upload(
        ("who", "reason", "note", "since"),
        lambda each: (each.who, each.reason, each.note, each.since.isoformat()),
    ),
    # SES knows two reasons.
    "ses": Upload((), lambda each: (each.who, "BOUNCE" if each.reason == BOUNCED else "COMPLAINT")),
    "sendgrid": Upload(("email",), lambda each: (each.who,)),  # for its global unsubscribes
    "mailgun": Upload(  # for its unsubscribes; `*` is from everything
        ("address", "tags", "created_at"), lambda each: (each.who, "*", format_datetime(each.since))
    ),
    "postmark": Upload(("EmailAddress",), lambda each: (each.who,)),
    "mailchimp": Upload(("Email Address",), lambda each: (each.who,)),  # to import as unsubscribed
}
