"""Names that look like settings and are none: what other programs call them, and what was mistyped.

To pass over one would be to send with another account, or as somebody else, than was meant.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from difflib import get_close_matches

from mailer.errors import SettingsError

# A setting, and what it is called by Laravel, Django, Rails, Symfony, Ghost and the forms of providers.
ALSO = """
SMTP_PROVIDER SMTP_SERVICE MAIL_PROVIDER EMAIL_PROVIDER EMAIL_SERVICE
SMTP_HOST SMTP_SERVER SMTP_SERVER_HOST SMTP_HOSTNAME SMTP_ADDRESS SMTP_URL SMTP_URI SMTP_DSN
SMTP_HOST MAIL_SERVER MAIL_HOST MAIL_HOSTNAME MAIL_URL MAILER_DSN MAILER_URL
SMTP_HOST EMAIL_HOST EMAIL_SERVER EMAIL_SERVER_HOST EMAIL_URL
SMTP_PORT SMTP_SERVER_PORT MAIL_PORT EMAIL_PORT EMAIL_SERVER_PORT
SMTP_USERNAME SMTP_USER SMTP_USER_NAME SMTP_LOGIN SMTP_ACCOUNT SMTP_AUTH_USER MAIL_USER
SMTP_USERNAME MAIL_USERNAME MAIL_LOGIN EMAIL_USER EMAIL_USERNAME EMAIL_HOST_USER EMAIL_SERVER_USER
SMTP_PASSWORD SMTP_PASS SMTP_PWD SMTP_PASSWD SMTP_PASSPHRASE SMTP_KEY SMTP_API_KEY SMTP_TOKEN SMTP_SECRET
SMTP_PASSWORD SMTP_AUTH_PASSWORD MAIL_PASS MAIL_PWD MAIL_PASSWORD
SMTP_PASSWORD EMAIL_PASS EMAIL_PASSWORD EMAIL_HOST_PASSWORD EMAIL_SERVER_PASSWORD
SMTP_SECURITY SMTP_TLS SMTP_SSL SMTP_STARTTLS SMTP_SECURE SMTP_ENCRYPTION SMTP_USE_TLS SMTP_USE_SSL
SMTP_SECURITY SMTP_PROTOCOL MAIL_TLS MAIL_SSL MAIL_STARTTLS MAIL_SSL_TLS MAIL_SECURE MAIL_SECURITY
SMTP_SECURITY MAIL_ENCRYPTION MAIL_USE_TLS MAIL_USE_SSL
SMTP_SECURITY EMAIL_USE_TLS EMAIL_USE_SSL EMAIL_SECURE EMAIL_ENCRYPTION
MAIL_FROM SMTP_FROM SMTP_FROM_EMAIL SMTP_FROM_ADDRESS SMTP_FROM_NAME SMTP_SENDER SMTP_MAIL_FROM
MAIL_FROM MAIL_SENDER MAIL_FROM_ADDRESS MAIL_FROM_EMAIL MAIL_FROM_NAME MAIL_DEFAULT_SENDER MAILER_FROM
MAIL_FROM EMAIL_FROM EMAIL_FROM_ADDRESS EMAIL_FROM_NAME EMAIL_SENDER DEFAULT_FROM_EMAIL
MAIL_FROM FROM FROM_EMAIL FROM_MAIL FROM_ADDRESS FROM_NAME SENDER SENDER_EMAIL SENDER_ADDRESS SENDER_NAME
MAIL_REPLY_TO REPLY_TO REPLYTO REPLY_TO_EMAIL REPLY_TO_ADDRESS SMTP_REPLY_TO EMAIL_REPLY_TO MAIL_REPLYTO
MAIL_RETURN_PATH RETURN_PATH BOUNCE_ADDRESS BOUNCE_EMAIL MAIL_BOUNCE MAIL_ENVELOPE_FROM ENVELOPE_FROM
MAIL_RETURN_PATH SMTP_RETURN_PATH SMTP_ENVELOPE_FROM
TZ TIMEZONE TIME_ZONE APP_TIMEZONE
"""
ELSEWHERE = {
    other: setting for setting, *others in map(str.split, ALSO.split("\n")[1:-1]) for other in others
}
ENVIRONMENT = "the environment"
# Whatever begins so is about what mailer does.
OURS = re.compile(r"(?:SMTP|MAIL|DKIM|LOOK)_")


def meant(name: str, known: Collection[str]) -> str | None:
    """Return the setting that an unknown name stands for, "" if that can't be told; None: none of ours."""
    plain = name.upper().replace("-", "_").replace(".", "_")
    if plain in known:
        return plain
    if plain in ELSEWHERE:
        return ELSEWHERE[plain]
    if near := get_close_matches(plain, known, n=1, cutoff=0.8):
        return near[0]
    return "" if OURS.match(plain) else None


def is_anybodys(name: str) -> bool:
    """Whether many a program calls a variable of its own so."""
    return name.startswith("MAIL_")


_HINTS = {
    "SMTP_HOST": "SMTP_HOST, and SMTP_PORT",
    "SMTP_SECURITY": "SMTP_SECURITY (starttls, tls or none)",
    "MAIL_FROM": "MAIL_FROM (Name <address>)",
}


def misnamed(name: str, origin: str, setting: str) -> SettingsError:
    """Return what to say of a name that stands for `setting`, or for none that could be told."""
    if not setting:
        return SettingsError(
            f"{name} in {origin} is no setting", next_step="Take it out. To see all there are: mailer doctor"
        )
    way_out = f"take {name} out"
    if origin == ENVIRONMENT and is_anybodys(name):
        way_out = f"put an empty {setting}= into .env if {name} is another program's"
    return SettingsError(
        f"{name} in {origin} is no setting: here it is {setting}",
        next_step=f"Write {_HINTS.get(setting, setting)} instead, or {way_out}.",
    )
