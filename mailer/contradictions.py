"""Settings that can't be used, or not beside each other: what is wrong, and what to write instead."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailer.domain.address import Mailbox, is_made_up
from mailer.errors import SettingsError
from mailer.settings.presets import preset_of

if TYPE_CHECKING:
    from mailer.compose.theme.theme import Theme
    from mailer.domain.admin_notice import NoticeWishes
    from mailer.domain.return_path import Verp
    from mailer.domain.warmup import WarmUp
    from mailer.settings.fields import Settings

SUBMISSIONS = 465  # RFC 8314 7.3


def read_mailbox(settings: Settings, name: str) -> Mailbox:
    """Return the mailbox that the setting `name` holds."""
    text: str = getattr(settings, name.lower())
    try:
        return Mailbox.parse(text)
    except ValueError as error:
        raise SettingsError(f"{name} = {text!r}: {error}", next_step=f"Correct {name} in .env.") from None


def read_verp(settings: Settings) -> Verp:
    """Return where in the return path the token of a copy stands; nowhere where there is none of its own."""
    from mailer.domain.return_path import ROOM, Verp

    verp = Verp(settings.mail_verp)
    if verp is Verp.OFF or not (settings.mail_return_path and settings.secret_key.get_secret_value()):
        return Verp.OFF
    local = read_mailbox(settings, "MAIL_RETURN_PATH").address.wire.rpartition("@")[0]
    fits = "." not in local and local.isalnum() if verp is Verp.SUBDOMAIN else len(local) <= ROOM
    if not fits or local.startswith('"'):
        needed = f"of {ROOM} characters at most" if verp is Verp.PLUS else "of letters and digits alone"
        raise SettingsError(
            f"MAIL_RETURN_PATH = {settings.mail_return_path!r}: with MAIL_VERP={verp} its part before the @ "
            f"gets a token, and has to be {needed}",
            next_step="Give it a shorter name, such as bounces, or write MAIL_VERP=off.",
        )
    return verp


def read_warmup(settings: Settings) -> WarmUp | None:
    """Return the plan by which a new domain is warmed up, if there is one."""
    from mailer.domain.warmup import WarmUp

    plan = settings.mail_warmup
    try:
        return WarmUp.parse(plan) if plan else None
    except ValueError as error:
        raise SettingsError(f"MAIL_WARMUP: {error}", next_step="Correct MAIL_WARMUP in .env.") from None


def read_notice_wishes(settings: Settings) -> NoticeWishes:
    """Return of what whoever runs the program is told, and where; SettingsError that names no secret."""
    from mailer.domain.admin_notice import NoticeWishes, read_events
    from mailer.domain.webhook_signature import read_secret

    hooks = tuple(settings.notice_webhook.get_secret_value().split())
    secret = settings.notice_secret.get_secret_value()
    if hooks and not secret:
        raise SettingsError(
            "NOTICE_WEBHOOK is there and NOTICE_SECRET is not: nobody could know that a webhook is ours",
            next_step="Write NOTICE_SECRET=whsec_ and what this prints: openssl rand -base64 32",
        )
    try:
        events = read_events(settings.notices)
    except ValueError as error:
        raise SettingsError(f"NOTICES: {error}", next_step="Correct NOTICES in .env.") from None
    try:
        return NoticeWishes(events, hooks, read_secret(secret) if secret else b"", bool(settings.admin_email))
    except ValueError as error:
        raise SettingsError(f"NOTICE_SECRET {error}", next_step="Correct NOTICE_SECRET in .env.") from None


def theme_wishes(settings: Settings, root: Path) -> dict[str, Any]:
    """Return what mails are to look like, by the keys of `compose.theme`; a logo's path is from `root`."""
    from mailer.compose.theme.theme import KEYS, ThemeError, read_theme

    wished = {key: getattr(settings, f"look_{key}") for key in KEYS}
    try:
        theme = read_theme(wished)
    except ThemeError as error:
        name = f"LOOK_{error.key.upper()}"
        raise SettingsError(
            f"{name} = {wished[error.key]!r} {error}", next_step=f"Correct {name} in .env."
        ) from None
    if gone := missing_logo(theme, root):
        raise SettingsError(
            f"LOOK_LOGO = {wished['logo']!r}: there is no file {gone}",
            next_step="Correct LOOK_LOGO: the path of an image from the workspace, or its https address.",
        )
    return wished


def missing_logo(theme: Theme, root: Path) -> Path | None:
    """Return the file that a theme's logo should be, if it isn't there."""
    if theme.logo is None or theme.logo.on_the_web or (root / theme.logo.src).is_file():
        return None
    return root / theme.logo.src


def refuse_half_a_login(settings: Settings, *, logged_in: bool) -> None:
    """Raise SettingsError if there is a user name without a password, or the other way round.

    `logged_in`: there are tokens in its place.
    """
    if settings.smtp_client_key and not settings.smtp_client_cert:
        raise SettingsError(
            "SMTP_CLIENT_KEY is set, but no SMTP_CLIENT_CERT", next_step="Set SMTP_CLIENT_CERT too."
        )
    if settings.smtp_auth == "oauth2" and not logged_in:
        raise SettingsError(
            f"SMTP_AUTH = oauth2, but nobody is logged in as SMTP_USERNAME = {settings.smtp_username!r}",
            next_step=f"Log in: {login_command(settings)}",
        )
    if logged_in or (settings.smtp_client_cert and not settings.smtp_password.get_secret_value()):
        return
    given = {
        "SMTP_USERNAME": settings.smtp_username,
        "SMTP_PASSWORD": settings.smtp_password.get_secret_value(),
    }
    missing = [name for name, value in given.items() if not value]
    if len(missing) == 1:
        (there,) = given.keys() - set(missing)
        raise SettingsError(
            f"{there} is set, but no {missing[0]}: to log in takes both",
            next_step=_other_half(settings, missing[0], there),
        )


def _other_half(settings: Settings, missing: str, there: str) -> str:
    if there == "SMTP_USERNAME" and preset_of(settings.smtp_provider).login:
        return f"Log in: {login_command(settings)}"
    return f"Set {missing} too, or leave {there} empty where nobody has to log in."


def login_command(settings: Settings) -> str:
    """Return the command that logs in to the provider of the settings."""
    return preset_of(settings.smtp_provider).login or "mailer login custom"


def refuse_wrong_security(settings: Settings) -> None:
    """Raise SettingsError where the port is one on which a server waits for TLS and none is spoken."""
    if settings.smtp_port == SUBMISSIONS and settings.smtp_security != "tls":
        raise SettingsError(
            f"SMTP_PORT = {SUBMISSIONS} and SMTP_SECURITY = {settings.smtp_security}: "
            "there a server waits for TLS from the first byte",
            next_step="Write SMTP_SECURITY=tls; or SMTP_PORT=587 if it is to be starttls.",
        )


def refuse_made_up_sender(settings: Settings, sender: Mailbox, *, to_the_world: bool) -> None:
    """Raise SettingsError where the world is mailed from an address that nobody can have."""
    domain = sender.address.domain
    if to_the_world and is_made_up(domain):
        raise SettingsError(
            f"MAIL_FROM is at {domain}, which nobody can own, "
            f"and SMTP_HOST = {settings.smtp_host} mails the world",
            next_step="Set MAIL_FROM to an address of yours.",
        )


def refuse_dead_links(settings: Settings, *, to_the_world: bool) -> None:
    """Raise SettingsError where links in mails would lead nowhere, or could not be signed."""
    if settings.mail_images == "linked" and not settings.base_url:
        raise SettingsError(
            "MAIL_IMAGES = linked, but there is no BASE_URL for the addresses of images",
            next_step="Set BASE_URL to where `mailer serve` is reached, or MAIL_IMAGES=inline.",
        )
    if settings.base_url and not settings.secret_key.get_secret_value():
        raise SettingsError(
            "BASE_URL is set, but there is no SECRET_KEY to sign the links in mails with",
            next_step="Set SECRET_KEY in .env to a long random text; `mailer init` makes one.",
        )
    if to_the_world and is_loopback(settings.base_url):
        raise SettingsError(
            f"BASE_URL = {settings.base_url} is this machine, "
            f"but SMTP_HOST = {settings.smtp_host} mails the world",
            next_step="Set BASE_URL to where subscribers reach `mailer serve`, or leave it empty.",
        )


def is_loopback(url: str) -> bool:
    """Whether `url` names this machine."""
    from ipaddress import ip_address
    from urllib.parse import urlsplit

    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
