"""What the log has of a conversation: every line of it on request, and nothing that is secret."""

from __future__ import annotations

import asyncio
import logging
from base64 import b64encode

import pytest
from dialogue import letter

from mailer.domain.outcome import Stage
from mailer.errors import AccountFault
from mailer.sandbox.scripted_server import Script, ScriptedServer
from mailer.smtp.account import Account
from mailer.smtp.pool import deliver
from mailer.smtp.recording import Recording

pytestmark = pytest.mark.peers

PASSWORD = "correct-horse"
USERNAME = "gazette-login"
SECRETS = (
    PASSWORD,
    b64encode(PASSWORD.encode()).decode(),
    b64encode(USERNAME.encode()).decode(),
    b64encode(f"\0{USERNAME}\0{PASSWORD}".encode()).decode(),
)


def answer(at: Stage, words: str) -> Script:
    return lambda stage, count: words if stage is at else None


WELCOME = answer(Stage.AUTH, "235 2.7.0 welcome")


def logged(
    caplog: pytest.LogCaptureFixture,
    level: int,
    script: Script = WELCOME,
    *extensions: str,
    fails: bool = False,
) -> str:
    """Send two messages over one connection; return the log."""

    async def main() -> None:
        async with ScriptedServer(script, extensions or ("PIPELINING", "AUTH PLAIN LOGIN")) as server:
            account = Account("127.0.0.1", server.port, "none", USERNAME, PASSWORD, connections=1)
            await deliver(Recording([letter(1), letter(2)]), account)

    with caplog.at_level(level, "mailer"):
        if fails:
            with pytest.raises(AccountFault):
                asyncio.run(main())
        else:
            asyncio.run(main())
    return caplog.text


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_a_conversation_is_logged_line_by_line_without_the_login(caplog, mechanism):
    text = logged(caplog, logging.DEBUG, WELCOME, "PIPELINING", f"AUTH {mechanism}")
    for line in ("> EHLO [127.0.0.1]", "> AUTH •••", "< 235 2.7.0 welcome", "> DATA", "> QUIT"):
        assert line in text
    assert not [secret for secret in SECRETS if secret in text]


@pytest.mark.parametrize("extension", ["CHUNKING", "8BITMIME"])
def test_of_addresses_only_the_domain_is_logged_and_of_contents_only_the_size(caplog, extension):
    script = answer(Stage.RCPT, "250 2.1.5 <reader1@harbour.example> ok")
    text = logged(caplog, logging.DEBUG, script, "PIPELINING", extension, "AUTH PLAIN")
    size = len(letter(1).content)
    assert "> MAIL FROM:<…@gazette.example>" in text
    assert "> RCPT TO:<…@harbour.example>" in text
    assert "< 250 2.1.5 <…@harbour.example> ok" in text
    assert f"BDAT {size} LAST ({size} octets)" in text or "content (" in text
    assert "reader" not in text
    assert "High at nine" not in text


@pytest.mark.parametrize("words", ["reader1... User unknown", "<reader1>: no such user", "no reader1"])
def test_a_recipient_who_is_named_without_the_domain_is_not_logged_either(caplog, words):
    text = logged(caplog, logging.DEBUG, answer(Stage.RCPT, f"550 5.1.1 {words}"), "PIPELINING", "AUTH PLAIN")
    assert f"< 550 5.1.1 {words.replace('reader1', '…')}" in text
    assert "reader1" not in text


def test_a_server_that_echoes_the_password_puts_it_into_no_log(caplog):
    script = answer(Stage.AUTH, f"535 5.7.8 {PASSWORD} is wrong")
    text = logged(caplog, logging.DEBUG, script, fails=True)
    assert "< 535 5.7.8 ••• is wrong" in text
    assert "ended, 0 answered: fault at auth: 535 5.7.8 ••• is wrong" in text
    assert not [secret for secret in SECRETS if secret in text]


def test_who_asks_for_less_learns_of_connections_only(caplog):
    text = logged(caplog, logging.INFO)
    assert [record.getMessage().partition(" ")[2].partition(":")[0] for record in caplog.records] == [
        "up",
        "ended, 2 answered",
    ]
    assert ">" not in text


def test_nothing_is_logged_that_nobody_asked_for(caplog):
    assert logged(caplog, logging.WARNING) == ""
