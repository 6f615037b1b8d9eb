"""Logging in to Debian's Postfix, which asks Dovecot: every mechanism, with passwords and with tokens."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from dialogue import letter
from dovecot_auth import MECHANISMS, dovecot_auth
from postfix import PostfixServer, postfix_server
from token_server import TokenServer, token_server

from mailer.domain.outcome import Accepted
from mailer.errors import AccountFault
from mailer.logins.keeper import Keeper
from mailer.logins.login import Login, file_of, write_login
from mailer.smtp.account import Account
from mailer.smtp.pool import deliver
from mailer.smtp.reconnecting import Reconnecting
from mailer.smtp.recording import Recording

pytestmark = pytest.mark.peers
USER, PASSWORD = "editor@gazette.example", "tides-and-times"


@pytest.fixture(scope="module")
def tokens() -> Iterator[TokenServer]:
    with token_server() as running:
        yield running


@pytest.fixture(scope="module")
def postfix(tokens: TokenServer) -> Iterator[PostfixServer]:
    with (
        dovecot_auth({USER: PASSWORD}, f"{tokens.url}/introspect") as settings,
        postfix_server({**settings, "virtual_transport": "discard"}) as running,
    ):
        yield running


def send(account: Account) -> None:
    work = Recording([letter(1)])
    asyncio.run(deliver(work, account, reconnecting=Reconnecting(tries=2, first=0.01)))
    assert {type(found) for found in work.outcomes.values()} == {Accepted}


def keeper(tmp_path: Path, tokens: TokenServer) -> Keeper:
    login = Login("custom", USER, "app-1", f"{tokens.url}/token", "mail", refresh_token="refresh-0")
    write_login(file_of(tmp_path, USER), login)
    return Keeper(tmp_path, USER)


@pytest.mark.parametrize("mechanism", ["", *(each for each in MECHANISMS if "OAUTH" not in each)])
def test_a_password_logs_in(postfix: PostfixServer, mechanism: str) -> None:
    account = Account(postfix.host, postfix.port, "none", USER, PASSWORD, mechanism=mechanism)
    send(account)
    with pytest.raises(AccountFault, match="535"):
        send(replace(account, password="ebb"))
    # Dovecot's log has the mechanism, as Postfix's has.
    assert f"sasl_method={mechanism or 'SCRAM-SHA-256'}" in postfix.log.read_text()


@pytest.mark.parametrize("mechanism", ["OAUTHBEARER", "XOAUTH2"])
def test_a_token_logs_in(postfix: PostfixServer, tokens: TokenServer, tmp_path: Path, mechanism: str) -> None:
    account = Account(
        postfix.host, postfix.port, "none", USER, mechanism=mechanism, tokens=keeper(tmp_path, tokens)
    )
    send(account)
    assert f"sasl_method={mechanism}" in postfix.log.read_text()
    tokens.valid.clear()  # so soon after it was got that it is about the account, not about time
    with pytest.raises(AccountFault, match="535") as refused:
        send(account)
    assert "status" in refused.value.problem and "mailer login status" in str(refused.value.next_step)
