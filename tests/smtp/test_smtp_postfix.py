"""Delivery to Debian's Postfix: what it makes of our pipelining, our content and our addresses."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path

import pytest
import trustme
from dialogue import letter
from postfix import PostfixServer, postfix_server

from mailer.domain.outcome import Accepted, Rejected
from mailer.smtp.account import Account
from mailer.smtp.envelope import Envelope
from mailer.smtp.pool import deliver
from mailer.smtp.recording import Recording

pytestmark = pytest.mark.peers

SMUGGLED = (
    b"%bMAIL FROM:<thief@night.example>\r\nRCPT TO:<victim@harbour.example>\r\nDATA\r\nSubject: smuggled\r\n"
)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    issued = authority.issue_cert("localhost")
    issued.private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
    return folder


@pytest.fixture(scope="module")
def postfix(certificates: Path) -> Iterator[PostfixServer]:
    chain = str(certificates / "server.pem")
    settings = {
        "smtpd_tls_security_level": "may",
        "smtpd_tls_chain_files": chain,
        # One recipient is refused, at RCPT, so that a refusal in a group meets a real server.
        "smtpd_recipient_restrictions": "check_recipient_access inline:{gone@harbour.example=reject}, permit",
    }
    with postfix_server(settings) as server:
        yield server


def send(postfix: PostfixServer, envelopes: list[Envelope], account: Account | None = None) -> Recording:
    work = Recording(envelopes)
    asyncio.run(deliver(work, account or Account(postfix.host, postfix.port, "none", connections=2)))
    return work


def fresh(postfix: PostfixServer, marker: str, count: int) -> list[bytes]:
    """The messages with `marker` in them, once there are `count` and everything sent before has arrived."""
    everything = postfix.messages()
    while sum(marker.encode() in message for message in everything) < count:
        before = len(everything)
        everything = postfix.messages(before + 1)
        assert len(everything) > before, postfix.log.read_text()
    return [message for message in everything if marker.encode() in message]


@pytest.mark.parametrize("security", ["none", "starttls"])
def test_a_hundred_messages_arrive_once_each(
    postfix: PostfixServer, certificates: Path, security: str
) -> None:
    content = b"Subject: tide\r\nX-Run: %b %d\r\n\r\nHigh at nine.\r\n.\r\n..\r\n.dots at the start\r\n"
    envelopes = [letter(key, content % (security.encode(), key)) for key in range(1, 101)]
    account = Account(
        "localhost", postfix.port, "starttls" if security == "starttls" else "none",
        ca_file=str(certificates / "ca.pem"), connections=3,
    )  # fmt: skip
    work = send(postfix, envelopes, account)
    assert {type(found) for found in work.outcomes.values()} == {Accepted}
    arrived = [message_from_bytes(octets) for octets in fresh(postfix, f"X-Run: {security} ", 100)]
    assert sorted(message["X-Run"] for message in arrived) == sorted(
        f"{security} {key}" for key in range(1, 101)
    )
    for message in arrived:
        assert message["Delivered-To"] == f"reader{message['X-Run'].split()[1]}@harbour.example"
        assert message["Return-Path"] == "<news@gazette.example>"
        assert message.get_payload() == "High at nine.\n.\n..\n.dots at the start\n"


@pytest.mark.parametrize(
    "end",
    [b"\n.\r\n", b"\r.\r", b"\r\n.\n", b"\r\n.\r", b"\n.\n", b"\r.\r\n", b"\r\n.\r\n", b"\r\r\n.\r\r\n"],
)
def test_a_smuggled_message_stays_inside_the_one_that_carries_it(postfix: PostfixServer, end: bytes) -> None:
    marker = f"X-End: {end.hex()} "
    body = b"Subject: tide\r\n" + marker.encode() + b"\r\n\r\nbefore" + SMUGGLED % end + end + b"after\r\n"
    work = send(postfix, [letter(1, body), letter(2, b"Subject: next\r\n%b\r\n\r\nb\r\n" % marker.encode())])
    assert {type(found) for found in work.outcomes.values()} == {Accepted}
    first, second = sorted(fresh(postfix, marker, 2), key=len, reverse=True)
    assert b"before" in first and b"smuggled" in first and b"\nafter\n" in first
    assert b"Subject: next" in second
    assert not any(b"Delivered-To: victim" in message for message in postfix.messages())


def test_a_refused_recipient_between_others(postfix: PostfixServer) -> None:
    envelopes = [letter(key, b"Subject: x\r\nX-Refused: %d\r\n\r\nx\r\n" % key) for key in range(1, 10)]
    envelopes[4] = Envelope(5, "news@gazette.example", "gone@harbour.example", envelopes[4].content)
    work = send(postfix, envelopes)
    assert type(work.outcomes[5]) is Rejected
    assert sum(isinstance(found, Accepted) for found in work.outcomes.values()) == 8
    assert len(fresh(postfix, "X-Refused: ", 8)) == 8


def test_a_local_part_in_utf8(postfix: PostfixServer) -> None:
    content = b"Subject: x\r\nX-Utf8: yes\r\n\r\nx\r\n"
    work = send(postfix, [Envelope(1, "news@gazette.example", "käpten@harbour.example", content)])
    assert type(work.outcomes[1]) is Accepted
    [arrived] = fresh(postfix, "X-Utf8: yes", 1)
    assert "Delivered-To: käpten@harbour.example".encode() in arrived
