"""A visit to real mail servers: aiosmtpd with every fault of TLS and login, Postfix, and a scripted one."""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from postfix import postfix_server

from mailer.doctor.result import Grade, Result
from mailer.doctor.server import Conversation, visit
from mailer.doctor.server_verdict import judge_server, speed
from mailer.domain.outcome import Stage
from mailer.errors import AccountFault
from mailer.sandbox.process import running_sandbox
from mailer.sandbox.scripted_server import Act, ScriptedServer
from mailer.smtp.account import Account, Security
from mailer.smtp.capabilities import Capabilities

USER, PASSWORD = "editor", "tides-and-times"
NOW = datetime.now(UTC)
pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")]


class Doorkeeper:
    """What a server saw of its visitors. A message is one too many."""

    def __init__(self) -> None:
        self.logins: list[str] = []
        self.said: list[str] = []

    async def handle_MAIL(self, *_: object) -> str:
        raise AssertionError("a visit sends nothing")

    async def handle_QUIT(self, *_: object) -> str:
        self.said.append("QUIT")
        return "221 2.0.0 Bye"

    def authenticate(
        self, server: SMTP, session: Any, envelope: Any, mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append(data.login.decode())
        return AuthResult(success=data.password == PASSWORD.encode(), handled=False)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    yield


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


def context(
    authority: trustme.CA, name: str = "127.0.0.1", expires: datetime | None = None
) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, not_after=expires).configure_cert(made)
    return made


@asynccontextmanager
async def aiosmtpd(keeper: Doorkeeper, implicit: ssl.SSLContext | None, **options: Any) -> AsyncIterator[int]:
    loop = asyncio.get_running_loop()

    def talk() -> SMTP:
        return SMTP(keeper, hostname="peer.test", authenticator=keeper.authenticate, loop=loop, **options)

    async with await loop.create_server(talk, "127.0.0.1", 0, ssl=implicit) as server:
        yield server.sockets[0].getsockname()[1]


def visited(
    security: Security,
    ca_file: str = "",
    login: tuple[str, str] = ("", ""),
    implicit: ssl.SSLContext | None = None,
    keeper: Doorkeeper | None = None,
    **options: Any,
) -> dict[str, Result]:
    """Visit an aiosmtpd with `options`; return what is said of it, by name."""

    async def main() -> tuple[Account, Conversation]:
        async with aiosmtpd(keeper or Doorkeeper(), implicit, **options) as port:
            account = Account("127.0.0.1", port, security, *login, ca_file=ca_file)
            return account, await visit(account)

    account, seen = asyncio.run(main())
    return {result.name: result for result in judge_server(account, seen, NOW)}


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_server_where_all_is_well(authority: trustme.CA, ca_file: str, security: Security) -> None:
    keeper, tls = Doorkeeper(), context(authority, expires=NOW + timedelta(days=90))
    # What aiosmtpd calls TLS is STARTTLS alone.
    options: dict[str, Any] = {"tls_context": tls}
    if security == "tls":
        options = {"implicit": tls, "auth_require_tls": False}
    found = visited(security, ca_file, (USER, PASSWORD), keeper=keeper, auth_required=True, **options)
    assert {each.verdict for each in found.values()} == {Grade.OK}
    assert set(found) == {
        "smtp.connection", "smtp.tls", "smtp.certificate", "smtp.login", "smtp.offers", "smtp.speed",
    }  # fmt: skip
    assert found["smtp.tls"].text.startswith("TLSv1.3")
    assert "127.0.0.1, until" in found["smtp.certificate"].text
    assert "AUTH LOGIN PLAIN" in found["smtp.offers"].text
    assert keeper.logins == [USER]
    assert keeper.said == ["QUIT"]


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize(
    ("certificate", "words"),
    [
        (lambda ours: context(ours, expires=NOW - timedelta(days=3)), "expired"),
        (lambda ours: context(ours, "mail.quay.test"), "mail.quay.test"),
        (lambda ours: context(trustme.CA()), "certificate doesn't verify"),
    ],
    ids=["expired", "another name", "another authority"],
)
def test_a_certificate_that_does_not_verify_is_shown_and_gets_no_password(
    authority: trustme.CA,
    ca_file: str,
    security: Security,
    certificate: Callable[[trustme.CA], ssl.SSLContext],
    words: str,
) -> None:
    keeper, tls = Doorkeeper(), certificate(authority)
    options: dict[str, Any] = {"implicit": tls} if security == "tls" else {"tls_context": tls}
    found = visited(security, ca_file, (USER, PASSWORD), keeper=keeper, **options)
    result = found["smtp.certificate"]
    assert result.verdict is Grade.ERROR
    assert words in result.text
    assert "It is for" in result.text and "until" in result.text
    assert "SMTP_CA_FILE" in result.next_step
    assert keeper.logins == []


def test_a_certificate_that_runs_out_soon_is_warned_of(authority: trustme.CA, ca_file: str) -> None:
    found = visited("tls", ca_file, implicit=context(authority, expires=NOW + timedelta(days=5, hours=1)))
    assert found["smtp.certificate"].verdict is Grade.WARNING
    assert "in 5 days" in found["smtp.certificate"].text


def test_a_wrong_password(authority: trustme.CA, ca_file: str) -> None:
    wrong = "ebb-and-flow-1911"
    found = visited("starttls", ca_file, (USER, wrong), tls_context=context(authority), auth_required=True)
    assert found["smtp.login"].verdict is Grade.ERROR
    assert "535" in found["smtp.login"].text
    assert "SMTP_PASSWORD" in found["smtp.login"].next_step
    assert found["smtp.certificate"].verdict is Grade.OK
    assert wrong not in repr(found)


def test_no_starttls_where_it_must_be() -> None:
    found = visited("starttls", "", (USER, PASSWORD))
    assert found["smtp.tls"].verdict is Grade.ERROR
    assert "doesn't offer STARTTLS" in found["smtp.tls"].text


def test_tls_to_a_port_that_speaks_plain(ca_file: str) -> None:
    found = visited("tls", ca_file)
    assert found["smtp.tls"].verdict is Grade.ERROR
    assert "SMTP_SECURITY" in found["smtp.tls"].next_step


def test_nobody_listens() -> None:
    account = Account("127.0.0.1", 1, "none")
    seen = asyncio.run(visit(account))
    [result] = judge_server(account, seen, NOW)
    assert (result.verdict, result.name) == (Grade.ERROR, "smtp.connection")
    assert "mailer sandbox" in result.next_step


@pytest.mark.parametrize("host", ["x" * 70, "a..b", "\u2603" * 70])
def test_a_host_that_can_have_no_such_name(host: str) -> None:
    account = Account(host, 25, "none")
    [result] = judge_server(account, asyncio.run(visit(account)), NOW)
    assert result.verdict is Grade.ERROR
    assert "no name that a host can have" in result.text


def test_a_ca_file_that_is_not_there() -> None:
    with pytest.raises(AccountFault, match="nowhere"):
        asyncio.run(visit(Account("127.0.0.1", 1, "tls", ca_file="/nowhere.pem")))


@pytest.mark.parametrize("stage", [Stage.CONNECT, Stage.EHLO])
def test_a_server_that_falls_silent_is_left_after_five_seconds(stage: Stage) -> None:
    server = ScriptedServer(lambda at, count: Act.STALL if at is stage else None)

    async def main() -> tuple[Account, Conversation]:
        async with server:
            account = Account("127.0.0.1", server.port, "none")
            return account, await visit(account)

    account, seen = asyncio.run(main())
    problem = judge_server(account, seen, NOW)[-1]
    assert problem.verdict is Grade.ERROR
    assert "within 5 s" in problem.text


def test_the_sandbox_is_known_by_its_greeting(tmp_path: Path) -> None:
    with running_sandbox(tmp_path) as sandbox:
        account = Account("127.0.0.1", sandbox.smtp_port, "none")
        found = {each.name: each for each in judge_server(account, asyncio.run(visit(account)), NOW)}
        assert list(sandbox.inbox) == []
    assert found["smtp.reach"].text == "nothing can leave this machine: sandbox"
    assert found["smtp.offers"].verdict is Grade.OK


def test_postfix(tmp_path: Path) -> None:
    with postfix_server({"message_size_limit": "200000"}, {USER: PASSWORD}) as postfix:
        account = Account(postfix.host, postfix.port, "none", USER, PASSWORD)
        found = {each.name: each for each in judge_server(account, asyncio.run(visit(account)), NOW)}
        wrong = Account(postfix.host, postfix.port, "none", USER, "ebb")
        refused = {each.name: each for each in judge_server(wrong, asyncio.run(visit(wrong)), NOW)}
        deadline = time.monotonic() + 120
        while postfix.log.read_text().count("disconnect from") < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        log = postfix.log.read_text()
    assert "ESMTP Postfix" in found["smtp.connection"].text
    assert "PIPELINING, CHUNKING, SMTPUTF8, SIZE 200000, AUTH" in found["smtp.offers"].text
    assert "the distance hardly matters" in found["smtp.speed"].text
    assert found["smtp.size"].verdict is Grade.WARNING
    assert found["smtp.login"].verdict is Grade.OK
    assert refused["smtp.login"].verdict is Grade.ERROR
    assert "ehlo=1 auth=1 quit=1 commands=3" in log
    assert "mail=" not in log


@pytest.mark.parametrize(
    ("offers", "round_trip", "words"),
    [
        (
            Capabilities(pipelining=True, chunking=True),
            0.05,
            "up to 16 messages under way on each of 4 connections",
        ),
        (
            Capabilities(pipelining=True),
            0.05,
            "2 round trips, on 4 connections at once; at 50 ms each that is about 40",
        ),
        (Capabilities(), 0.02, "4 round trips, on 4 connections at once; at 20 ms each that is about 50"),
        (Capabilities(), 0.0001, "4 round trips, on 4 connections at once"),
        (Capabilities(chunking=True), None, "4 round trips"),
    ],
)
def test_what_offers_mean_for_speed(offers: Capabilities, round_trip: float | None, words: str) -> None:
    said = speed(Account("127.0.0.1", 25, "none"), offers, round_trip)
    assert words in said
    assert "\n" not in said


def test_a_server_elsewhere_in_the_clear_is_warned_of() -> None:
    seen = Conversation("mx.quay.test ESMTP", Capabilities(auth=frozenset({"PLAIN"})))
    found = {each.name: each for each in judge_server(Account("mx.quay.test", 25, "none"), seen, NOW)}
    assert found["smtp.tls"].verdict is Grade.WARNING
    assert found["smtp.login"].verdict is Grade.WARNING
