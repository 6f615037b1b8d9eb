"""A PostgreSQL server of the tests' own: Debian's, reached by a socket, and by loopback with TLS."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
import trustme
from sqlalchemy import make_url

from mailer.store.database import open_database

USER = "postgres"  # PostgreSQL refuses to run as root
PASSWORD = "harbour-canary"  # of the user `careful`, the only one who is asked for one
RULES = """
local all careful scram-sha-256
local all all trust
hostssl all all 127.0.0.1/32 trust
"""
# Nothing here has to outlive the machine. Ours is to switch on for its sessions what commits wait for.
CHEAP = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "shared_buffers=16MB")


@dataclass(frozen=True)
class Server:
    """A running server: the folder of its socket and files, its process, its port on loopback.

    `ca_file` is the authority that its certificate for `db.example` is by.
    """

    folder: Path
    process: subprocess.Popen[bytes]
    port: int
    ca_file: Path

    def url(self, name: str, user: str = USER) -> str:
        """Return the URL of a database, by the socket."""
        folder = quote(str(self.folder), safe="")
        return f"postgresql+psycopg://{user}@/{name}?host={folder}&port={self.port}"

    def url_by_tls(self, name: str, host: str = "db.example") -> str:
        """Return the URL of a database as on another machine of this name."""
        return f"postgresql://{USER}@{host}:{self.port}/{name}?hostaddr=127.0.0.1"

    def database(self, template: str = "ours") -> str:
        """Make a database and return its URL; `template0` makes it empty."""
        name = f"db_{secrets.token_hex(6)}"
        with self._connected("postgres") as connection:
            quick = "STRATEGY FILE_COPY" if connection.info.server_version >= 150000 else ""
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} {quick}".encode())
        return self.url(name)

    @contextmanager
    def passing(self) -> Iterator[str]:
        """Make a database that is dropped in the end, whoever is connected to it, and yield its URL."""
        url = self.database()
        yield url
        self.run(f"DROP DATABASE IF EXISTS {make_url(url).database} WITH (FORCE)")

    def run(self, *statements: str, database: str = "postgres") -> None:
        with self._connected(database) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def _connected(self, database: str) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host=str(self.folder), port=self.port, user=USER, dbname=database, autocommit=True
        )


def programs() -> Path:
    """Return the folder of the server's programs; skip where there is none."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    found = [each for each in folders if (each / "initdb").exists()]
    if not found:
        pytest.skip("there is no PostgreSQL on this machine")
    return found[-1]


def as_its_user(*command: str) -> list[str]:
    """Return the command for a user that the server may run as; it ends with the tests, however they end."""
    change = ["--reuid", USER, "--regid", USER, "--clear-groups"] if os.geteuid() == 0 else []
    return ["setpriv", *change, "--pdeathsig", "SIGQUIT", *command]


@contextmanager
def running(*options: str) -> Iterator[Server]:
    """Run a server with these options (`name=value`)."""
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir=_where()))
    if os.geteuid() == 0:
        shutil.chown(folder, USER, USER)
    try:
        yield from _started(folder, options)
    finally:
        shutil.rmtree(folder)


def _where() -> str:
    """Return a folder with a short name, as a socket needs one: in memory, where there is enough of it.

    To copy a database takes 15 ms there, and 200 ms on a disk.
    """
    memory = Path("/dev/shm")
    return str(memory) if memory.is_dir() and shutil.disk_usage(memory).free > 2**31 else "/tmp"


def _started(folder: Path, options: tuple[str, ...]) -> Iterator[Server]:
    bin_folder, data = programs(), folder / "data"
    key, chain, ca_file = certificate(folder)
    init = [str(bin_folder / "initdb"), "-D", str(data), "-U", USER, "-A", "trust", "--no-sync"]
    locale = ["--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"]
    subprocess.run(as_its_user(*init, *locale), check=True, stdout=subprocess.DEVNULL, cwd=folder)
    (data / "pg_hba.conf").write_text(RULES)
    port = free_port()
    tls = ("ssl=on", f"ssl_cert_file={chain}", f"ssl_key_file={key}")
    given = [f"-c{each}" for each in (*CHEAP, *tls, "listen_addresses=127.0.0.1", f"port={port}", *options)]
    command = as_its_user(str(bin_folder / "postgres"), "-D", str(data), "-k", str(folder), *given)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    try:
        wait_until_ready(folder, process)
        yield Server(folder, process, port, ca_file)
    finally:
        process.send_signal(signal.SIGQUIT)
        process.wait()


def certificate(folder: Path) -> tuple[Path, Path, Path]:
    """Make a certificate for `db.example`; return its key, the chain and the authority."""
    authority = trustme.CA()
    made = authority.issue_cert("db.example")
    key, chain, ca_file = folder / "key.pem", folder / "chain.pem", folder / "ca.pem"
    made.private_key_pem.write_to_path(key)
    made.cert_chain_pems[0].write_to_path(chain)
    authority.cert_pem.write_to_path(ca_file)
    key.chmod(0o600)
    if os.geteuid() == 0:
        shutil.chown(key, USER, USER)
    return key, chain, ca_file


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def wait_until_ready(folder: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait for the last line of the file in which a server says how far it is."""
    while process.poll() is None:
        pid_file = folder / "data/postmaster.pid"
        lines = pid_file.read_text().splitlines() if pid_file.exists() else []
        if len(lines) == 8 and lines[7].strip() == "ready":
            return
        time.sleep(0.02)
    raise AssertionError((folder / "log").read_text())


@contextmanager
def with_template() -> Iterator[Server]:
    """Run a server with a database `ours` that has mailer's tables, to be copied for each test."""
    with running() as server:
        server.run(f"CREATE USER careful PASSWORD '{PASSWORD}'", "CREATE DATABASE ours TEMPLATE template0")
        open_database(server.url("ours"), server.folder).dispose()
        yield server
