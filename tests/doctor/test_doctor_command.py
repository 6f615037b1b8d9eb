"""mailer doctor, as typed: exit codes, what is said, what isn't, and how long it takes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from forked_mailer import run_mailer
from name_server import address, mx, name_server, silent_server, txt, zone

from mailer.message.dkim.key import Algorithm, SigningKey
from mailer.sandbox.process import running_sandbox
from mailer.workspace.scaffold import make_workspace

pytestmark = pytest.mark.peers

CANARY = "canary-in-the-mine"


def doctor(root: Path, *arguments: str, expect: int = 0, **settings: str) -> str:
    clean = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    done = run_mailer("-C", root, "doctor", *arguments, env=clean | settings, cwd=root)
    out, err = done.stdout.decode(), done.stderr.decode()
    assert done.returncode == expect, f"{done.returncode}\n{out}\n{err}"
    assert "Traceback" not in err
    return out


def results(root: Path, *arguments: str, expect: int = 0, **settings: str) -> dict[str, dict[str, Any]]:
    data = json.loads(doctor(root, *arguments, "--json", expect=expect, **settings))
    assert data["exit_code"] == expect
    return {each["name"]: each for each in data["results"]}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    make_workspace(tmp_path / "gazette")
    return tmp_path / "gazette"


def test_a_fresh_workspace_and_the_sandbox(root: Path, tmp_path: Path) -> None:
    with running_sandbox(tmp_path / "inbox") as sandbox:
        said = doctor(root, SMTP_PORT=str(sandbox.smtp_port))
        assert list(sandbox.inbox) == []
    flat = " ".join(said.split())
    assert "nothing can leave this machine: sandbox" in flat
    assert "gazette.example is reserved" in flat
    assert re.search(r"SMTP_PORT +\d+ +the environment", said)
    assert re.search(r"SECRET_KEY +••• +\.env:\d+", said)
    assert "0 errors" not in flat
    assert not (root / "subscribers/mailer.db").exists()


def test_without_the_sandbox_it_says_how_to_start_it(root: Path) -> None:
    found = results(root, expect=3, SMTP_PORT="1")
    assert "mailer sandbox" in found["smtp.connection"]["next_step"]


def test_offline_asks_nobody(root: Path) -> None:
    found = results(
        root, "--offline", SMTP_PORT="1", MAIL_FROM="editor@gazette.org", BASE_URL="http://127.0.0.1:1"
    )
    assert {name for name, each in found.items() if "--offline" in each["text"]} == {
        "smtp.connection", "domain.records", "links.answer",
    }  # fmt: skip


def test_broken_settings_are_named_and_the_rest_is_looked_at(root: Path) -> None:
    text = (root / ".env").read_text().replace("\nTZ=UTC\n", "\nTZ=Atlantis\n")
    (root / ".env").write_text(f"{text}SMTP_PORT=smtp\nSMTP_PASWORD={CANARY}\n")
    said = doctor(root, expect=2)
    flat = " ".join(said.split())
    assert "SMTP_PORT = 'smtp'" in flat and "TZ = 'Atlantis'" in flat
    assert "SMTP_PASWORD in" in flat and "here it is SMTP_PASSWORD" in flat
    assert re.search(r"SMTP_PORT +\(can't be used\)", said)
    assert "the settings for it can't be used" in flat
    assert "mailer.dbisnotthereyet" in "".join(said.split())  # a long path is broken anywhere
    assert CANARY not in said


@pytest.mark.parametrize(
    "settings",
    [
        {"MAIL_FROM": "harbour"},
        {"BASE_URL": "https://[::1"},
        {"DKIM_DOMAIN": "gazette.example", "DKIM_SELECTOR": "x", "DKIM_KEY_FILE": "."},
        {"DATABASE_URL": "mysql://me:pw@db.example/m"},
        {"SMTP_USERNAME": "a\u0301", "SMTP_PASSWORD": "\u2603"},
    ],
)
def test_it_survives_whatever_the_settings_say(root: Path, settings: dict[str, str]) -> None:
    said = doctor(root, expect=2 if "BASE_URL" in settings else 3, SMTP_PORT="1", **settings)
    assert "Templates" in said or "templates" in said


@pytest.mark.parametrize("content", [b"TZ=\xff\n", b"\x00\x01", b"=\n===\n'"])
def test_a_file_of_settings_that_is_none(root: Path, content: bytes) -> None:
    (root / ".env").write_bytes(content)
    found = results(root, "--offline", expect=2)
    assert found["disk.space"]["verdict"] == "ok"


def test_secrets_never_leave(root: Path) -> None:
    settings = {
        "SMTP_PORT": "1",
        "SMTP_USERNAME": CANARY,
        "SMTP_PASSWORD": CANARY,
        "SECRET_KEY": CANARY,
        "DATABASE_URL": f"postgresql://me:{CANARY}@db.example/m?password={CANARY}",
    }
    assert CANARY not in doctor(root, expect=3, **settings)
    assert CANARY not in doctor(root, "--json", expect=3, **settings)


KEY = SigningKey("news1", Algorithm.RSA, rsa.generate_private_key(65537, 2048))


def signed(root: Path, domain: str) -> dict[str, str]:
    pem = KEY.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (root / "news1.pem").write_bytes(pem)
    (root / "news1.pem").chmod(0o600)
    return {
        "MAIL_FROM": f"editor@{domain}",
        "DKIM_DOMAIN": domain,
        "DKIM_SELECTOR": "news1",
        "DKIM_KEY_FILE": "news1.pem",
    }


def test_a_domain_at_a_name_server(root: Path, tmp_path: Path) -> None:
    records = zone(
        txt("gazette.test", "v=spf1 mx -all"),
        txt("news1._domainkey.gazette.test", KEY.record),
        txt("_dmarc.gazette.test", "v=DMARC1; p=none; rua=mailto:dmarc@gazette.test"),
        mx("gazette.test", "mx.gazette.test"),
        address("mx.gazette.test"),
    )
    with name_server(records) as server, running_sandbox(tmp_path / "inbox") as sandbox:
        port = str(sandbox.smtp_port)
        good = results(root, "--dns", server, SMTP_PORT=port, **signed(root, "gazette.test"))
        bad = results(root, "--dns", server, expect=3, SMTP_PORT=port, **signed(root, "quay.test"))
    for name in ("spf.record", "dkim.key", "dkim.alignment", "dmarc.record", "mx.record"):
        assert good[name]["verdict"] == "ok"
    assert bad["dkim.key"]["record"] == {
        "name": "news1._domainkey.quay.test", "type": "TXT", "text": KEY.record,
    }  # fmt: skip
    assert bad["dmarc.record"]["record"]["text"] == "v=DMARC1; p=none; rua=mailto:editor@quay.test"


def test_the_domain_of_a_list_with_a_sender_of_its_own_is_looked_at_too(root: Path, tmp_path: Path) -> None:
    records = zone(
        txt("gazette.test", "v=spf1 mx -all"),
        txt("_dmarc.gazette.test", "v=DMARC1; p=none; rua=mailto:dmarc@gazette.test"),
        mx("gazette.test", "mx.gazette.test"),
        address("mx.gazette.test"),
        mx("pier.test", "mx.gazette.test"),
    )
    settings = {"MAIL_FROM": "editor@gazette.test"}
    clean = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ} | settings
    for name, sender in (
        ("weekly", "desk@gazette.test"),
        ("pilots", "los@pier.test"),
        ("old", "x@gone.test"),
    ):
        run_mailer("-C", root, "lists", "create", name, "--from", sender, env=clean, cwd=root)
    run_mailer("-C", root, "lists", "delete", "old", "--yes", "old", env=clean, cwd=root)
    with name_server(records) as server, running_sandbox(tmp_path / "inbox") as sandbox:
        port = str(sandbox.smtp_port)
        asked = ("--dns", server, "--json")
        data = json.loads(doctor(root, *asked, expect=3, SMTP_PORT=port, **settings))
    found = [(each["name"], each["verdict"], each["text"]) for each in data["results"]]
    assert ("mx.record", "ok", "mail to pier.test (list pilots) goes to mx.gazette.test") in found
    policies = {text.split()[0]: verdict for name, verdict, text in found if name == "dmarc.record"}
    assert policies == {"_dmarc.gazette.test:": "ok", "pier.test": "error"}
    assert "gone.test" not in str(found)


def test_a_name_server_that_is_silent_holds_it_up_for_five_seconds(root: Path) -> None:
    with silent_server() as server:
        found = results(root, "--dns", server, expect=3, SMTP_PORT="1", **signed(root, "gazette.test"))
    assert {found[name]["verdict"] for name in ("spf.record", "dkim.key", "dmarc.record")} == {"warning"}


def test_a_name_server_that_is_no_address(root: Path) -> None:
    doctor(root, "--dns", "ns.quay.example", expect=2)


def test_links_to_a_mailer_serve(root: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mailer", "-C", str(root), "serve", "--port", "0"]
    log = tmp_path / "serve.log"
    with log.open("w") as out, subprocess.Popen(command, stderr=out) as serve:
        try:
            while "Serving on " not in log.read_text():
                assert serve.poll() is None, log.read_text()
                time.sleep(0.01)
            url = log.read_text().partition("Serving on ")[2].partition(" ")[0].rstrip("./")
            found = results(root, expect=3, SMTP_PORT="1", BASE_URL=url)
        finally:
            serve.terminate()
    for name in ("links.address", "links.answer", "links.key", "links.one-click"):
        assert found[name]["verdict"] == "ok"
    assert found["database.whole"]["verdict"] == "ok"


def test_colours_are_left_out_where_they_are_not_wanted(root: Path) -> None:
    coloured = doctor(root, "--offline", FORCE_COLOR="1", TERM="xterm-256color")
    assert re.search(r"\x1b\[[0-9;]*3[0-9]m", coloured)
    plain = doctor(root, "--offline", FORCE_COLOR="1", TERM="xterm-256color", NO_COLOR="1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", plain)
    assert "\x1b[" not in doctor(root, "--offline")
