"""Delivery to aiosmtpd: in the clear, STARTTLS, TLS, logging in, and what must not be trusted."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from dialogue import letter

from mailer.domain.outcome import Accepted, Stage, Untried
from mailer.errors import AccountFault, ServerUnavailable
from mailer.sandbox.scripted_server import ScriptedServer
from mailer.smtp.account import Account, Security, Timeouts
from mailer.smtp.pool import deliver
from mailer.smtp.reconnecting import Reconnecting
from mailer.smtp.recording import Recording

USER, PASSWORD = "editor", "tides-and-times ½"
BRISK = Reconnecting(tries=2, first=0.01)
# What aiosmtpd thinks of a server without TLS that asks for a password, which is what some tests are about.
pytestmark = [
    pytest.mark.peers,
    pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS"),
    pytest.mark.usefixtures("each_loop"),
]


@dataclass
class Inbox:
    """What arrived, and how."""

    contents: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    mechanisms: list[str] = field(default_factory=list)
    private: list[bool] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        self.contents.append(envelope.content)
        self.recipients += envelope.rcpt_tos
        self.private.append(server.transport.get_extra_info("sslcontext") is not None)
        return "250 2.0.0 taken"

    def authenticate(
        self, server: SMTP, session: Any, envelope: Any, mechanism: str, data: Any
    ) -> AuthResult:
        self.mechanisms.append(mechanism)
        assert isinstance(data, LoginPassword)
        known = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=known, handled=False)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    yield


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


def context(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*(names or ("localhost", "127.0.0.1"))).configure_cert(made)
    return made


@asynccontextmanager
async def aiosmtpd(
    inbox: Inbox, implicit: ssl.SSLContext | None = None, **options: Any
) -> AsyncIterator[int]:
    loop = asyncio.get_running_loop()

    def talk() -> SMTP:
        return SMTP(inbox, hostname="peer.test", authenticator=inbox.authenticate, loop=loop, **options)

    async with await loop.create_server(talk, "127.0.0.1", 0, ssl=implicit) as server:
        yield server.sockets[0].getsockname()[1]


def send(
    inbox: Inbox,
    security: Security,
    ca_file: Path | None = None,
    *,
    host: str = "127.0.0.1",
    login: tuple[str, str] = ("", ""),
    implicit: ssl.SSLContext | None = None,
    messages: int = 5,
    **options: Any,
) -> Recording:
    """Deliver to an aiosmtpd with `options`."""
    work = Recording(letter(key) for key in range(1, messages + 1))

    async def main() -> None:
        async with aiosmtpd(inbox, implicit, **options) as port, asyncio.timeout(20):
            account = Account(host, port, security, *login, ca_file=str(ca_file or ""), connections=2)
            await deliver(work, account, timeouts=Timeouts(connect=5), reconnecting=BRISK)

    try:
        asyncio.run(main())
    finally:
        assert len(inbox.contents) == sum(isinstance(found, Accepted) for found in work.outcomes.values())
    return work


def test_in_the_clear() -> None:
    inbox = Inbox()
    work = send(inbox, "none")
    assert {type(found) for found in work.outcomes.values()} == {Accepted}
    assert sorted(inbox.recipients) == [f"reader{key}@harbour.example" for key in range(1, 6)]
    assert set(inbox.contents) == {letter(1).content}


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_starttls(authority: trustme.CA, ca_file: Path, host: str) -> None:
    inbox = Inbox()
    send(inbox, "starttls", ca_file, host=host, tls_context=context(authority), require_starttls=True)
    assert inbox.private == [True] * 5


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_implicit_tls(authority: trustme.CA, ca_file: Path, host: str) -> None:
    inbox = Inbox()
    send(inbox, "tls", ca_file, host=host, implicit=context(authority))
    assert inbox.private == [True] * 5


@pytest.mark.parametrize("security", ["starttls", "tls", "none"])
@pytest.mark.parametrize("mechanism, excluded", [("PLAIN", "LOGIN"), ("LOGIN", "PLAIN")])
def test_login(
    authority: trustme.CA, ca_file: Path, security: Security, mechanism: str, excluded: str
) -> None:
    inbox, tls = Inbox(), context(authority)
    send(
        inbox,
        security,
        ca_file,
        login=(USER, PASSWORD),
        implicit=tls if security == "tls" else None,
        tls_context=tls if security == "starttls" else None,
        auth_require_tls=security == "starttls",
        auth_required=True,
        auth_exclude_mechanism=[excluded],
    )
    assert len(inbox.contents) == 5
    assert set(inbox.mechanisms) == {mechanism}


def test_a_wrong_password_is_the_accounts_fault(authority: trustme.CA, ca_file: Path) -> None:
    inbox, wrong = Inbox(), "ebb-and-flow-1911"
    with pytest.raises(AccountFault, match="535") as raised:
        send(
            inbox,
            "starttls",
            ca_file,
            login=(USER, wrong),
            tls_context=context(authority),
            auth_required=True,
        )
    assert len(inbox.mechanisms) == 1
    assert raised.value.exit_code == 2 and "SMTP_PASSWORD" in str(raised.value.next_step)
    assert wrong not in repr(raised.value) + str(raised.value.next_step)


def test_login_needed_and_none_given() -> None:
    with pytest.raises(AccountFault, match="530") as raised:
        send(Inbox(), "none", auth_required=True, auth_require_tls=False)
    assert "SMTP_USERNAME" in str(raised.value.next_step)


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("wrong", ["issuer", "name"])
def test_a_certificate_that_doesnt_verify(
    authority: trustme.CA, ca_file: Path, security: Security, wrong: str
) -> None:
    inbox = Inbox()
    tls = context(trustme.CA()) if wrong == "issuer" else context(authority, "other.example")
    options: dict[str, Any] = {"implicit": tls} if security == "tls" else {"tls_context": tls}
    with pytest.raises(AccountFault, match="certificate doesn't verify") as raised:
        send(inbox, security, ca_file, login=(USER, PASSWORD), **options)
    assert inbox.mechanisms == [] and inbox.contents == []
    assert "SMTP_CA_FILE" in str(raised.value.next_step)


def test_the_system_trusts_no_test_authority(authority: trustme.CA) -> None:
    with pytest.raises(AccountFault, match="certificate doesn't verify"):
        send(Inbox(), "tls", None, implicit=context(authority))


def test_tls_to_a_port_that_speaks_plain(ca_file: Path) -> None:
    with pytest.raises(AccountFault, match="no TLS: the server speaks in the clear at first") as raised:
        send(Inbox(), "tls", ca_file)
    assert "Write SMTP_SECURITY=starttls" in str(raised.value.next_step)


@pytest.mark.parametrize("security", ["none", "starttls"])
def test_plain_to_a_port_that_waits_for_tls(authority: trustme.CA, security: Security) -> None:
    async def main() -> None:
        async with aiosmtpd(Inbox(), context(authority)) as port, asyncio.timeout(20):
            soon = Timeouts(doubt=0.1)
            await deliver(Recording([letter(1)]), Account("127.0.0.1", port, security), timeouts=soon)

    with pytest.raises(AccountFault, match="no greeting: the server waits for TLS") as raised:
        asyncio.run(main())
    assert "Write SMTP_SECURITY=tls" in str(raised.value.next_step)


def test_what_waits_for_tls_and_has_room_for_one_only_is_told_once_there_is_room() -> None:
    room = asyncio.Semaphore()
    hellos: list[bytes] = []

    async def one_by_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with room:
            with suppress(OSError):
                if hello := await reader.read(5):
                    hellos.append(hello)
                    writer.write(b"\x15\x03\x03\x00\x02\x02\x28")
            writer.close()

    async def main() -> None:
        async with await asyncio.start_server(one_by_one, "127.0.0.1", 0) as server, asyncio.timeout(60):
            account = Account("127.0.0.1", server.sockets[0].getsockname()[1], "starttls")
            soon = Timeouts(doubt=1, greeting=1.5)
            await deliver(Recording([letter(1)]), account, timeouts=soon)

    with pytest.raises(AccountFault, match="no greeting: the server waits for TLS"):
        asyncio.run(main())
    assert [hello[:2] for hello in hellos] == [b"\x16\x03"]


def test_a_port_where_nothing_ever_answers_is_tried_once() -> None:
    asked: list[int] = []

    async def dumb(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(1)
        with suppress(OSError):
            await reader.read()
        writer.close()

    async def main() -> None:
        async with await asyncio.start_server(dumb, "127.0.0.1", 0) as server, asyncio.timeout(60):
            account = Account("127.0.0.1", server.sockets[0].getsockname()[1], "starttls")
            await deliver(Recording([letter(1)]), account, timeouts=Timeouts(doubt=0.1, greeting=0.4))

    with pytest.raises(ServerUnavailable, match=r"no reply to GREETING within 0\.4 s") as raised:
        asyncio.run(main())
    assert "SMTP_SECURITY" in str(raised.value.next_step)
    assert len(asked) == 2, "one to be greeted, one to be told what is there"


def test_a_server_that_takes_its_time_to_greet_is_waited_for() -> None:
    talks: list[asyncio.Task[Any] | None] = []

    async def late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.append(asyncio.current_task())
        await asyncio.sleep(0.5)
        writer.write(b"554 late, and not for you\r\n")
        writer.close()

    async def main() -> None:
        async with await asyncio.start_server(late, "127.0.0.1", 0) as server, asyncio.timeout(20):
            port = server.sockets[0].getsockname()[1]
            account = Account("127.0.0.1", port, "none")
            try:
                await deliver(Recording([letter(1)]), account, timeouts=Timeouts(doubt=0.1))
            finally:
                await asyncio.wait([talk for talk in talks if talk])

    with pytest.raises(AccountFault, match="554 late, and not for you"):
        asyncio.run(main())


@pytest.mark.parametrize("page", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"<!DOCTYPE HTML>\n<html>"])
def test_a_web_server_is_no_mail_server(page: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(page)
        writer.close()

    async def main() -> None:
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server, asyncio.timeout(20):
            port = server.sockets[0].getsockname()[1]
            account = Account("127.0.0.1", port, "none")
            await deliver(Recording([letter(1)]), account, timeouts=Timeouts(doubt=0.1))

    with pytest.raises(AccountFault, match="no mail server") as raised:
        asyncio.run(main())
    assert page[:8].decode() in raised.value.problem
    assert "SMTP_PORT" in str(raised.value.next_step)


@pytest.mark.parametrize("problem", ["missing", "empty"])
def test_a_ca_file_that_cant_be_used(tmp_path: Path, problem: str) -> None:
    path = tmp_path / "ca.pem"
    if problem == "empty":
        path.write_text("")
    with pytest.raises(AccountFault, match=r"ca\.pem") as raised:
        send(Inbox(), "tls", path)
    assert "SMTP_CA_FILE" in str(raised.value.next_step)


def test_starttls_isnt_offered() -> None:
    inbox = Inbox()
    with pytest.raises(AccountFault, match="doesn't offer STARTTLS"):
        send(inbox, "starttls", login=(USER, PASSWORD), auth_require_tls=False)
    assert inbox.mechanisms == []


IN_THE_CLEAR = {
    "refused": (("STARTTLS", "AUTH PLAIN LOGIN"), None, "454"),
    "stripped": (("AUTH PLAIN LOGIN",), None, "doesn't offer STARTTLS"),
    "injected": (
        ("STARTTLS", "AUTH PLAIN"),
        "220 go\r\n250-x\r\n250 AUTH PLAIN",
        "in the clear after the 220",
    ),
    "broken handshake": (("STARTTLS",), "220 go", "127.0.0.1"),
}


@pytest.mark.parametrize("extensions, answer, problem", IN_THE_CLEAR.values(), ids=IN_THE_CLEAR)
def test_no_password_leaves_in_the_clear(
    extensions: tuple[str, ...], answer: str | None, problem: str
) -> None:
    server = ScriptedServer(lambda stage, count: answer if stage is Stage.STARTTLS else None, extensions)
    work = Recording([letter(1)])

    async def main() -> None:
        async with server, asyncio.timeout(20):
            account = Account("127.0.0.1", server.port, "starttls", USER, PASSWORD)
            await deliver(work, account, timeouts=Timeouts(connect=0.5), reconnecting=BRISK)

    with pytest.raises((AccountFault, ServerUnavailable), match=problem):
        asyncio.run(main())
    said = "\n".join(server.commands)
    assert "AUTH" not in said and "MAIL" not in said
    assert type(work.outcomes[1]) is Untried
