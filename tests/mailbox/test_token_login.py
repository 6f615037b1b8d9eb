"""A mailbox of a real Dovecot that is logged in to by tokens, with a server of tokens in the test."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from dovecot import USER, DovecotServer, dovecot_server
from token_server import TokenServer, token_server

from mailer.bootstrap import App
from mailer.errors import MailboxRefused, MailboxUnavailable, SettingsError
from mailer.logins.grants import LoginLost
from mailer.logins.keeper import Keeper
from mailer.logins.login import Login, file_of, write_login
from mailer.mailbox.imap import ImapMailbox
from mailer.mailbox.incoming import FilingWishes
from mailer.mailbox.server import MailboxAccount
from mailer.mailbox.token_login import by_token
from mailer.services.return_fetching import fetch

pytestmark = pytest.mark.peers


@pytest.fixture(scope="module")
def tokens() -> Iterator[TokenServer]:
    with token_server() as running:
        running.account = USER
        yield running


@pytest.fixture(scope="module")
def dovecot(tokens: TokenServer) -> Iterator[DovecotServer]:
    with dovecot_server(introspection=f"{tokens.url}/introspect") as server:
        yield server


def kept(folder: Path, tokens: TokenServer, **changes: object) -> None:
    login = Login("custom", USER, "app-1", f"{tokens.url}/token", "mail", refresh_token="refresh-0")
    write_login(file_of(folder, USER), replace(login, **changes))
    tokens.refusal = None


def look(dovecot: DovecotServer, folder: Path) -> int:
    """Log in, and return how many messages there are."""
    account = MailboxAccount("IMAP", "localhost", dovecot.imaps, "tls", USER, ca_file=str(dovecot.ca_file))
    with ImapMailbox(account, FilingWishes(), by_token(Keeper(folder, USER))) as mailbox:
        return sum(map(len, mailbox.batches({})))


def test_a_token_opens_the_mailbox(dovecot: DovecotServer, tokens: TokenServer, tmp_path: Path) -> None:
    kept(tmp_path, tokens)
    dovecot.deliver(b"Subject: tide\r\n\r\nHigh at nine.\r\n")
    assert look(dovecot, tmp_path) == 1


def test_one_that_is_taken_no_more_is_followed_by_a_new_one(
    dovecot: DovecotServer, tokens: TokenServer, tmp_path: Path
) -> None:
    now = time.time()
    kept(tmp_path, tokens, access_token="old", obtained_at=now - 3_000, expires_at=now + 3_000)
    before = tokens.refreshes
    look(dovecot, tmp_path)
    assert tokens.refreshes == before + 1


def test_a_new_one_that_is_refused_is_for_a_person(
    dovecot: DovecotServer, tokens: TokenServer, tmp_path: Path
) -> None:
    now = time.time()
    kept(tmp_path, tokens, access_token="of-somebody-else", obtained_at=now, expires_at=now + 3_000)
    with pytest.raises(MailboxRefused, match="refuses the login") as refused:
        look(dovecot, tmp_path)
    assert "of-somebody-else" not in str(refused.value) and "mailer login status" in str(
        refused.value.next_step
    )


def test_lost_and_away_are_told_apart(dovecot: DovecotServer, tokens: TokenServer, tmp_path: Path) -> None:
    kept(tmp_path, tokens)
    tokens.refusal = (400, '{"error": "invalid_grant"}')
    with pytest.raises(LoginLost):
        look(dovecot, tmp_path)
    tokens.refusal = (503, "")
    with pytest.raises(MailboxUnavailable, match="server of tokens"):
        look(dovecot, tmp_path)


def test_settings_without_a_password_read_by_token(
    dovecot: DovecotServer, tokens: TokenServer, tmp_path: Path
) -> None:
    settings = dovecot.settings("IMAP", dovecot.imaps) | {"IMAP_PASSWORD": "", "SECRET_KEY": "x"}
    app = App(tmp_path, settings)
    with pytest.raises(SettingsError, match="takes a user name and a password"):
        fetch(app, lambda row: None)
    kept(app.logins, tokens)
    dovecot.deliver(b"Subject: ebb\r\n\r\nLow at three.\r\n")
    assert fetch(app, lambda row: None).total >= 1
    app.let_go()
