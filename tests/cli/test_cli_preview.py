"""`mailer preview` in a terminal: what it prints, writes and refuses."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from base64 import b64encode
from contextlib import suppress
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import httpx
import pytest
from forked_mailer import run_mailer

pytestmark = pytest.mark.peers

ISSUE = """\
---
title: The harbour clock
description: It strikes the hour once more.
---
Good morning, {{ subscriber.name|default("reader") }} – at last.
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "issues").mkdir()
    (tmp_path / ".env").write_text("POSTAL_ADDRESS=1 Quay Street, Port Example\n")
    (tmp_path / "issues" / "2026-11-22-harbour.md").write_text(ISSUE, encoding="utf-8")
    return tmp_path


def clean() -> dict[str, str]:
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}


def start(root: Path, *arguments: object, **environment: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "mailer", "-C", str(root), "preview", *map(str, arguments)]
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, env=clean() | environment, cwd=root, **pipes)  # type: ignore[call-overload]


def run(root: Path, *arguments: object, expect: int = 0) -> tuple[bytes, str]:
    done = run_mailer("-C", root, "preview", *arguments, env=clean(), cwd=root)
    assert done.returncode == expect, done.stderr.decode()
    return done.stdout, done.stderr.decode()


def test_an_issue_in_utf_16(root: Path) -> None:
    (root / "issues" / "2026-11-22-harbour.md").write_text(ISSUE, encoding="utf-16")
    out, _ = run(root, "harbour", "--as", "ada@quay.example")
    assert "Good morning, Ada Quint – at last." in out.decode()


def test_without_options_it_is_a_summary_and_the_text(root: Path) -> None:
    out, err = run(root, "harbour", "--as", "ada@quay.example")
    summary, _, text = out.decode().partition("\n\n")
    lines = dict(line.split(maxsplit=1) for line in summary.splitlines())
    assert lines["subject"] == "The harbour clock"
    assert lines["preheader"] == "It strikes the hour once more."
    assert lines["to"] == "Ada Quint <ada@quay.example>"
    assert "octets (HTML " in lines["size"]
    assert lines["check"]
    assert "Good morning, Ada Quint – at last." in text
    assert "names no list" in err
    assert not (root / "subscribers").exists()


def test_each_form_is_printed_as_it_is_sent(root: Path) -> None:
    message = run(root, "harbour", "--eml")[0]
    assert message.count(b"\n") == message.count(b"\r\n")
    parsed = message_from_bytes(message, policy=default)
    for form, subtype in (("--html", "html"), ("--text", "plain")):
        printed = run(root, "harbour", form)[0].decode()
        body = parsed.get_body((subtype,))
        assert body is not None
        assert printed == body.get_content().replace("\r\n", "\n")


def test_data_is_for_programs(root: Path) -> None:
    data = json.loads(run(root, "harbour", "--json", "--subject", "Another")[0])
    assert data["subject"] == "Another"
    assert data["html_octets"] < data["octets"]
    assert all(finding.keys() >= {"rule", "severity", "line", "text", "hint"} for finding in data["findings"])


@pytest.mark.parametrize(("name", "begins"), [("x.html", b"<!"), ("x.TXT", b"Harbour"), ("x.eml", b"From: ")])
def test_a_files_ending_says_what_is_written(root: Path, name: str, begins: bytes) -> None:
    (root / name).write_bytes(b"x" * 100_000)
    (root / name).chmod(0o666)
    out, err = run(root, "harbour", "-o", root / name)
    assert out == b""
    assert f"Wrote {root / name}" in err
    written = (root / name).read_bytes()
    assert written.lower().startswith(begins.lower())
    assert b"xxx" not in written
    assert (root / name).stat().st_mode & 0o777 == 0o600


def test_a_page_in_a_file_has_its_images_inside(root: Path) -> None:
    picture = (Path(__file__).parents[2] / "docs/samples/pictures/herring.png").read_bytes()
    (root / "issues" / "herring.png").write_bytes(picture)
    (root / "issues" / "2026-11-22-harbour.md").write_text(f"{ISSUE}\n![A herring](herring.png)\n")
    for settings in ("", "MAIL_IMAGES=linked\nBASE_URL=http://localhost:8000\nSECRET_KEY=not-so-secret\n"):
        (root / ".env").write_text(f"POSTAL_ADDRESS=1 Quay Street, Port Example\n{settings}")
        run(root, "harbour", "-o", root / "x.html")
        page = (root / "x.html").read_text(encoding="utf-8")
        assert b64encode(picture).decode() in page
        assert "cid:" not in page
        assert "/images/" not in page
        assert "<style" in page
    assert "/images/" in run(root, "harbour", "--html")[0].decode()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "which issue?"),
        (("harbor",), "Did you mean"),
        (("harbour", "--as", "nobody"), "'nobody' is no address"),
        (("harbour", "--list", "weekly"), "there is no list weekly"),
        (("harbour", "-o", "x.pdf"), "End it in .html, .txt or .eml"),
        (("harbour", "-o", "nowhere/x.eml"), "can't write"),
        (("harbour", "--serve", "--html"), "Leave out --serve"),
        (("harbour", "--port", "8026"), "Add --serve"),
        (("harbor", "--serve"), "there is no such issue file"),
    ],
)
def test_what_is_asked_wrongly_is_refused_with_a_next_step(
    root: Path, arguments: tuple[str, ...], words: str
) -> None:
    out, err = run(root, *arguments, expect=2)
    assert out == b""
    assert words in err
    assert "next: " in err


def test_who_can_not_get_it_is_a_refusal(root: Path) -> None:
    (root / "issues" / "broken.md").write_text(ISSUE.replace('name|default("reader")', "shoe.size"))
    assert "subscriber.shoe" in run(root, "broken", expect=3)[1]


def said(running: subprocess.Popen[bytes]) -> str:
    assert running.stderr is not None
    return running.stderr.readline().decode()


def test_the_page_is_served_until_it_is_interrupted(root: Path) -> None:
    with start(root, "--serve", "--port", 0, "--as", "ada@quay.example") as running:
        url = said(running).removeprefix("Preview on ").partition(" ")[0].rstrip(".")
        assert url.endswith("/?reader=ada%40quay.example")
        assert "The harbour clock" in httpx.get(url, timeout=120).text
        running.send_signal(signal.SIGINT)
        assert running.wait(120) == 0
        assert said(running) == "Preview stopped.\n"


def test_a_port_that_is_taken_is_passed_over_unless_it_was_asked_for(root: Path) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        while True:
            with suppress(OSError):  # it is taken by something else, which may let go of it at any time
                taken.bind(("127.0.0.1", 8026))
                break
            time.sleep(0.05)
        taken.listen()
        with start(root, "--serve") as running:
            assert "http://127.0.0.1:8026/" not in (line := said(running))
            assert line.startswith("Preview on http://127.0.0.1:80")
            running.terminate()
            assert running.wait(120) == 0
        assert "port 8026 on 127.0.0.1 is in use" in run(root, "--serve", "--port", "8026", expect=2)[1]


def test_the_browser_is_opened_only_when_asked(root: Path) -> None:
    browser, opened = root / "browser.sh", root / "opened"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}\n')
    browser.chmod(0o755)
    with start(root, "--serve", "--port", 0, "--open", BROWSER=str(browser)) as running:
        line = said(running)
        while not opened.exists() or not opened.read_text():
            assert running.poll() is None
            time.sleep(0.01)
        assert opened.read_text().strip() in line
        running.terminate()
        assert running.wait(120) == 0
