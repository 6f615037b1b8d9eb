"""What doctor says of logins by tokens, and of passwords where they are given up."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from token_server import token_server

from mailer.doctor.examination import Examination
from mailer.doctor.result import Grade, Result
from mailer.doctor.server_verdict import judge_login
from mailer.domain.outcome import Stage
from mailer.logins.login import Login, file_of, write_login
from mailer.sandbox.scripted_server import ScriptedServer
from mailer.settings.fields import Settings
from mailer.settings.reading import read_settings
from mailer.smtp.account import Account

USER = "editor@gazette.example"


@pytest.mark.peers
@pytest.mark.parametrize("kept", ["good", "old", "revoked"])
def test_a_login_is_tried(tmp_path: Path, kept: str) -> None:
    def refused(stage: Stage, times: int) -> str | None:
        return "535 5.7.3 old" if (stage, times, kept) == (Stage.AUTH, 1, "old") else None

    async def look() -> dict[str, Result]:
        async with ScriptedServer(script=refused, extensions=("AUTH PLAIN XOAUTH2",)) as server:
            reading = read_settings(tmp_path, {"SMTP_PORT": str(server.port), "SMTP_USERNAME": USER})
            examined = Examination(tmp_path, reading, datetime.now(UTC), offline=False, name_server="")
            return {each.name: each for each in (await examined.run()).results}

    with token_server() as tokens:
        now = time.time()
        login = Login("custom", USER, "app-1", f"{tokens.url}/token", "mail", refresh_token="refresh-0")
        if kept == "old":  # refused by the mail server, which takes the next one
            login = replace(login, access_token="old", obtained_at=now - 3_000, expires_at=now + 3_000)
        if kept == "revoked":
            tokens.refusal = (400, '{"error": "invalid_grant"}')
        write_login(file_of(tmp_path / "subscribers/mailer.db.logins", USER), login)
        found = asyncio.run(look())["smtp.login"]
    if kept == "revoked":
        assert found.verdict is Grade.ERROR and "invalid_grant" in found.text
        assert found.next_step == f"Log in again: mailer login custom --account {USER}"
    else:
        assert (found.verdict, found.text) == (Grade.OK, f"as {USER}, with a token")


def test_that_passwords_are_given_up_is_said() -> None:
    account = Account("smtp.office365.com", 587, "starttls", USER, "tides")
    (found,) = judge_login(account, Settings(smtp_provider="office365"))
    assert found.verdict is Grade.WARNING and "December 2026" in found.text
    assert "mailer login microsoft" in found.next_step
    for other in ("", "gmail", "fastmail"):
        assert list(judge_login(account, Settings(smtp_provider=other))) == []
    assert list(judge_login(replace(account, password=""), Settings(smtp_provider="office365"))) == []
