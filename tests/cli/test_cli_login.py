"""`mailer login` and `mailer logout`, as a person reads them, against an authorization server in the test."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from harbour_workspace import Workspace
from token_server import token_server

pytestmark = pytest.mark.peers
WHO = ("--account", "editor@gazette.example", "--client-id", "app-1")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "issues").mkdir()
    return Workspace(tmp_path, {"POSTAL_ADDRESS": "1 Quay Street", "SMTP_PORT": "1"})


def test_a_login_from_the_first_code_to_the_last_word(workspace: Workspace) -> None:
    with token_server() as server:
        server.pending = 1
        custom = ("custom", *WHO, "--token-url", f"{server.url}/token", "--scope", "mail")
        done = workspace.run("login", *custom, "--device-url", f"{server.url}/device")
        assert f"{server.url}/agree\n  TIDE-0900\n" in done.stdout
        assert "write SMTP_USERNAME=editor@gazette.example in .env" in done.stdout
        assert not any(token in done.stdout + done.stderr for token in ("access-1", "refresh-1"))

        server.refusal = (400, json.dumps({"error": "invalid_grant"}))
        (file,) = (workspace.root / "subscribers/mailer.db.logins").glob("*.login")
        file.write_text(json.dumps(json.loads(file.read_text()) | {"expires_at": 0}))
        lost = workspace.run("login", "status", expect=2).stdout
        assert lost.startswith("editor@gazette.example  custom, a person\n")
        assert "says: invalid_grant\n  next: Log in again: mailer login custom" in lost
    assert "Logged out" in workspace.run("logout", "--account", "editor@gazette.example").stdout
    assert not file.exists()
    assert workspace.data("login", "status") == []


def test_settings_that_name_nobody_who_is_logged_in(workspace: Workspace) -> None:
    workspace.settings |= {"SMTP_PROVIDER": "office365", "SMTP_USERNAME": "editor@gazette.example"}
    workspace.settings |= {"MAIL_FROM": "editor@harbour-gazette.net"}
    said = workspace.run("doctor", "--offline", expect=3).stdout
    assert "mailer login microsoft" in said
    workspace.settings["SMTP_AUTH"] = "OAuth2"
    said = workspace.run("doctor", "--offline", expect=3).stdout
    assert "nobody is logged in as SMTP_USERNAME" in " ".join(said.split())
