"""Debian's Dovecot as the one whom a Postfix asks who somebody is: every mechanism, tokens by introspection.

`dovecot_auth()` is a context manager; it needs root, because Dovecot's processes change users, and skips the
test with the reason where it can't run. Nothing of the system's Dovecot is read or touched.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

PROGRAM = shutil.which("dovecot") or "/usr/sbin/dovecot"
MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256", "OAUTHBEARER", "XOAUTH2")

SETTINGS = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
auth_verbose = yes
instance_name = {name}
protocols =
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_failure_delay = 0
auth_mechanisms = {mechanisms}
default_login_user = nobody
passdb {{
  driver = oauth2
  mechanisms = oauthbearer xoauth2
  args = {folder}/oauth2
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {folder}/users
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={folder}
}}
service auth {{
  unix_listener {folder}/auth {{
    mode = 0666
  }}
}}
# Who is wrong often is kept waiting.
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
"""
OAUTH2 = """\
introspection_mode = post
introspection_url = {introspection}
username_attribute = username
active_attribute = active
active_value = true
force_introspection = yes
"""


@contextmanager
def dovecot_auth(
    users: Mapping[str, str], introspection: str = "", mechanisms: tuple[str, ...] = MECHANISMS
) -> Iterator[dict[str, str]]:
    """Run one for the block, and yield the settings of a Postfix that asks it.

    `users` have these passwords; `introspection` is the address at which tokens are known.
    """
    if os.geteuid() != 0:
        pytest.skip("Dovecot's processes change users, which takes root")
    if not Path(PROGRAM).exists():
        pytest.skip("Dovecot is not installed (Debian: apt-get install dovecot-core)")
    folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
    folder.chmod(0o755)
    (folder / "users").write_text("".join(f"{name}:{password}\n" for name, password in users.items()))
    (folder / "oauth2").write_text(OAUTH2.format(introspection=introspection))
    settings = SETTINGS.format(folder=folder, name=folder.name, mechanisms=" ".join(mechanisms).lower())
    (folder / "conf").write_text(settings)
    server = subprocess.Popen(
        [PROGRAM, "-F", "-c", str(folder / "conf")], stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT
    )
    try:
        _wait_for(folder / "auth", server, folder / "log")
        yield {
            "smtpd_sasl_auth_enable": "yes",
            "smtpd_sasl_type": "dovecot",
            "smtpd_sasl_path": f"{folder}/auth",
            "smtpd_relay_restrictions": "permit_sasl_authenticated, reject",
            "smtpd_recipient_restrictions": "permit_sasl_authenticated, reject",
        }
    finally:
        server.terminate()
        server.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(socket: Path, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 30
    while not socket.exists():
        if server.poll() is not None or time.monotonic() > end:
            words = log.read_text() if log.exists() else "nothing in its log"
            raise AssertionError(f"Dovecot doesn't start: {words}")
        time.sleep(0.02)
