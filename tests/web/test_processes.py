"""`mailer serve` by several processes, on other sockets than a port, with settings that change."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from harbour import DATABASE

SETTINGS = f"SECRET_KEY=k\nDATABASE_URL={DATABASE}\nMAIL_FROM=Harbour Gazette <editor@gazette.example>\n"
# Under the number 3, and the environment says for which process it is, and how many there are.
LIKE_SYSTEMD = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
if sys.argv[2]:
    os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": sys.argv[2]}
os.execv(sys.argv[3], sys.argv[3:])
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / ".env").write_text(SETTINGS)
    return tmp_path


@contextmanager
def serving(root: Path, *options: str, prefix: Sequence[str] = (), fds: Sequence[int] = ()) -> Iterator[int]:
    """Run `mailer serve` and yield its process id; it has to end well."""
    command = [*prefix, sys.executable, "-m", "mailer", "-C", str(root), "serve", *options]
    log = root / "serve.log"
    with log.open("w") as said, subprocess.Popen(command, stderr=said, pass_fds=fds) as running:
        try:
            until(lambda: running.poll() is None and "Serving on" in log.read_text())
            yield running.pid
        finally:
            running.terminate()
            assert running.wait(120) == 0, log.read_text()


def until(true: Callable[[], object]) -> None:
    """Wait until something is so."""
    for _ in range(2400):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("it never came to be so")


def address(root: Path) -> str:
    return (root / "serve.log").read_text().partition("Serving on ")[2].partition(" ")[0].rstrip("./")


def members(pid: int) -> set[int]:
    """The processes that a process forked."""
    return {int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def paper(url: str) -> str:
    return httpx.get(f"{url}/u/x", timeout=120).text


def test_several_answer_and_one_that_is_lost_is_replaced(root: Path) -> None:
    with serving(root, "--port", "0", "--workers", "2") as pid:
        url = address(root)
        until(lambda: len(members(pid)) == 2)
        before = members(pid)
        assert httpx.get(f"{url}/readyz", timeout=120).text == "ok\n"
        os.kill(min(before), signal.SIGKILL)
        until(lambda: len(members(pid) - before) == 1)
        assert httpx.get(f"{url}/readyz", timeout=120).text == "ok\n"
        last = members(pid)
    assert not any(map(lives, before | last))


def test_they_outlive_no_parent(root: Path) -> None:
    command = [sys.executable, "-m", "mailer", "-C", str(root), "serve", "--port", "0", "--workers", "2"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as running:
        until(lambda: len(members(running.pid)) == 2)
        forked = members(running.pid)
        running.kill()
    until(lambda: not any(map(lives, forked)))


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_signal_has_the_settings_read_anew(root: Path, workers: str) -> None:
    with serving(root, "--port", "0", "--workers", workers) as pid:
        url = address(root)
        assert "Harbour Gazette" in paper(url)
        (root / ".env").write_text(SETTINGS.replace("Harbour Gazette", "Quay Courier"))
        os.kill(pid, signal.SIGHUP)
        until(lambda: all("Quay Courier" in paper(url) for _ in range(8)))
        (root / ".env").write_text(SETTINGS + "TZ=No/Where\n")
        os.kill(pid, signal.SIGHUP)
        until(lambda: (root / "serve.log").read_text().count("settings of before") == int(workers))
        assert "Quay Courier" in paper(url)


def test_on_a_unix_socket_that_a_dead_process_may_have_left(root: Path) -> None:
    path = root / "serve.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    with (
        serving(root, "--socket", str(path)),
        httpx.Client(transport=httpx.HTTPTransport(uds=str(path)), timeout=120) as client,
    ):
        assert client.get("http://localhost/readyz").text == "ok\n"
        command = [sys.executable, "-m", "mailer", "-C", str(root), "serve", "--socket", str(path)]
        second = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (second.returncode, "in use" in second.stderr) == (2, True)
        assert client.get("http://localhost/readyz").text == "ok\n"
    assert not path.exists()


@pytest.mark.parametrize("options", [(), ("--fd", "3")], ids=["systemd", "a number"])
def test_on_a_socket_that_whoever_starts_it_opened(root: Path, options: tuple[str, ...]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as opened:
        prefix = (sys.executable, "-c", LIKE_SYSTEMD, str(opened.fileno()), "" if options else "1")
        with serving(root, *options, prefix=prefix, fds=(opened.fileno(),)):
            url = f"http://127.0.0.1:{opened.getsockname()[1]}"
            assert address(root) == url
            assert httpx.get(f"{url}/readyz", timeout=120).text == "ok\n"


def test_what_is_no_socket_is_refused(root: Path) -> None:
    command = [sys.executable, "-m", "mailer", "-C", str(root), "serve", "--fd", "99"]
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (refused.returncode, "99 is no socket" in refused.stderr) == (2, True)
