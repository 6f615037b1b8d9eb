"""What is asked of an authorization server, over TLS: authlib speaks, errors become ours."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from mailer.errors import AccountFault, MailerError, ServerUnavailable, SettingsError
from mailer.logins.login import Login

LIMIT = 20.0  # seconds an answer may take
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
# What passes by itself (RFC 6749 4.1.2.1, RFC 8628 3.5, and as providers say it).
PASSING = frozenset({"temporarily_unavailable", "server_error", "slow_down", "internal_failure"})
# What is said of the app, whose secret may have run out.
OF_THE_APP = frozenset({"invalid_client", "unauthorized_client"})
LONG = 300  # characters of what is said, to be shown
SHORT = 3600  # seconds: how long a token lasts of which nobody says it; refused, it is asked for anew


class LoginLost(AccountFault):
    """Nobody gets tokens for this account any more before somebody logs in again."""


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """What a person types in where, and what we ask with meanwhile every `interval` seconds until `until`."""

    address: str
    user_code: str
    device_code: str
    interval: float
    until: float


def renewed(login: Login) -> Login:
    """Return it with a new token; LoginLost if nobody gets one any more, ServerUnavailable if not now."""
    with _session(login) as session:
        if login.grant == "client_credentials":
            found = session.fetch_token(login.token_url, grant_type=login.grant)
        else:
            found = session.refresh_token(login.token_url, refresh_token=login.refresh_token, scope=None)
        return _with(login, found)


def redeemed(login: Login, answer: str, state: str, verifier: str, redirect: str) -> Login:
    """Return the login that an authorization code becomes; `answer` is where the browser came back to."""
    if error := parse_qs(urlsplit(answer).query).get("error"):
        raise SettingsError(f"the login was refused: {shown(error[0])}", next_step="Run the command again.")
    with _session(login) as session:
        found = session.fetch_token(
            login.token_url,
            authorization_response=answer,
            state=state,
            code_verifier=verifier,
            redirect_uri=redirect,
        )
        return _with(login, found)


def address_to_open(
    login: Login, authorize_url: str, redirect: str, asking: Mapping[str, str]
) -> tuple[str, str, str]:
    """Return what to open in a browser, the state that has to come back, and the verifier (RFC 7636)."""
    from authlib.common.security import generate_token

    verifier = generate_token(64)
    with _session(login, redirect_uri=redirect, code_challenge_method="S256") as session:
        address, state = session.create_authorization_url(
            authorize_url, code_verifier=verifier, login_hint=login.account, **asking
        )
    return str(address), str(state), verifier


def revoke(login: Login, revoke_url: str) -> None:
    """Have the provider forget the login (RFC 7009)."""
    with _session(login) as session:
        session.revoke_token(revoke_url, token=login.refresh_token or login.access_token).raise_for_status()


def device_code(login: Login, device_url: str) -> DeviceCode:
    """Ask for a code for a person to type in (RFC 8628 3.1)."""
    with _session(login) as session:
        body = {"client_id": login.client_id, "scope": login.scope}
        answer = session.request("POST", device_url, withhold_token=True, data=body)
        found = answer.json()
        if "error" in found:
            raise _refused(login, found["error"], found.get("error_description"))
        try:
            return DeviceCode(
                address=str(found.get("verification_uri") or found["verification_url"]),
                user_code=str(found["user_code"]),
                device_code=str(found["device_code"]),
                interval=float(found.get("interval", 5)),
                until=time.time() + float(found.get("expires_in", 900)),
            )
        except KeyError as missing:
            raise ValueError(f"no {missing}") from None


def exchanged(login: Login, code: DeviceCode, wait: Callable[[float], None]) -> Login:
    """Return the login that a device code becomes once somebody has agreed (RFC 8628 3.4)."""
    from authlib.integrations.base_client import OAuthError

    interval = code.interval
    while time.time() < code.until:
        wait(interval)
        with _session(login) as session:
            try:
                found = session.fetch_token(
                    login.token_url,
                    grant_type=DEVICE_CODE,
                    device_code=code.device_code,
                    client_id=login.client_id,
                )
            except OAuthError as error:
                if error.error not in ("authorization_pending", "slow_down"):
                    raise
                interval += 5 if error.error == "slow_down" else 0
            else:
                return _with(login, found)
    raise SettingsError("nobody agreed in time, and the code is void", next_step="Run the command again.")


@contextmanager
def _session(login: Login, **options: Any) -> Iterator[Any]:
    """Yield what speaks to the authorization server; what goes wrong with it is said by the error tree."""
    from authlib.common.errors import AuthlibBaseError
    from authlib.common.security import is_secure_transport
    from authlib.integrations.requests_client import OAuth2Session
    from requests import RequestException
    from requests.exceptions import SSLError

    if not is_secure_transport(login.token_url):
        raise SettingsError(
            f"{login.token_url} is no https address, and tokens go over TLS only",
            next_step="Give an address that begins with https://.",
        )
    session = OAuth2Session(
        login.client_id,
        login.client_secret or None,
        scope=login.scope,
        token_endpoint_auth_method="client_secret_post" if login.client_secret else "none",
        default_timeout=LIMIT,
        **options,
    )
    session.max_redirects = 0  # a code or a secret goes where it was meant to, or nowhere
    try:
        yield session
    except AuthlibBaseError as error:
        raise _refused(login, error.error, error.description) from None
    except SSLError as error:
        raise AccountFault(
            f"{login.token_url}: the certificate doesn't verify: {error}",
            next_step="Check the address; an authority of your own goes into REQUESTS_CA_BUNDLE.",
        ) from None
    except RequestException as error:
        raise _away(login, f"can't be reached ({type(error).__name__})") from None
    except (ValueError, KeyError, TypeError, AttributeError):  # no JSON, or not what it should be
        raise _away(login, "gives an answer that is no token") from None
    finally:
        session.close()


def _refused(login: Login, error: str | None, description: str | None) -> MailerError:
    words = shown(f"{error}: {description}" if description else str(error))
    if error in PASSING:
        return _away(login, f"says: {words}")
    again = login.again
    if error in OF_THE_APP:
        again = f"{again} --client-id ID --client-secret-file FILE"
    return LoginLost(
        f"{login.account} gets no token; {login.token_url} says: {words}", next_step=f"Log in again: {again}"
    )


def shown(words: str) -> str:
    """Return the first line of what somebody says, safe to show."""
    return "".join(each for each in words.partition("\n")[0] if each.isprintable())[:LONG]


def _away(login: Login, what: str) -> ServerUnavailable:
    return ServerUnavailable(
        f"the server of tokens, {login.token_url}, {what}",
        next_step="Run the command again later; nothing is lost.",
    )


def _with(login: Login, found: Mapping[str, Any]) -> Login:
    now = time.time()
    return replace(
        login,
        access_token=str(found["access_token"]),
        refresh_token=str(found.get("refresh_token") or login.refresh_token),
        obtained_at=now,
        expires_at=now + float(found.get("expires_in") or SHORT),
    )
