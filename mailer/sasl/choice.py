"""Which mechanism to take: the best that the server offers and our credentials are for."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Collection, Iterator

from mailer.sasl.credentials import Credentials
from mailer.sasl.mechanisms import CramMd5, External, LoginMechanism, Mechanism, OAuthBearer, Plain, XOAuth2
from mailer.sasl.scram import Scram, ScramPlus, end_point


def _token(mine: Credentials) -> bool:
    return bool(mine.token)


def _password(mine: Credentials) -> bool:
    return bool(mine.username and mine.password and not mine.token)


def _bound_password(mine: Credentials) -> bool:
    return _password(mine) and end_point(mine.peer) is not None


def _certificate(mine: Credentials) -> bool:
    return mine.certificate and not (mine.password or mine.token)


# Best first: name, the machine, and whom it is for. All goes over TLS, or to this machine: PLAIN shows the
# password to nobody but the server. CRAM-MD5 is for servers that have nothing else.
MECHANISMS: dict[str, tuple[Callable[[Credentials], Mechanism], Callable[[Credentials], bool]]] = {
    "EXTERNAL": (External, _certificate),
    "OAUTHBEARER": (OAuthBearer, _token),
    "XOAUTH2": (XOAuth2, _token),
    "SCRAM-SHA-256-PLUS": (ScramPlus, _bound_password),
    "SCRAM-SHA-256": (Scram, _password),
    "PLAIN": (Plain, _password),
    "LOGIN": (LoginMechanism, _password),
    "CRAM-MD5": (CramMd5, _password),
}


def choices(
    credentials: Credentials, offered: Collection[str], only: str = ""
) -> Iterator[tuple[str, Mechanism]]:
    """Yield the mechanisms that may be tried, best first; `only` names the one that it has to be, if any."""
    for name, (make, fits) in MECHANISMS.items():
        if name in offered and only in ("", name) and fits(credentials):
            yield name, make(credentials)


def secrets_in(credentials: Credentials) -> Iterator[str]:
    """Yield what a server that echoes might say of the secret, the longest first."""
    for mechanism, secret in (
        (Plain, credentials.password),
        (OAuthBearer, credentials.token),
        (XOAuth2, credentials.token),
    ):
        if secret and (said := mechanism(credentials).begin()):
            yield b64encode(said).decode()
    for secret in (credentials.password, credentials.token):
        if secret:
            yield b64encode(secret.encode()).decode()
            yield secret
