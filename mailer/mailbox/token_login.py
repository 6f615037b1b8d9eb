"""Logging in to IMAP by a token of OAuth 2.0, where a server takes no passwords (RFC 7628, and XOAUTH2)."""

from __future__ import annotations

from base64 import b64encode
from typing import Protocol

from imapclient import IMAPClient
from imapclient.exceptions import LoginError

from mailer.errors import MailboxRefused, MailboxUnavailable, ServerUnavailable
from mailer.mailbox.imap import Authenticator
from mailer.mailbox.server import MailboxAccount
from mailer.sasl.choice import choices
from mailer.sasl.credentials import AccessToken, Credentials
from mailer.sasl.mechanisms import Mechanism


class TokensNow(Protocol):
    """Where tokens come from (`mailer.logins.keeper.Keeper`)."""

    def token_now(self) -> AccessToken:
        """Return one that is valid for a while; AccountFault or ServerUnavailable as they say."""

    def refused(self, text: str) -> None:
        """A server refused this one: give out another."""


def by_token(tokens: TokensNow) -> Authenticator:
    """Return what logs in by these tokens; one that has grown old and is refused is followed by a new one."""

    def log_in(client: IMAPClient, account: MailboxAccount) -> None:
        token = _token(tokens)
        try:
            _authenticate(client, account, token)
        except MailboxRefused:
            if not token.renewable:
                raise
            tokens.refused(token.text)
            _authenticate(client, account, _token(tokens))

    return log_in


def _token(tokens: TokensNow) -> AccessToken:
    try:
        return tokens.token_now()
    except ServerUnavailable as error:
        raise MailboxUnavailable(error.problem, next_step=error.next_step) from None


def _authenticate(client: IMAPClient, account: MailboxAccount, token: AccessToken) -> None:
    mine = Credentials(account.username, token=token.text, host=account.host, port=account.port)
    words = (each.decode("ascii", "replace").upper() for each in client.capabilities())
    offered = {each.removeprefix("AUTH=") for each in words if each.startswith("AUTH=")}
    name, mechanism = next(choices(mine, offered), ("", None))
    if mechanism is None:
        raise _refused(account, f"it offers no login by a token, but {' '.join(sorted(offered)) or 'none'}")
    try:
        client.sasl_login(name, _Dialogue(mechanism))
    except LoginError as error:
        if "UNAVAILABLE" in str(error):  # RFC 5530: it will pass
            raise
        said = [str(error).replace(token.text, "•••"), mechanism.said]
        raise _refused(account, " ".join(filter(None, said))) from None


class _Dialogue:
    """A mechanism as IMAPClient asks it: the first question is empty, and none is in base64 any more."""

    def __init__(self, mechanism: Mechanism) -> None:
        self._mechanism = mechanism
        self._begun = False

    def __call__(self, challenge: bytes) -> bytes:
        """Return what answers a challenge."""
        if not self._begun:
            self._begun = True
            return self._mechanism.begin() or b""
        return self._mechanism.answer(b64encode(challenge).decode())


def _refused(account: MailboxAccount, words: str) -> MailboxRefused:
    return MailboxRefused(
        f"{account.url} refuses the login: {words}",
        next_step="Have the provider allow IMAP with tokens for IMAP_USERNAME, or log in again as whom it "
        "names: mailer login status",
    )
