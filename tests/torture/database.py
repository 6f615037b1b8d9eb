"""A PostgreSQL server that is restarted and crashes in the middle of everything."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from postgresql import CHEAP, USER, as_its_user, certificate, free_port, programs, wait_until_ready
from sqlalchemy import Row, create_engine, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError

from torture.network import Network

RULES = "local all all trust\nhostssl all all all trust\n"


@dataclass(slots=True)
class Server:
    """The server at the place `database` of a network. Its files are in `folder`."""

    folder: Path
    network: Network
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    ca_file: Path = Path()
    _tls: tuple[str, ...] = ()
    _engine: Engine = field(init=False)

    def make(self) -> None:
        """Make its files, and start it."""
        self.folder.mkdir(parents=True)
        if os.geteuid() == 0:
            shutil.chown(self.folder, USER, USER)
        key, chain, self.ca_file = certificate(self.folder)
        self._tls = ("ssl=on", f"ssl_cert_file={chain}", f"ssl_key_file={key}")
        init = [str(programs() / "initdb"), "-D", str(self.folder / "data"), "-U", USER, "-A", "trust"]
        locale = ["--no-sync", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"]
        subprocess.run(as_its_user(*init, *locale), check=True, stdout=subprocess.DEVNULL, cwd=self.folder)
        (self.folder / "data/pg_hba.conf").write_text(RULES)
        self.port = free_port()
        self.start()
        self._engine = create_engine(self.url_by_socket, pool_pre_ping=True)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        (self.folder / "data/postmaster.pid").unlink(missing_ok=True)
        listening = f"listen_addresses={self.network.address('database')}"
        given = [f"-c{each}" for each in (*CHEAP, *self._tls, listening, f"port={self.port}")]
        command = [str(programs() / "postgres"), "-D", str(self.folder / "data"), "-k", str(self.folder)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.network.at("database", as_its_user(*command, *given)),
                stdout=log,
                stderr=log,
                cwd=self.folder,
            )
        wait_until_ready(self.folder, self.process)

    def end(self, how: signal.Signals) -> None:
        """End it: SIGINT hangs up on everybody, by SIGQUIT it crashes."""
        assert self.process is not None
        self.process.send_signal(how)
        self.process.wait()

    def close(self) -> None:
        """End it for good."""
        self._engine.dispose()
        self.end(signal.SIGQUIT)

    def url(self) -> str:
        """Return the DATABASE_URL of who is at another place."""
        host = self.network.address("database")
        trust = f"sslrootcert={quote(str(self.ca_file), safe='')}"
        return f"postgresql://{USER}@db.example:{self.port}/postgres?hostaddr={host}&{trust}"

    @property
    def url_by_socket(self) -> str:
        """Return the one of who is never cut off."""
        place = f"host={quote(str(self.folder), safe='')}&port={self.port}"
        return f"postgresql+psycopg://{USER}@/postgres?{place}"

    def rows(self, statement: str, **values: object) -> Sequence[Row]:
        """Return what a statement finds; nothing while the server is away."""
        try:
            with self._engine.begin() as connection:
                found = connection.execute(text(statement), values)
                return found.all() if found.returns_rows else ()
        except DBAPIError:
            return ()
