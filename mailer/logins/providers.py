"""Where providers of mail hand out tokens, and for what: one entry each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Provider:
    """Addresses of a provider's authorization server; `{tenant}` in them is the organisation's.

    `scope` is what a person agrees to, `app_scope` what an app is allowed by itself; where that is empty none
    is. Without a `device_url` a browser on this machine has to be there. `asking` goes along with the address
    that is opened in it.
    """

    token_url: str
    scope: str
    device_url: str = ""
    authorize_url: str = ""
    app_scope: str = ""
    revoke_url: str = ""
    asking: Mapping[str, str] = field(default_factory=dict)


_MICROSOFT = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0"

PROVIDERS: dict[str, Provider] = {
    # https://learn.microsoft.com/exchange/client-developer/legacy-protocols/
    # how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth
    "microsoft": Provider(
        token_url=f"{_MICROSOFT}/token",
        scope="https://outlook.office.com/SMTP.Send https://outlook.office.com/IMAP.AccessAsUser.All "
        "offline_access",
        device_url=f"{_MICROSOFT}/devicecode",
        authorize_url=f"{_MICROSOFT}/authorize",
        app_scope="https://outlook.office365.com/.default",
    ),
    # https://developers.google.com/identity/protocols/oauth2/native-app; of the scopes that a device code may
    # ask for (…/limited-input-device) none is for mail. Without `prompt` only the first login brings a
    # refresh token.
    "google": Provider(
        token_url="https://oauth2.googleapis.com/token",  # noqa: S106
        scope="https://mail.google.com/",
        authorize_url="https://accounts.google.com/o/oauth2/v2/auth",
        revoke_url="https://oauth2.googleapis.com/revoke",
        asking={"access_type": "offline", "prompt": "consent"},
    ),
}
ANY_TENANT = "common"
