"""Debian's Postfix as a private instance: own configuration, queue and port, everything into one Maildir.

`postfix_server()` is a context manager; it needs root, because Postfix's own processes change users, and
skips the test with the reason where it can't run. Nothing of the system's Postfix is read or touched.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

PROGRAM = shutil.which("postfix") or "/usr/sbin/postfix"

MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup     unix  n - n 60   1 pickup
cleanup    unix  n - n -    0 cleanup
qmgr       unix  n - n 300  1 qmgr
tlsmgr     unix  - - n 1000? 1 tlsmgr
rewrite    unix  - - n -    - trivial-rewrite
bounce     unix  - - n -    0 bounce
defer      unix  - - n -    0 bounce
trace      unix  - - n -    0 bounce
verify     unix  - - n -    1 verify
flush      unix  n - n 1000? 0 flush
proxymap   unix  - - n -    - proxymap
proxywrite unix  - - n -    1 proxymap
showq      unix  n - n -    - showq
error      unix  - - n -    - error
retry      unix  - - n -    - error
discard    unix  - - n -    - discard
virtual    unix  - n n -    - virtual
anvil      unix  - - n -    1 anvil
scache     unix  - - n -    1 scache
postlog    unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True, slots=True)
class PostfixServer:
    """A running Postfix. `log` is its log file, `maildir` where every message ends."""

    host: str
    port: int
    maildir: Path
    log: Path

    def messages(self, at_least: int = 0, within: float = 120) -> list[bytes]:
        """Return the delivered messages with LF line ends, as Postfix stores them, in no certain order.

        Waits until there are `at_least` so many, or `within` seconds have passed.
        """
        deadline = time.monotonic() + within
        while len(found := self._delivered()) < at_least and time.monotonic() < deadline:
            time.sleep(0.05)
        return [path.read_bytes() for path in found]

    def _delivered(self) -> list[Path]:
        return sorted((self.maildir / "new").glob("*"))


@contextmanager
def postfix_server(
    settings: Mapping[str, str] | None = None, users: Mapping[str, str] | None = None
) -> Iterator[PostfixServer]:
    """Run a Postfix for the block; `settings` are added to its main.cf, `users` have these passwords."""
    if os.geteuid() != 0:
        pytest.skip("Postfix's processes change users, which takes root")
    if not Path(PROGRAM).exists():
        pytest.skip("Postfix is not installed (Debian: apt-get install postfix)")
    folder = Path(tempfile.mkdtemp(prefix="postfix-"))
    folder.chmod(0o755)
    try:
        server = _configure(folder, {**(_sasl(folder, users) if users else {}), **(settings or {})})
        _run(folder, "start")
        try:
            _wait_for_port(server)
            yield server
        finally:
            _run(folder, "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sasl(folder: Path, users: Mapping[str, str]) -> dict[str, str]:
    """Let these users log in; return the settings for it. Debian's Postfix looks below its own settings."""
    program = shutil.which("saslpasswd2") or "/usr/sbin/saslpasswd2"
    if not Path(program).exists():
        pytest.skip("saslpasswd2 is not installed (Debian: apt-get install sasl2-bin libsasl2-modules)")
    (folder / "etc/sasl").mkdir(parents=True)
    passwords = folder / "etc/sasl/passwords"
    for user, password in users.items():
        words = [program, "-p", "-c", "-f", str(passwords), "-u", "harbour.test", user]
        subprocess.run(words, input=password.encode(), check=True)
    shutil.chown(passwords, "postfix")
    (folder / "etc/sasl/smtpd.conf").write_text(
        f"pwcheck_method: auxprop\nauxprop_plugin: sasldb\nmech_list: PLAIN LOGIN\nsasldb_path: {passwords}\n"
    )
    return {
        "smtpd_sasl_auth_enable": "yes",
        "smtpd_sasl_local_domain": "harbour.test",
        "smtpd_relay_restrictions": "permit_sasl_authenticated, reject",
        "smtpd_recipient_restrictions": "permit_sasl_authenticated, reject",
    }


def _configure(folder: Path, settings: Mapping[str, str]) -> PostfixServer:
    owner = pwd.getpwnam("postfix")
    for name in ("queue", "data", "mail", "etc"):
        (folder / name).mkdir(exist_ok=True)
    for name in ("data", "mail"):
        os.chown(folder / name, owner.pw_uid, owner.pw_gid)
    port = _free_port()
    main = {
        "compatibility_level": "3.6",
        "queue_directory": f"{folder}/queue",
        "data_directory": f"{folder}/data",
        "maillog_file": f"{folder}/log",
        "maillog_file_prefixes": str(folder),
        "mail_owner": "postfix",
        "setgid_group": "postdrop",
        "command_directory": "/usr/sbin",
        "daemon_directory": "/usr/lib/postfix/sbin",
        "myhostname": "harbour.test",
        "mydestination": "",
        "inet_interfaces": "127.0.0.1",
        "inet_protocols": "ipv4",
        "mynetworks": "127.0.0.0/8",
        "alias_maps": "",
        "virtual_mailbox_domains": "static:all",
        "virtual_mailbox_base": f"{folder}/mail",
        "virtual_mailbox_maps": "static:box/",
        "virtual_minimum_uid": "1",
        "virtual_uid_maps": f"static:{owner.pw_uid}",
        "virtual_gid_maps": f"static:{owner.pw_gid}",
        "smtpd_client_connection_rate_limit": "0",
        "in_flow_delay": "0",
        **settings,
    }
    (folder / "etc/main.cf").write_text("".join(f"{key} = {value}\n" for key, value in main.items()))
    (folder / "etc/master.cf").write_text(MASTER.format(port=port))
    return PostfixServer("127.0.0.1", port, folder / "mail/box", folder / "log")


def _run(folder: Path, command: str) -> None:
    # Without a terminal's streams: the master process would keep a captured pipe open for ever.
    with (folder / "output").open("ab") as output:
        arguments = [PROGRAM, "-c", f"{folder}/etc", command]
        done = subprocess.run(  # noqa: PLW1510
            arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=output, timeout=60
        )
    if done.returncode and command == "start":
        log = folder / "log"
        said = (folder / "output").read_text() + (log.read_text() if log.exists() else "")
        pytest.skip(f"Postfix doesn't start here: {' / '.join(said.split(chr(10))[-4:])}")


def _wait_for_port(server: PostfixServer) -> None:
    for _ in range(2400):
        with socket.socket() as probe:
            if probe.connect_ex((server.host, server.port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail(f"Postfix started and doesn't answer on port {server.port}: {server.log.read_text()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
