"""Install the Debian packages that some tests use as real peers; where that can't be done, say so and go on.

Those tests skip with the same reason. Needs root and apt-get.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

# program or file: (package, what it is for)
PEERS = {
    "initdb": ("postgresql", "a real server of databases"),
    "postfix": ("postfix", "a real mail server"),
    "/usr/lib/dovecot/pop3": ("dovecot-imapd dovecot-pop3d", "a real server of mailboxes"),
    "saslpasswd2": ("sasl2-bin libsasl2-modules", "passwords for that server"),
    "dovecot": ("dovecot-core", "another server's logins"),
    "opendkim": ("opendkim", "another reader of DKIM signatures"),
    "dnsmasq": ("dnsmasq-base", "a real name server"),
    "systemd-analyze": ("systemd", "the reader of units of services"),
    "cron": ("cron", "a clock that calls commands"),
    "nginx": ("nginx-light", "a real web server before ours"),
    "caddy": ("caddy", "the reader of its own configuration"),
    "chromium": ("chromium", "a real browser"),
    "/usr/share/fonts/truetype/charis": (
        "fonts-sil-charis fonts-liberation2 fonts-hosny-amiri fonts-dejavu-core",
        "the fonts of pictures that are compared",
    ),
    "spamassassin": ("spamassassin", "a judge of spam, by its local rules"),
}
NO_CLUSTER = Path("/etc/postgresql-common/createcluster.d/none.conf")
# module: the same
PERL = {"Email::MIME": ("libemail-mime-perl", "another reader of mail")}


def has_perl(module: str) -> bool:
    """Whether Perl finds a module."""
    command = ["perl", f"-M{module}", "-e1"]
    return (
        bool(shutil.which("perl"))
        and not subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode
    )


def is_here(peer: str, path: str) -> bool:
    """Whether the program, looked for in `path`, or the file is on this machine."""
    return Path(peer).exists() if peer.startswith("/") else shutil.which(peer, path=path) is not None


def main() -> None:
    """Install what is missing."""
    beside = map(str, Path("/usr/lib/postgresql").glob("*/bin"))
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", *beside])
    missing = {package: why for peer, (package, why) in PEERS.items() if not is_here(peer, path)}
    missing |= {package: why for module, (package, why) in PERL.items() if not has_perl(module)}
    if not missing:
        return
    wanted = ", ".join(f"{package} ({why})" for package, why in missing.items())
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        print(f"== not root, or not Debian: tests that need {wanted} will be skipped", flush=True)
        return
    print(f"== installing {wanted}", flush=True)
    packages = [name for names in missing for name in names.split()]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    # No server of mail or of databases of this machine's own: the tests run theirs, in folders of their own.
    if "postgresql" in packages:
        NO_CLUSTER.parent.mkdir(parents=True, exist_ok=True)
        NO_CLUSTER.write_text("create_main_cluster = false\n")
    selection = b"postfix postfix/main_mailer_type select No configuration\n"
    subprocess.run(["debconf-set-selections"], input=selection, check=False)
    for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *packages]):
        done = subprocess.run(["apt-get", *command], env=environment, stdout=subprocess.DEVNULL, check=False)
        if done.returncode:
            print(f"== that failed; tests that need {wanted} will be skipped", file=sys.stderr, flush=True)
            return


main()
