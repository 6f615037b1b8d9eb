"""What is known of SMTP providers: one entry each, and its line in docs/settings.md."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal


@dataclass(frozen=True, slots=True)
class Preset:
    """What is known of a provider: host, port, security, and the limits that it publishes.

    `rate` is in messages a second. `also` are words under which people look for it. `spf` is what its
    customers include in their SPF record; with an `own_return_path` receivers ask for the record of the
    provider's own domain instead. `overwrites` are header fields that it replaces, so that no signature of
    ours can cover them. `metadata` is a header field that it takes out of a message, and whose TOKEN stands
    in what it tells of that message later. `login` is the command that logs in to it without a password,
    `passwords` what is to be said of them.
    """

    host: str
    port: int = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    connections: int | None = None
    rate: float | None = None
    also: tuple[str, ...] = ()
    spf: str = ""
    own_return_path: bool = False
    overwrites: tuple[str, ...] = ()
    metadata: str = ""
    login: str = ""
    passwords: str = ""


# Limits only where the provider publishes one for every account; the rest is found by its replies. Who has a
# return path of its own says so in its help pages, SES in docs.aws.amazon.com/ses/latest/dg/mail-from.html.
PRESETS: dict[str, Preset] = {
    "ses": Preset(
        "email-smtp.us-east-1.amazonaws.com",
        also=("amazon", "aws"),
        own_return_path=True,
        overwrites=("Date", "Message-ID"),
        # docs.aws.amazon.com/ses/latest/dg/event-publishing-send-email.html
        metadata="X-SES-MESSAGE-TAGS: mailer=TOKEN\r\n",
    ),
    # docs.sendgrid.com/for-developers/sending-email/unique-arguments
    "sendgrid": Preset(
        "smtp.sendgrid.net",
        also=("twilio",),
        own_return_path=True,
        metadata='X-SMTPAPI: {"unique_args": {"mailer": "TOKEN"}}\r\n',
    ),
    # documentation.mailgun.com/docs/mailgun/user-manual/sending-messages/send-smtp
    "mailgun": Preset(
        "smtp.mailgun.org", own_return_path=True, metadata='X-Mailgun-Variables: {"mailer": "TOKEN"}\r\n'
    ),
    # postmarkapp.com/support/article/1125-custom-metadata-faq
    "postmark": Preset(
        "smtp.postmarkapp.com",
        connections=10,
        own_return_path=True,
        metadata="X-PM-Metadata-mailer: TOKEN\r\n",
    ),
    # developers.brevo.com/docs/send-emails-through-smtp-relay
    "brevo": Preset(
        "smtp-relay.brevo.com",
        also=("sendinblue",),
        own_return_path=True,
        metadata="X-Mailin-custom: mailer:TOKEN\r\n",
    ),
    # dev.mailjet.com/docs/smtp_relay/custom_headers
    "mailjet": Preset("in-v3.mailjet.com", own_return_path=True, metadata="X-MJ-CustomID: TOKEN\r\n"),
    "mailersend": Preset("smtp.mailersend.net", own_return_path=True),
    # developers.sparkpost.com/api/smtp
    "sparkpost": Preset(
        "smtp.sparkpostmail.com",
        own_return_path=True,
        metadata='X-MSYS-API: {"metadata": {"mailer": "TOKEN"}}\r\n',
    ),
    # https://resend.com/docs/send-with-smtp; its webhooks tell a message's own header fields.
    "resend": Preset("smtp.resend.com", own_return_path=True, metadata="X-Mailer-Token: TOKEN\r\n"),
    # https://support.google.com/a/answer/33786
    "gmail": Preset("smtp.gmail.com", also=("google",), spf="_spf.google.com", login="mailer login google"),
    "gmail-relay": Preset("smtp-relay.gmail.com", spf="_spf.google.com", login="mailer login google"),
    # https://learn.microsoft.com/defender-office-365/email-authentication-spf-configure
    "office365": Preset(
        "smtp.office365.com",
        connections=3,
        rate=0.5,
        also=("microsoft", "outlook", "hotmail", "o365", "exchange"),
        spf="spf.protection.outlook.com",
        login="mailer login microsoft",
        # https://techcommunity.microsoft.com/blog/exchange/…/4489835, of January 2026
        passwords="Microsoft switches passwords off by default at the end of December 2026",
    ),
    # https://www.fastmail.help/hc/en-us/articles/360060591153
    "fastmail": Preset("smtp.fastmail.com", 465, "tls", spf="spf.messagingengine.com"),
}


NONE = Preset("")


def preset_of(provider: str) -> Preset:
    """Return what is known of the provider of this name: of none that is empty, nothing."""
    return PRESETS.get(provider, NONE)


def plain(provider: str) -> str:
    """Return a provider's name as it stands here, whatever its case and what its words are joined by."""
    return provider.casefold().replace("_", "-").replace(" ", "-")


def read_provider(value: str) -> str:
    """Return the name of a provider, in whatever case it was typed; ValueError says which there are."""
    name = plain(value)
    if not name or name in PRESETS:
        return name
    near = [known for known, each in PRESETS.items() if any(word in name for word in each.also)]
    near += [known for known in PRESETS if known in name.split("-")]
    near += get_close_matches(name, PRESETS, cutoff=0.75)
    hint = f"do you mean {near[0]}? " if near else ""
    raise ValueError(
        f"no such preset; {hint}known are {', '.join(sorted(PRESETS))}; "
        "for any other leave it empty and set SMTP_HOST"
    )
