"""Debian's dnsmasq as a name server of our own on loopback, which knows what it is told and asks nobody."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PROGRAM = shutil.which("dnsmasq") or "/usr/sbin/dnsmasq"
MARK = "ready.test"
STRING = 250  # octets; a string in DNS has 255 at most


def txt(name: str, *texts: str) -> list[str]:
    """The lines for one TXT record a text, long ones cut into strings."""
    cut = ([f'"{text[at : at + STRING]}"' for at in range(0, len(text), STRING)] for text in texts)
    return [f"txt-record={name},{','.join(strings)}" for strings in cut]


def mx(name: str, host: str, preference: int = 10) -> list[str]:
    return [f"mx-host={name},{host},{preference}"]


def address(name: str, of: str = "192.0.2.25") -> list[str]:
    return [f"host-record={name},{of}"]


@contextmanager
def name_server(lines: Iterable[str]) -> Iterator[str]:
    """Run it with these lines of configuration for the block; yield where it is, as ADDRESS:PORT."""
    if not Path(PROGRAM).exists():
        pytest.skip("dnsmasq is not installed (Debian: apt-get install dnsmasq-base)")
    folder = Path(tempfile.mkdtemp(prefix="dnsmasq-"))
    port = _free_port()
    own = [
        "no-resolv",
        "no-hosts",
        "local=/#/",
        "bind-interfaces",
        "listen-address=127.0.0.1",
        f"port={port}",
    ]
    (folder / "conf").write_text("\n".join([*own, *txt(MARK, "yes"), *lines, ""]))
    # It gives root up, and then has to read nothing more.
    command = [
        PROGRAM,
        "--keep-in-foreground",
        f"--conf-file={folder}/conf",
        "--pid-file",
        "--log-facility=-",
    ]
    with (folder / "log").open("w") as log, subprocess.Popen(command, stderr=log, stdout=log) as running:
        try:
            _wait(running, port, folder / "log")
            yield f"127.0.0.1:{port}"
        finally:
            running.terminate()
            running.wait(120)
            shutil.rmtree(folder, ignore_errors=True)


def _wait(running: subprocess.Popen[bytes], port: int, log: Path) -> None:
    for _ in range(2400):
        assert running.poll() is None, log.read_text()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail(f"dnsmasq doesn't answer: {log.read_text()}")


def _free_port() -> int:
    while True:
        with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
            stream.bind(("127.0.0.1", 0))
            port = int(stream.getsockname()[1])
            try:
                datagrams.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


@contextmanager
def silent_server() -> Iterator[str]:
    """A name server that hears every question and answers none."""
    with socket.socket(type=socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{deaf.getsockname()[1]}"


def zone(*parts: Iterable[str]) -> list[str]:
    return [line for part in parts for line in part]
