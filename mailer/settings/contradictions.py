"""Settings of the mail server that can't both be meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer.errors import SettingsError

if TYPE_CHECKING:
    from mailer.settings.settings import Settings

SUBMISSIONS = 465  # RFC 8314 7.3


def refuse_half_a_login(settings: Settings) -> None:
    """Raise SettingsError if there is a user name without a password, or the other way round."""
    given = {
        "SMTP_USERNAME": settings.smtp_username,
        "SMTP_PASSWORD": settings.smtp_password.get_secret_value(),
    }
    missing = [name for name, value in given.items() if not value]
    if len(missing) == 1:
        (there,) = given.keys() - set(missing)
        raise SettingsError(
            f"{there} is set, but no {missing[0]}: to log in takes both",
            next_step=f"Set {missing[0]} too, or leave {there} empty where nobody has to log in.",
        )


def refuse_wrong_security(settings: Settings) -> None:
    """Raise SettingsError where the port is one on which a server waits for TLS and none is spoken."""
    if settings.smtp_port == SUBMISSIONS and settings.smtp_security != "tls":
        raise SettingsError(
            f"SMTP_PORT = {SUBMISSIONS} and SMTP_SECURITY = {settings.smtp_security}: "
            "there a server waits for TLS from the first byte",
            next_step="Write SMTP_SECURITY=tls; or SMTP_PORT=587 if it is to be starttls.",
        )
