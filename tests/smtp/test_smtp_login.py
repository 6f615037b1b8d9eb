"""Logging in, told to the session without a socket: every split, refusals, tokens that run out."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace

import pytest
from dialogue import Dialogue
from scramp import ScramMechanism

from mailer.errors import AccountFault, ServerUnavailable
from mailer.sasl.credentials import AccessToken
from mailer.smtp.account import Account
from mailer.smtp.ending import Cause
from mailer.smtp.opening import LONGEST, Phase

USER, PASSWORD = "editor@gazette.example", "tides-and-times"
LOGIN = Account("localhost", 2525, "none", USER, PASSWORD)


class Tokens:
    """A source of one token."""

    def __init__(self, text: str = "ya29.tide") -> None:
        self.last = text

    async def token(self) -> AccessToken:
        return AccessToken(self.last)

    def refused(self, text: str) -> None:
        raise AssertionError(text)


BEARER = replace(LOGIN, password="", tokens=Tokens())


def b64(text: str | bytes) -> bytes:
    return base64.b64encode(text.encode() if isinstance(text, str) else text)


class ScramSide:
    """The server's side of SCRAM-SHA-256, as RFC 4954 carries it."""

    def __init__(self, *, proves: bool = True) -> None:
        mechanism = ScramMechanism("SCRAM-SHA-256")
        info = mechanism.make_auth_info(PASSWORD)
        self.server = mechanism.make_server(lambda name: info)
        self.proves = proves
        self.step = 0

    def __call__(self, line: bytes) -> bytes:
        self.step += 1
        said = base64.b64decode(line.split()[-1]).decode() if line.strip() else ""
        if self.step == 1:
            self.server.set_client_first(said)
            return b"334 " + b64(self.server.get_server_first()) + b"\r\n"
        if self.step == 2 and self.proves:
            self.server.set_client_final(said)
            return b"334 " + b64(self.server.get_server_final()) + b"\r\n"
        assert said == "" or not self.proves
        return b"235 2.7.0 in\r\n"


def scripted(*replies: bytes) -> Callable[[], Callable[[bytes], bytes]]:
    """A side that says these, whatever it hears."""

    def side() -> Callable[[bytes], bytes]:
        left = list(replies)
        return lambda line: left.pop(0)

    return side


WHY = b'{"status":"401","schemes":"bearer","scope":"mail"}'
SIDES: dict[str, tuple[Account, bytes, Callable[[], Callable[[bytes], bytes]], bytes]] = {
    "plain": (LOGIN, b"PLAIN LOGIN", scripted(b"235 in\r\n"), b"AUTH PLAIN "),
    "login": (LOGIN, b"LOGIN", scripted(b"334 VQ==\r\n", b"334 UA==\r\n", b"235 in\r\n"), b"AUTH LOGIN\r\n"),
    "cram-md5": (LOGIN, b"CRAM-MD5", scripted(b"334 PDFAYT4=\r\n", b"235 in\r\n"), b"AUTH CRAM-MD5\r\n"),
    "scram": (LOGIN, b"PLAIN SCRAM-SHA-256", ScramSide, b"AUTH SCRAM-SHA-256 "),
    "oauthbearer": (BEARER, b"PLAIN XOAUTH2 OAUTHBEARER", scripted(b"235 in\r\n"), b"AUTH OAUTHBEARER "),
    "xoauth2": (BEARER, b"LOGIN XOAUTH2", scripted(b"235 in\r\n"), b"AUTH XOAUTH2 "),
    "another that is there in name only": (
        LOGIN, b"PLAIN LOGIN", scripted(b"504 no\r\n", b"334 VQ==\r\n", b"334 UA==\r\n", b"235 in\r\n"),
        b"AUTH PLAIN ",
    ),
}  # fmt: skip


def log_in(
    account: Account,
    offers: bytes,
    side: Callable[[bytes], bytes],
    size: int = 0,
    token: AccessToken | None = None,
) -> Dialogue:
    """Drive the session through its login, the server's words in pieces of `size`."""
    talk = Dialogue(account, 0, size)
    if token:
        talk.session.opening.authorise(token)
    talk.hear(b"220 hello\r\n").hear(b"250-harbour.test\r\n250 AUTH " + offers + b"\r\n")
    said = len(talk.written) - 1
    while talk.session.phase is Phase.SETUP and len(talk.written) > said:
        said = len(talk.written)
        talk.hear(side(talk.written[-1]))
    return talk


@pytest.mark.parametrize("name", SIDES)
def test_each_mechanism_logs_in_at_every_split(name: str) -> None:
    account, offers, side, begins = SIDES[name]
    for size in (0, *range(1, 120, 1 if name != "scram" else 7)):
        talk = log_in(account, offers, side(), size)
        assert talk.session.phase is Phase.READY, (size, talk.session.ending)
        assert talk.written[1].startswith(begins)
        assert b"*" not in b"".join(talk.written[1:])


@pytest.mark.parametrize("offers, answer", [(b"OAUTHBEARER", b"AQ==\r\n"), (b"XOAUTH2", b"\r\n")])
def test_why_a_token_is_refused_stands_in_the_error(offers: bytes, answer: bytes) -> None:
    side = scripted(b"334 " + b64(WHY) + b"\r\n", b"535 5.7.8 no\r\n")()
    talk = log_in(BEARER, offers, side)
    assert talk.written[2] == answer
    ending = talk.session.ending
    assert ending and ending.cause is Cause.FAULT and ending.code == 535
    error = ending.error(BEARER)
    assert isinstance(error, AccountFault) and "status 401, schemes bearer, scope mail" in error.problem
    assert "mailer login status" in str(error.next_step)


def test_a_token_that_may_have_run_out_is_no_fault_yet() -> None:
    side = scripted(b"535 5.7.3 expired\r\n")()
    talk = log_in(BEARER, b"XOAUTH2", side, token=AccessToken("old", renewable=True))
    ending = talk.session.ending
    assert ending and ending.cause is Cause.EXPIRED
    assert isinstance(ending.error(BEARER), ServerUnavailable)


def test_what_is_too_long_for_a_command_waits_to_be_asked_for() -> None:
    long = replace(BEARER, tokens=Tokens("t" * 2_000))
    talk = log_in(long, b"XOAUTH2", scripted(b"334 \r\n", b"235 in\r\n")())
    assert talk.session.phase is Phase.READY
    assert talk.written[1] == b"AUTH XOAUTH2\r\n"
    assert b"t" * 2_000 in base64.b64decode(talk.written[2])
    assert all(len(line) <= LONGEST for line in log_in(BEARER, b"XOAUTH2", scripted(b"235 in\r\n")()).written)


def test_a_server_that_proves_nothing_gets_no_mail() -> None:
    talk = log_in(LOGIN, b"SCRAM-SHA-256", ScramSide(proves=False))
    ending = talk.session.ending
    assert ending and ending.cause is Cause.FAULT and "didn't prove" in ending.words


@pytest.mark.parametrize("account", [LOGIN, BEARER])
@pytest.mark.parametrize("offers", [b"PLAIN XOAUTH2", b"SCRAM-SHA-256 OAUTHBEARER CRAM-MD5"])
def test_nothing_is_shown_without_tls_but_to_this_machine(account: Account, offers: bytes) -> None:
    talk = log_in(replace(account, host="mail.harbour.example"), offers, scripted()())
    assert b"AUTH" not in talk.wrote and talk.session.ending
    assert talk.session.ending.cause is Cause.FAULT


@pytest.mark.parametrize(
    "account, offers", [(LOGIN, b"XOAUTH2"), (BEARER, b"PLAIN LOGIN SCRAM-SHA-256 CRAM-MD5")]
)
def test_neither_stands_in_for_the_other(account: Account, offers: bytes) -> None:
    talk = log_in(account, offers, scripted()())
    assert b"AUTH" not in talk.wrote and talk.session.ending
    assert "the server offers" in talk.session.ending.words


@pytest.mark.parametrize("name", ["", "editor"])
def test_a_certificate_logs_in_where_it_is_asked_for(name: str) -> None:
    shown = replace(LOGIN, username=name, password="", client_cert="us.pem")
    talk = log_in(shown, b"PLAIN EXTERNAL", scripted(b"235 in\r\n")())
    assert talk.written[1] == b"AUTH EXTERNAL " + (b64(name) or b"=") + b"\r\n"
    if not name:
        assert log_in(shown, b"PLAIN", scripted()()).session.phase is Phase.READY


@pytest.mark.parametrize("echo", [b"ya29.tide", b64("ya29.tide")])
def test_a_token_is_shown_nowhere(echo: bytes) -> None:
    talk = log_in(BEARER, b"XOAUTH2", scripted(b"535 5.7.8 bad: " + echo + b"\r\n")())
    sent = talk.written[1].split()[-1].decode()
    talk_2 = log_in(BEARER, b"XOAUTH2", scripted(b"535 5.7.8 bad: " + sent.encode() + b"\r\n")())
    for each in (talk, talk_2):
        assert each.session.ending
        error = each.session.ending.error(BEARER)
        for text in (error.problem, repr(error), repr(BEARER)):
            assert "ya29.tide" not in text and echo.decode() not in text and sent not in text


def test_where_passwords_are_switched_off_the_next_step_is_to_log_in() -> None:
    said = b"550 5.7.30 Basic authentication is not supported for Client Submission.\r\n"
    talk = log_in(LOGIN, b"LOGIN", scripted(b"334 VXNlcg==\r\n", b"334 UGFzcw==\r\n", said)())
    assert talk.session.ending
    error = talk.session.ending.error(LOGIN)
    assert isinstance(error, AccountFault) and "mailer login microsoft" in str(error.next_step)
