"""Tokens in the course of a send: they run out, or are revoked; nobody is skipped or mailed twice."""

from __future__ import annotations

import base64
import json
from collections import Counter
from itertools import count

import pytest
from token_server import token_server

from mailer.domain.outcome import Stage
from mailer.logins.login import Login, file_of, write_login

PEOPLE = 60
SEND = ("send-issue", "harbour", "--yes")
ACCOUNT = "editor@gazette.example"


@pytest.fixture
def tokens():
    with token_server() as running:
        yield running


@pytest.fixture
def sender(workspace, server, tokens):
    """A workspace with a login, and a server that lets in by valid tokens and parts after ten messages."""
    workspace.people(PEOPLE)
    workspace.settings |= {"SMTP_USERNAME": ACCOUNT, "SMTP_CONNECTIONS": "3"}
    login = Login("custom", ACCOUNT, "app-1", f"{tokens.url}/token", "mail", refresh_token="refresh-0")
    write_login(file_of(workspace.root / "subscribers/mailer.db.logins", ACCOUNT), login)
    server.extensions = ("PIPELINING", "AUTH PLAIN XOAUTH2")
    server.script = parting(server, tokens)
    return workspace


def parting(server, tokens, every=10):
    messages = count(1)

    def script(stage, times):
        if stage is Stage.AUTH:
            token = shown(server)[-1]
            return None if token in tokens.valid else "535 5.7.3 Authentication unsuccessful"
        if stage is Stage.MAIL and next(messages) % every == 0:
            return "421 4.7.0 enough for one session"
        return None

    return script


def shown(server) -> list[str]:
    """The tokens that the server was shown, one after the other."""
    lines = [base64.b64decode(line.split()[2]) for line in server.commands if line.startswith("AUTH ")]
    return [line.decode().split("Bearer ")[1].rstrip("\x01") for line in lines]


def everybody_once(server) -> bool:
    got = Counter(taken.recipients[0] for taken in server.taken)
    return got == Counter(f"reader{number}@inbox.example" for number in range(PEOPLE))


def test_reconnecting_takes_the_token_of_now(sender, server, tokens):
    tokens.lifetime = 0.001  # run out before the next connection
    sender.run(*SEND, "--workers", 3)
    assert everybody_once(server)
    assert len(set(shown(server))) >= 5


def test_a_revoked_login_is_for_a_person_and_loses_nothing(sender, server, tokens):
    tokens.refusal = (400, json.dumps({"error": "invalid_grant", "error_description": "revoked"}))
    said = sender.run(*SEND, expect=2)
    assert "invalid_grant: revoked" in said.stderr
    assert f"next: Log in again: mailer login custom --account {ACCOUNT}" in " ".join(said.stderr.split())
    states = sender.data("status")[0]["states"]
    assert {state: number for state, number in states.items() if number} == {"queued": PEOPLE}
    tokens.refusal = None
    sender.run(*SEND)
    assert everybody_once(server)
