"""Logging in by OAuth 2.0: by somebody who agrees in a browser, or as an app by itself; and logging out."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mailer.bootstrap import App
from mailer.errors import MailerError, SettingsError, UsageError
from mailer.logins import grants
from mailer.logins.login import Login, file_of, kept_logins, read_login
from mailer.logins.loopback import WayBack
from mailer.logins.providers import ANY_TENANT, PROVIDERS, Provider

PATIENCE = 600.0  # seconds for somebody to agree in a browser


@dataclass(frozen=True, slots=True)
class LoginWish:
    """What somebody asked for; what is left out is as last time, or as the provider has it.

    `by_app`: the app itself is let in. `browser`: even where there could be a code to type in. `port` is
    where the browser comes back to; 0: any.
    """

    provider: str
    account: str = ""
    client_id: str = ""
    client_secret_file: Path | None = None
    tenant: str = ""
    scope: str = ""
    by_app: bool = False
    browser: bool = False
    port: int = 0
    token_url: str = ""
    device_url: str = ""
    authorize_url: str = ""


class Guide(Protocol):
    """Who tells the person what to do."""

    def open(self, address: str) -> None:
        """Open this address in a browser on this machine."""

    def type_in(self, code: str, address: str) -> None:
        """Open this address in any browser, and type in the code."""


def log_in(app: App, wish: LoginWish, guide: Guide, wait: Callable[[float], None] = time.sleep) -> Login:
    """Log in as was wished and keep it. UsageError, SettingsError or LoginLost say what is missing."""
    account = wish.account or app.settings.smtp_username
    if not account:
        raise UsageError(
            "as whom to log in isn't said", next_step="Set SMTP_USERNAME in .env, or give --account ADDRESS."
        )
    kept = read_login(file_of(app.logins, account))
    kept = kept if kept and kept.provider == wish.provider else None
    provider = _provider(wish, kept)
    login = _meant(wish, account, provider, kept)
    if wish.by_app:
        found = grants.renewed(login)
    elif wish.browser or not provider.device_url:
        found = _by_browser(login, _filled(provider.authorize_url, login.tenant), provider, wish.port, guide)
    else:
        code = grants.device_code(login, _filled(provider.device_url, login.tenant))
        guide.type_in(code.user_code, code.address)
        found = grants.exchanged(login, code, wait)
    if login.grant == "refresh_token" and not found.refresh_token:
        raise SettingsError(
            f"{login.token_url} gave no refresh token, so that the login would last an hour",
            next_step="Ask for a scope that brings one, such as offline_access.",
        )
    app.keeper(login.account).keep(found)
    return found


def _by_browser(login: Login, authorize_url: str, provider: Provider, port: int, guide: Guide) -> Login:
    if not authorize_url:
        raise UsageError(
            "there is no address to agree at", next_step="Give --authorize-url or --device-url, or --app."
        )
    with WayBack(port) as way:
        address, state, verifier = grants.address_to_open(login, authorize_url, way.redirect, provider.asking)
        guide.open(address)
        answer = way.wait(state, PATIENCE)
    if not answer:
        raise SettingsError("nobody agreed in time", next_step="Run the command again.")
    return grants.redeemed(login, answer, state, verifier, way.redirect)


def _provider(wish: LoginWish, kept: Login | None) -> Provider:
    """Return where to log in: what is known, what was said, or where it was last time."""
    if known := PROVIDERS.get(wish.provider):
        return known
    if wish.token_url:
        return Provider(wish.token_url, wish.scope, wish.device_url, wish.authorize_url, app_scope=wish.scope)
    if kept:
        return Provider(kept.token_url, kept.scope, kept.device_url, kept.authorize_url, app_scope=kept.scope)
    raise UsageError(
        "there is no --token-url, and nobody logged in there before",
        next_step="Give the addresses of the provider: docs/how-to/log-in-with-oauth.md",
    )


def _meant(wish: LoginWish, account: str, provider: Provider, kept: Login | None) -> Login:
    """Return the login that is to be had, without a token; what isn't said is as in the one that is kept."""
    client_id = wish.client_id or (kept.client_id if kept else "")
    if not client_id:
        raise UsageError(
            f"{wish.provider} has to know which app asks, and there is no --client-id",
            next_step="Register an app and give its --client-id: docs/how-to/log-in-with-oauth.md",
        )
    same_app = kept is not None and kept.client_id == client_id
    tenant = wish.tenant or (kept.tenant if kept else "")
    if wish.by_app and "{tenant}" in provider.token_url and not tenant:
        raise UsageError(
            "an app is let in by one organisation, and it isn't said by which", next_step="Give its --tenant."
        )
    scope = provider.app_scope if wish.by_app else provider.scope
    return Login(
        provider=wish.provider,
        account=account,
        client_id=client_id,
        client_secret=_secret(wish.client_secret_file) or (kept.client_secret if same_app and kept else ""),
        token_url=_filled(provider.token_url, tenant),
        scope=wish.scope or scope,
        grant="client_credentials" if wish.by_app else "refresh_token",
        tenant=tenant,
        device_url=provider.device_url,
        authorize_url=provider.authorize_url,
    )


def _filled(address: str, tenant: str) -> str:
    return address.replace("{tenant}", tenant or ANY_TENANT)


def _secret(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"can't read the client secret from {path}: {getattr(error, 'strerror', None) or error}",
            next_step="Give the --client-secret-file that holds it, and nothing else.",
        ) from None


@dataclass(frozen=True, slots=True)
class LoginStanding:
    """A login as it may be shown. `good_for` are the seconds that its token lasts."""

    account: str
    provider: str
    grant: str
    good_for: float
    file: str
    problem: str = ""
    next_step: str = ""


def standings(app: App) -> list[LoginStanding]:
    """Say of every login whether there is a token for it, getting a new one where it is time for one."""
    return [_standing(app, login) for login in kept_logins(app.logins)]


def _standing(app: App, login: Login) -> LoginStanding:
    path = file_of(app.logins, login.account)
    problem = next_step = ""
    try:
        app.keeper(login.account).token_now()
    except MailerError as error:
        problem, next_step = error.problem, error.next_step or ""
    else:
        login = read_login(path) or login
    good_for = max(0.0, login.expires_at - app.now().timestamp())
    return LoginStanding(login.account, login.provider, login.grant, good_for, str(path), problem, next_step)


def log_out(app: App, account: str) -> tuple[Login, bool]:
    """Forget a login; return it, and whether the provider has, too. UsageError if there is none."""
    account = account or app.settings.smtp_username
    login = None
    with suppress(SettingsError):  # one that can't be read is forgotten all the same
        login = read_login(file_of(app.logins, account))
        if login is None:
            raise UsageError(
                f"nobody is logged in as {account or '(no account)'}", next_step="mailer login status"
            )
    app.keeper(account).forget()
    if login is None:
        return Login("unknown", account, "", "", ""), False
    return login, _revoked(login)


def _revoked(login: Login) -> bool:
    provider = PROVIDERS.get(login.provider)
    if provider is None or not provider.revoke_url:
        return False
    try:
        grants.revoke(login, provider.revoke_url)
    except MailerError:
        return False
    return True
