"""Tokens that a server takes no more, or that can't be had, while messages are to go."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from dialogue import letter
from token_server import TokenServer, token_server

from mailer.domain.outcome import Accepted, Stage, Untried
from mailer.errors import ServerUnavailable
from mailer.logins.grants import LoginLost
from mailer.logins.keeper import Keeper
from mailer.logins.login import Login, file_of, write_login
from mailer.sandbox.scripted_server import Act, ScriptedServer
from mailer.smtp.account import Account
from mailer.smtp.pool import deliver
from mailer.smtp.reconnecting import Reconnecting
from mailer.smtp.recording import Recording

pytestmark = pytest.mark.peers
USER = "editor@gazette.example"
MESSAGES = 40


@pytest.fixture
def tokens() -> Iterator[TokenServer]:
    with token_server() as running:
        yield running


class Door:
    """A mail server that lets in by valid tokens, and parts after ten messages; `middle` is half-way."""

    def __init__(self, tokens: TokenServer) -> None:
        self.tokens = tokens
        self.shown: list[str] = []
        self.server = ScriptedServer(script=self.script, extensions=("PIPELINING", "AUTH XOAUTH2"))
        self.middle = lambda: None
        self.work = Recording([])

    def script(self, stage: Stage, times: int) -> str | Act | None:
        if stage is Stage.AUTH:
            said = base64.b64decode(self.server.commands[-1].split()[2]).decode()
            self.shown.append(said.split("Bearer ")[1].rstrip("\x01"))
            return None if self.shown[-1] in self.tokens.valid else "535 5.7.3 Authentication unsuccessful"
        if stage is Stage.CONTENT and times == MESSAGES // 2:
            self.middle()
        return "421 4.7.0 enough" if stage is Stage.MAIL and times % 10 == 0 else None


def send(door: Door, folder: Path, tries: int = 2, **kept: object) -> Recording:
    known = {"refresh_token": "refresh-0", **kept}
    write_login(
        file_of(folder, USER), Login("custom", USER, "app-1", f"{door.tokens.url}/token", "mail", **known)
    )
    door.work = work = Recording(letter(key) for key in range(MESSAGES))

    async def main() -> None:
        async with door.server, asyncio.timeout(30):
            account = Account("127.0.0.1", door.server.port, "none", USER, tokens=Keeper(folder, USER))
            await deliver(work, account, reconnecting=Reconnecting(tries, first=0.01))

    asyncio.run(main())
    return work


def held(name: str) -> dict[str, object]:
    """A token that was got an hour ago, and is good for another."""
    return {"access_token": name, "obtained_at": time.time() - 3_600, "expires_at": time.time() + 3_600}


def test_one_that_is_taken_no_more_is_followed_by_a_new_one(tokens: TokenServer, tmp_path: Path) -> None:
    door = Door(tokens)
    tokens.valid.add("old")
    door.middle = lambda: tokens.valid.discard("old")
    work = send(door, tmp_path, **held("old"))
    assert {type(found) for found in work.outcomes.values()} == {Accepted}
    assert len(door.server.taken) == MESSAGES and tokens.refreshes == 1
    assert set(door.shown) == {"old", "access-1"}


def test_without_a_server_of_tokens_it_is_for_later(tokens: TokenServer, tmp_path: Path) -> None:
    door = Door(tokens)
    tokens.refusal = (503, "")
    with pytest.raises(ServerUnavailable, match="at auth: the server of tokens") as away:
        send(door, tmp_path)
    assert "mailer login status" in str(away.value.next_step)
    assert {type(found) for found in door.work.outcomes.values()} <= {Untried} and not door.shown


@pytest.mark.parametrize("tries", [1, 5])
def test_a_lost_login_is_what_the_run_ends_with(tokens: TokenServer, tmp_path: Path, tries: int) -> None:
    door = Door(tokens)
    tokens.refusal = (400, '{"error": "invalid_grant"}')
    with pytest.raises(LoginLost):
        send(door, tmp_path, tries)


def test_a_login_that_is_lost_in_the_middle_loses_no_message(tokens: TokenServer, tmp_path: Path) -> None:
    door = Door(tokens)
    tokens.valid.add("old")

    def revoke() -> None:
        tokens.valid.discard("old")
        tokens.refusal = (400, '{"error": "invalid_grant"}')

    door.middle = revoke
    with pytest.raises(LoginLost, match="invalid_grant"):
        send(door, tmp_path, **held("old"))
    accepted = [key for key, found in door.work.outcomes.items() if isinstance(found, Accepted)]
    assert MESSAGES // 2 <= len(accepted) == len(door.server.taken) < MESSAGES
    assert {type(found) for found in door.work.outcomes.values()} <= {Accepted, Untried}
