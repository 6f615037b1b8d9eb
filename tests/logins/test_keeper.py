"""Tokens: renewed in time and once, whoever else is there; kept for their owner; lost and away told apart."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from token_server import TokenServer, token_server

from mailer.errors import ExitCode, ServerUnavailable, SettingsError
from mailer.logins.grants import LoginLost
from mailer.logins.keeper import FRESH, Keeper
from mailer.logins.login import Login, file_of, read_login, write_login

pytestmark = pytest.mark.peers
ACCOUNT = "Editor@Gazette.example"


@pytest.fixture
def server() -> Iterator[TokenServer]:
    with token_server() as running:
        yield running


def login_at(server: TokenServer, **changes: object) -> Login:
    login = Login("custom", ACCOUNT, "app-1", f"{server.url}/token", "mail", refresh_token="refresh-0")
    return replace(login, **changes)


def kept(tmp_path: Path, login: Login) -> Path:
    write_login(file_of(tmp_path / "logins", ACCOUNT), login)
    return tmp_path / "logins"


def test_a_token_is_renewed_once_and_then_at_hand(tmp_path: Path, server: TokenServer) -> None:
    folder = kept(tmp_path, login_at(server))
    keeper = Keeper(folder, ACCOUNT)
    assert keeper.last == ""
    assert [keeper.token_now().text for _ in range(3)] == ["access-1"] * 3
    assert asyncio.run(keeper.token()).text == keeper.last == "access-1"
    assert Keeper(folder, "editor@GAZETTE.example").token_now().text == "access-1"
    assert server.refreshes == 1
    (asked,) = server.asked
    assert (asked["refresh_token"], asked["client_id"]) == ("refresh-0", "app-1")
    login = read_login(file_of(folder, ACCOUNT))
    assert login and login.refresh_token == "refresh-1"  # the newest, as some providers void the one before


def test_a_token_is_renewed_in_time(tmp_path: Path, server: TokenServer) -> None:
    folder = kept(tmp_path, login_at(server))
    now = [time.time()]
    keeper = Keeper(folder, ACCOUNT, clock=lambda: now[0])
    keeper.token_now()
    now[0] += server.lifetime - 301
    assert asyncio.run(keeper.token()).text == "access-1"
    now[0] += 2
    assert asyncio.run(keeper.token()).text == "access-2"


def test_many_processes_at_once_renew_once(tmp_path: Path, server: TokenServer) -> None:
    server.before = lambda: time.sleep(0.2)  # while the others come
    folder = kept(tmp_path, login_at(server))
    keeper, heard = Keeper(folder, ACCOUNT), []
    for _ in range(8):
        read, write = os.pipe()
        if os.fork() == 0:
            try:
                os.write(write, asyncio.run(keeper.token()).text.encode())
            finally:
                os._exit(0)
        os.close(write)
        heard.append(read)
    found = [os.read(each, 100) for each in heard]
    for each in heard:
        os.close(each)
        os.wait()
    assert found == [b"access-1"] * 8
    assert server.refreshes == 1


def test_who_dies_while_renewing_keeps_nobody_waiting(tmp_path: Path, server: TokenServer) -> None:
    folder = kept(tmp_path, login_at(server))
    keeper = Keeper(folder, ACCOUNT)
    if (child := os.fork()) == 0:
        with keeper._turn():
            os._exit(0)
    os.waitpid(child, 0)
    assert keeper.token_now().text == "access-1"


def test_a_token_that_a_server_refused_is_not_given_out_again(tmp_path: Path, server: TokenServer) -> None:
    now = time.time()
    folder = kept(
        tmp_path,
        login_at(server, access_token="stale", obtained_at=now - FRESH - 1, expires_at=now + 3_000),
    )
    keeper = Keeper(folder, ACCOUNT)
    token = keeper.token_now()
    assert (token.text, token.renewable) == ("stale", True)
    keeper.refused("stale")
    token = asyncio.run(keeper.token())
    # One so new that is refused too says that the account is.
    assert (token.text, token.renewable) == ("access-1", False)


def test_revoked_is_for_a_person_and_away_is_for_later(tmp_path: Path, server: TokenServer) -> None:
    folder = kept(tmp_path, login_at(server))
    keeper = Keeper(folder, ACCOUNT)
    said = {"error": "invalid_grant", "error_description": "AADSTS700082: expired.\r\nTrace ID: 1\x1b[31m"}
    server.refusal = (400, json.dumps(said))
    with pytest.raises(LoginLost, match=r"invalid_grant: AADSTS700082: expired\.$") as lost:
        keeper.token_now()
    assert lost.value.exit_code == ExitCode.USAGE
    assert lost.value.next_step == f"Log in again: mailer login custom --account {ACCOUNT}"
    server.refusal = (401, json.dumps({"error": "invalid_client"}))
    with pytest.raises(LoginLost) as lost:
        keeper.token_now()
    assert "--client-secret-file" in str(lost.value.next_step)
    for refusal in [(503, "busy"), (429, "slow down"), (200, "<html>"), (200, "[]"), (200, "{}"), (302, ""),
                    (400, json.dumps({"error": "temporarily_unavailable"})),
                    (200, json.dumps({"access_token": "x", "expires_in": "soon"}))]:  # fmt: skip
        server.refusal = refusal
        with pytest.raises(ServerUnavailable) as away:
            keeper.token_now()
        assert away.value.exit_code == ExitCode.AGAIN
    server.refusal = None
    assert keeper.token_now().text == "access-1"  # none of it lost anything


def test_a_refresh_token_goes_nowhere_else(tmp_path: Path, server: TokenServer) -> None:
    with token_server() as other:
        server.elsewhere = f"{other.url}/token2"
        with pytest.raises(ServerUnavailable):
            Keeper(kept(tmp_path, login_at(server)), ACCOUNT).token_now()
        assert other.asked == []


def test_nobody_there_is_for_later_and_a_token_that_is_good_yet_will_do(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{unused.getsockname()[1]}/token"
    login = Login("custom", ACCOUNT, "app-1", nowhere, "mail", refresh_token="refresh-0")
    folder = kept(tmp_path, login)
    with pytest.raises(ServerUnavailable, match="can't be reached"):
        Keeper(folder, ACCOUNT).token_now()
    now = time.time()
    kept(tmp_path, replace(login, access_token="old", obtained_at=now - 3_540, expires_at=now + 60))
    assert Keeper(folder, ACCOUNT).token_now().text == "old"


def test_tokens_go_over_tls_only(tmp_path: Path) -> None:
    login = Login("custom", ACCOUNT, "app-1", "http://login.gazette.example/token", "mail", refresh_token="r")
    with pytest.raises(SettingsError, match="no https address"):
        Keeper(kept(tmp_path, login), ACCOUNT).token_now()


def test_a_login_is_for_its_owner_only_and_whole_at_any_time(tmp_path: Path, server: TokenServer) -> None:
    before = os.umask(0)
    try:
        folder = kept(tmp_path, login_at(server, client_secret="s3cret"))
        keeper = Keeper(folder, ACCOUNT)
        keeper.token_now()
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in [folder, *folder.iterdir()]}
    assert modes == {
        "logins": 0o700,
        "editor@gazette.example.login": 0o600,
        "editor@gazette.example.lock": 0o600,
    }
    login = read_login(file_of(folder, ACCOUNT))
    assert not any(secret in repr(login) for secret in ("s3cret", "refresh-1", "access-1"))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"provider": "x"}', b"\xff"])
def test_a_broken_login_says_what_to_do(tmp_path: Path, content: bytes) -> None:
    path = file_of(tmp_path, ACCOUNT)
    path.write_bytes(content)
    with pytest.raises(SettingsError, match="can't be read") as broken:
        Keeper(tmp_path, ACCOUNT).token_now()
    assert "mailer logout --account editor@gazette.example" in str(broken.value.next_step)


def test_nobody_logged_in_says_so(tmp_path: Path) -> None:
    with pytest.raises(LoginLost, match="nobody is logged in"):
        Keeper(tmp_path, ACCOUNT).token_now()


def test_names_of_accounts_lead_nowhere_else(tmp_path: Path) -> None:
    for name in ("../../etc/passwd", "a/b", "x\0y", ".."):
        assert file_of(tmp_path, name).parent == tmp_path
