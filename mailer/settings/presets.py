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
    ours can cover them.
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


# Limits only where the provider publishes one for every account; the rest is found by its replies. Who has a
# return path of its own says so in its help pages, SES in docs.aws.amazon.com/ses/latest/dg/mail-from.html.
PRESETS: dict[str, Preset] = {
    "ses": Preset(
        "email-smtp.us-east-1.amazonaws.com",
        also=("amazon", "aws"),
        own_return_path=True,
        overwrites=("Date", "Message-ID"),
    ),
    "sendgrid": Preset("smtp.sendgrid.net", also=("twilio",), own_return_path=True),
    "mailgun": Preset("smtp.mailgun.org", own_return_path=True),
    "postmark": Preset("smtp.postmarkapp.com", connections=10, own_return_path=True),
    "brevo": Preset("smtp-relay.brevo.com", also=("sendinblue",), own_return_path=True),
    "mailjet": Preset("in-v3.mailjet.com", own_return_path=True),
    "mailersend": Preset("smtp.mailersend.net", own_return_path=True),
    "sparkpost": Preset("smtp.sparkpostmail.com", own_return_path=True),
    # https://support.google.com/a/answer/33786
    "gmail": Preset("smtp.gmail.com", also=("google",), spf="_spf.google.com"),
    "gmail-relay": Preset("smtp-relay.gmail.com", spf="_spf.google.com"),
    # https://learn.microsoft.com/defender-office-365/email-authentication-spf-configure
    "office365": Preset(
        "smtp.office365.com",
        connections=3,
        rate=0.5,
        also=("microsoft", "outlook", "hotmail", "o365", "exchange"),
        spf="spf.protection.outlook.com",
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
