"""Debian's Dovecot as a private instance: own configuration and ports; IMAP and POP3 with TLS for one user.

`dovecot_server()` is a context manager; it needs root, because Dovecot's processes change users, and skips
the test with the reason where it can't run. Nothing of the system's Dovecot is read or touched.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
import trustme
from dovecot_auth import OAUTH2
from postgresql import free_port

PROGRAM = shutil.which("dovecot") or "/usr/sbin/dovecot"
USER, PASSWORD = "bounces", "harbour-canary"
OWNER = "nobody"
CONFIGURATION = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
listen = 127.0.0.1
protocols = imap pop3
default_login_user = {owner}
default_internal_user = {owner}
default_internal_group = {group}
first_valid_uid = 1
first_valid_gid = 1
ssl = yes
ssl_cert = <{folder}/chain.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = {plain}
mail_location = maildir:{folder}/mail/%u
mail_fsync = never
auth_mechanisms = {mechanisms}
auth_failure_delay = 0
namespace inbox {{
  inbox = yes
  prefix = {prefix}
  separator = {separator}
}}
{tokens}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={owner} gid={group} home={folder}/mail
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
  }}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""
BY_TOKEN = """\
passdb {{
  driver = oauth2
  mechanisms = oauthbearer xoauth2
  args = {folder}/oauth2
}}"""
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class DovecotServer:
    """A running Dovecot: its ports, the authority of its certificate for `localhost`, the user's Maildir."""

    folder: Path
    imap: int
    imaps: int
    pop3: int
    pop3s: int

    @property
    def ca_file(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def maildir(self) -> Path:
        return self.folder / "mail" / USER

    def settings(self, protocol: str, port: int, security: str = "tls") -> dict[str, str]:
        """Return mailer's settings for a mailbox here."""
        said = {
            "HOST": "localhost",
            "PORT": str(port),
            "SECURITY": security,
            "USERNAME": USER,
            "PASSWORD": PASSWORD,
            "CA_FILE": str(self.ca_file),
        }
        return {f"{protocol}_{name}": value for name, value in said.items()}

    def deliver(self, *messages: bytes) -> None:
        """Put messages into the mailbox, as a delivery agent does."""
        for name in ("tmp", "new", "cur"):
            (self.maildir / name).mkdir(parents=True, exist_ok=True)
        for message in messages:
            name = f"{next(_numbers)}.{os.getpid()}.harbour"
            temporary = self.maildir / "tmp" / name
            temporary.write_bytes(message)
            _give(self.maildir)
            temporary.rename(self.maildir / "new" / name)

    def messages(self, folder: str = "") -> dict[str, bytes]:
        """Return what a folder holds, with its flags behind the last comma of each name."""
        place = self.maildir / f".{folder}" if folder else self.maildir
        found = [*place.glob("new/*"), *place.glob("cur/*")]
        return {path.name: path.read_bytes() for path in found}


@contextmanager
def dovecot_server(
    prefix: str = "", separator: str = "/", plain: str = "no", introspection: str = ""
) -> Iterator[DovecotServer]:
    """Run a Dovecot for the block; folders are below `prefix`, and divided by `separator`.

    With `introspection`, the address at which tokens are known, it takes those, too.
    """
    if os.geteuid() != 0:
        pytest.skip("Dovecot's processes change users, which takes root")
    if not (Path(PROGRAM).exists() and Path("/usr/lib/dovecot/pop3").exists()):
        pytest.skip("Dovecot is not installed (Debian: apt-get install dovecot-imapd dovecot-pop3d)")
    folder = Path(tempfile.mkdtemp(prefix="dovecot-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield from _running(folder, prefix, separator, plain, introspection)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _running(
    folder: Path, prefix: str, separator: str, plain: str, introspection: str
) -> Iterator[DovecotServer]:
    authority = trustme.CA()
    made = authority.issue_cert("localhost")
    made.private_key_pem.write_to_path(folder / "key.pem")
    made.cert_chain_pems[0].write_to_path(folder / "chain.pem")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    ports = {name: free_port() for name in ("imap", "imaps", "pop3", "pop3s")}
    (folder / "mail").mkdir()
    group = "nogroup"
    filled = CONFIGURATION.format(
        folder=folder,
        owner=OWNER,
        group=group,
        password=PASSWORD,
        prefix=prefix,
        separator=separator,
        plain=plain,
        mechanisms="plain oauthbearer xoauth2" if introspection else "plain",
        tokens=BY_TOKEN.format(folder=folder) if introspection else "",
        **ports,
    )
    (folder / "dovecot.conf").write_text(filled)
    (folder / "oauth2").write_text(OAUTH2.format(introspection=introspection))
    _give(folder / "mail")
    with (folder / "output").open("wb") as output:
        command = ["setpriv", "--pdeathsig", "SIGTERM", PROGRAM, "-F", "-c", str(folder / "dovecot.conf")]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        _wait(folder, process, ports["imaps"])
        yield DovecotServer(folder, **ports)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _give(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        shutil.chown(path, OWNER, "nogroup")


def _wait(folder: Path, process: subprocess.Popen[bytes], port: int) -> None:
    while process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    said = (folder / "output").read_text() + (
        (folder / "log").read_text() if (folder / "log").exists() else ""
    )
    pytest.skip(f"Dovecot doesn't start here: {said.strip()[-500:]}")
