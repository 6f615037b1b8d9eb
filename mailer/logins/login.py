"""A login as it is kept: a file for its owner only, beside the database, replaced in one step."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote, unquote

from mailer.errors import SettingsError
from mailer.private import private_folder, replacing

if TYPE_CHECKING:
    from mailer.settings.fields import Settings

Grant = Literal["refresh_token", "client_credentials"]
ENDING = ".login"


@dataclass(frozen=True, slots=True)
class Login:
    """By what an account gets its tokens, and the one that it has. Times are seconds since 1970, in UTC.

    With the grant `client_credentials` it is the app itself that is let in, and there is no refresh token.
    The addresses to agree at are those of a provider that isn't known otherwise.
    """

    provider: str
    account: str
    client_id: str
    token_url: str
    scope: str
    grant: Grant = "refresh_token"
    client_secret: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    access_token: str = field(default="", repr=False)
    obtained_at: float = 0
    expires_at: float = 0
    tenant: str = ""
    device_url: str = ""
    authorize_url: str = ""

    @property
    def again(self) -> str:
        """The command that logs in again."""
        command = COMMANDS.get(self.provider, "mailer login custom")
        by_app = " --app" if self.grant == "client_credentials" else ""
        return f"{command}{by_app} --account {quote(self.account, safe='@+')}"

    def spent(self, now: float) -> bool:
        """Whether it is time for another token: the last five minutes, or the last tenth of a short life."""
        return now >= self.expires_at - min(MARGIN, (self.expires_at - self.obtained_at) / 10)


COMMANDS = {"microsoft": "mailer login microsoft", "google": "mailer login google"}
MARGIN = 300.0  # seconds


def file_of(folder: Path, account: str) -> Path:
    """Return where the login of this account is kept."""
    return folder / (quote(account.casefold(), safe="@+") + ENDING)


def read_login(path: Path) -> Login | None:
    """Return what is kept there, None if nothing is; SettingsError if it can't be read."""
    try:
        return Login(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        account = unquote(path.name.removesuffix(ENDING))
        raise SettingsError(
            f"the login in {path} can't be read: {error}",
            next_step=f"Log in again, after: mailer logout --account {account}",
        ) from None


def write_login(path: Path, login: Login) -> None:
    """Keep it; who reads meanwhile sees the old one or the new one. SettingsError if it can't be written."""
    try:
        private_folder(path.parent)
        with replacing(path) as file:
            file.write(json.dumps(asdict(login), indent=1).encode())
    except OSError as error:
        raise SettingsError(
            f"the login can't be kept in {path}: {error.strerror or error}",
            next_step=f"Let this user write in {path.parent}.",
        ) from None


def kept_logins(folder: Path) -> Iterator[Login]:
    """Yield every login, in the order of accounts."""
    for path in sorted(folder.glob(f"*{ENDING}")):
        if login := read_login(path):
            yield login


def logs_in(settings: Settings, folder: Callable[[], Path]) -> bool:
    """Whether a login kept in `folder` is what the mail server is shown, in the place of a password."""
    no_password = not settings.smtp_password.get_secret_value()
    wanted = settings.smtp_auth == "oauth2" or (settings.smtp_auth == "auto" and no_password)
    return wanted and bool(settings.smtp_username) and file_of(folder(), settings.smtp_username).is_file()
