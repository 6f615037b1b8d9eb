"""Logins over real TLS: bound to its certificate, and by a certificate of ours."""

from __future__ import annotations

import asyncio
import base64
import ssl
from pathlib import Path

import pytest
import trustme
from dialogue import letter
from scramp import ScramMechanism

from mailer.domain.outcome import Accepted
from mailer.errors import AccountFault
from mailer.sasl.scram import BINDING, end_point
from mailer.smtp.account import Account
from mailer.smtp.pool import deliver
from mailer.smtp.reconnecting import Reconnecting
from mailer.smtp.recording import Recording

pytestmark = [pytest.mark.peers, pytest.mark.usefixtures("each_loop")]
USER, PASSWORD = "editor", "tides-and-times"


class Peer:
    """A server that offers SCRAM-SHA-256-PLUS, or EXTERNAL; `names` are those of certificates it is shown."""

    def __init__(self, certificate: bytes, *, external: bool = False) -> None:
        self.mechanism = ScramMechanism("SCRAM-SHA-256-PLUS")
        info = self.mechanism.make_auth_info(PASSWORD)
        binding = (BINDING, end_point(certificate))
        self.make = lambda: self.mechanism.make_server(lambda name: info, channel_binding=binding)
        self.external = external
        self.names: list[object] = []
        self.said: list[str] = []

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.names.append((writer.get_extra_info("ssl_object").getpeercert() or {}).get("subjectAltName"))
        offered = "EXTERNAL" if self.external else "SCRAM-SHA-256-PLUS SCRAM-SHA-256"
        writer.write(b"220 harbour.test ESMTP\r\n")
        scram = self.make()
        while line := (await reader.readline()).decode().strip():
            self.said.append(line)
            try:
                reply = await self.answer(line, offered, scram, reader, writer)
            except Exception:
                reply = "535 5.7.8 no"
            writer.write(f"{reply}\r\n".encode())
            if line == "QUIT":
                break
        writer.close()

    async def answer(self, line: str, offered: str, scram, reader, writer) -> str:
        if line.startswith("EHLO"):
            return f"250-harbour.test\r\n250 AUTH {offered}"
        if line.startswith("AUTH SCRAM"):
            scram.set_client_first(base64.b64decode(line.split()[2]).decode())
            writer.write(f"334 {b64(scram.get_server_first())}\r\n".encode())
            scram.set_client_final(base64.b64decode(await reader.readline()).decode())
            writer.write(f"334 {b64(scram.get_server_final())}\r\n".encode())
            assert not (await reader.readline()).strip()
            return "235 2.7.0 in"
        if line.startswith("AUTH EXTERNAL"):
            return "235 2.7.0 in" if self.names[-1] else "535 5.7.8 who?"
        if line == "DATA":
            writer.write(b"354 go\r\n")
            while await reader.readline() != b".\r\n":
                pass
        return "221 bye" if line == "QUIT" else "250 ok"


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def meet(
    authority: trustme.CA,
    tmp_path: Path,
    other: trustme.CA | None = None,
    *,
    shown: bool = False,
    **account: str,
) -> Peer:
    """Send a message to a peer; `other` signs the certificate that it binds logins to, if not its own."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    mine = authority.issue_cert("localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    mine.configure_cert(context)
    context.load_verify_locations(str(tmp_path / "ca.pem"))
    context.verify_mode = ssl.CERT_OPTIONAL
    bound = (other.issue_cert("localhost") if other else mine).cert_chain_pems[0].bytes().decode()
    peer = Peer(ssl.PEM_cert_to_DER_cert(bound), external=shown)
    if shown:
        authority.issue_cert("editor@gazette.example").private_key_and_cert_chain_pem.write_to_path(
            str(tmp_path / "us.pem")
        )
        account["client_cert"] = str(tmp_path / "us.pem")
    work = Recording([letter(1)])

    async def main() -> None:
        async with await asyncio.start_server(peer.talk, "127.0.0.1", 0, ssl=context) as server:
            port = server.sockets[0].getsockname()[1]
            whom = Account("localhost", port, "tls", ca_file=str(tmp_path / "ca.pem"), **account)
            await deliver(work, whom, reconnecting=Reconnecting(tries=2, first=0.01))

    asyncio.run(main())
    assert {type(found) for found in work.outcomes.values()} == {Accepted}
    return peer


def test_a_login_is_bound_to_the_connection(authority: trustme.CA, tmp_path: Path) -> None:
    peer = meet(authority, tmp_path, username=USER, password=PASSWORD)
    assert any(line.startswith("AUTH SCRAM-SHA-256-PLUS") for line in peer.said)


def test_somebody_in_between_can_not_pass_it_on(authority: trustme.CA, tmp_path: Path) -> None:
    with pytest.raises(AccountFault, match="535"):
        meet(authority, tmp_path, trustme.CA(), username=USER, password=PASSWORD)


def test_a_certificate_of_ours_logs_in(authority: trustme.CA, tmp_path: Path) -> None:
    peer = meet(authority, tmp_path, shown=True)
    assert peer.names == [(("email", "editor@gazette.example"),)]
    assert "AUTH EXTERNAL =" in peer.said


@pytest.mark.parametrize("content", ["", "no certificate", None])
def test_a_certificate_that_can_not_be_read_is_a_setting_to_change(
    authority: trustme.CA, tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "broken.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(AccountFault, match=r"broken\.pem") as broken:
        meet(authority, tmp_path, client_cert=str(path))
    assert "SMTP_CLIENT_CERT" in str(broken.value.next_step)
