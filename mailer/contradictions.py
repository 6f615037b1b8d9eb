"""Settings that can't be used, or not beside each other: what is wrong, and what to write instead."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailer.domain.address import Mailbox, is_made_up
from mailer.errors import SettingsError

if TYPE_CHECKING:
    from mailer.domain.warmup import WarmUp
    from mailer.settings.fields import Settings


def read_mailbox(settings: Settings, name: str) -> Mailbox:
    """Return the mailbox that the setting `name` holds."""
    text: str = getattr(settings, name.lower())
    try:
        return Mailbox.parse(text)
    except ValueError as error:
        raise SettingsError(f"{name} = {text!r}: {error}", next_step=f"Correct {name} in .env.") from None


def read_warmup(settings: Settings) -> WarmUp | None:
    """Return the plan by which a new domain is warmed up, if there is one."""
    from mailer.domain.warmup import WarmUp

    plan = settings.mail_warmup
    try:
        return WarmUp.parse(plan) if plan else None
    except ValueError as error:
        raise SettingsError(f"MAIL_WARMUP: {error}", next_step="Correct MAIL_WARMUP in .env.") from None


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
    if theme.logo and not theme.logo.on_the_web and not (root / theme.logo.src).is_file():
        raise SettingsError(
            f"LOOK_LOGO = {wished['logo']!r}: there is no file {root / theme.logo.src}",
            next_step="Correct LOOK_LOGO: the path of an image from the workspace, or its https address.",
        )
    return wished


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
