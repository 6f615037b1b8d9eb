"""A PostgreSQL server of the benchmarks' own: as the system's package has it, every commit on the disk."""

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
from importlib.util import find_spec
from pathlib import Path

from benchmarks.instruments import Unavailable, family

ON_DISK = "/var/tmp"  # /tmp may be memory, where a commit costs nothing
USER = "bench"
START_WITHIN = 30.0  # seconds


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs: where its `programs` are, its port, its first process."""

    programs: Path
    port: int
    pid: int

    @contextmanager
    def database(self, name: str, *, like: str | None = None) -> Iterator[str]:
        """Yield the URL of a new database, a copy of the one that it is to be `like`."""
        self._run("createdb", *(("--template", like) if like else ()), name)
        try:
            yield f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/{name}"
        finally:
            self._run("dropdb", "--force", name)

    def settle(self) -> None:
        """Do now what the server would do some time later: statistics, and what is to be written."""
        self._run("vacuumdb", "--all", "--analyze", "--quiet")
        self._run("psql", "--quiet", "--command", "CHECKPOINT", "postgres")

    def cpu(self) -> float:
        """Return the CPU seconds of all its processes so far, those that have ended included."""
        return cpu_of(self.pid)

    def _run(self, program: str, *words: str) -> None:
        where = ["-h", "127.0.0.1", "-p", str(self.port), "-U", USER]
        subprocess.run([self.programs / program, *where, *words], check=True)


@contextmanager
def postgresql() -> Iterator[Server]:
    """Run a server on a free port until the block is left; Unavailable where it can't be had."""
    programs = _programs()
    if find_spec("psycopg") is None:
        raise Unavailable("psycopg is not here: pip install 'mailer-dispatch[postgresql]'")
    # The server refuses to run as root.
    account = {"user": "postgres", "group": "postgres", "extra_groups": []} if not os.getuid() else {}
    with tempfile.TemporaryDirectory(dir=ON_DISK, prefix="bench-postgresql-") as folder:
        if account:
            shutil.chown(folder, "postgres", "postgres")
        data, log = Path(folder) / "data", Path(folder) / "log"
        made = [programs / "initdb", "--auth=trust", f"--username={USER}", "--encoding=UTF8", "--locale=C"]
        subprocess.run([*made, "-D", data], cwd=folder, stdout=subprocess.DEVNULL, check=True, **account)
        port = _free_port()
        options = ["-D", data, "-p", str(port), "-k", folder, "-c", "listen_addresses=127.0.0.1"]
        with log.open("w") as words:
            process = subprocess.Popen(
                [programs / "postgres", *options], cwd=folder, stdout=words, stderr=words, **account
            )
        try:
            _wait_for(programs, port, process, log)
            yield Server(programs, port, process.pid)
        finally:
            process.send_signal(signal.SIGINT)  # at once, and in good order
            process.wait()


def cpu_of(pid: int) -> float:
    """Return the CPU seconds of a process and its descendants so far, those that it waited for included."""
    ticks = 0
    for each in family(pid):
        try:
            stat = Path(f"/proc/{each}/stat").read_text()
        except OSError:
            continue  # gone meanwhile
        # proc(5): utime, stime, and those of children that were waited for
        ticks += sum(map(int, stat.rpartition(")")[2].split()[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _programs() -> Path:
    """Return the newest installed server's folder: Debian keeps it off the PATH."""
    found = [Path(path).parent for path in [shutil.which("initdb")] if path]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda bin: int(bin.parent.name))
    if not found:
        raise Unavailable("PostgreSQL is not here; on Debian: apt-get install postgresql")
    return found[-1]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def _wait_for(programs: Path, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    ready = [programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
    end = time.monotonic() + START_WITHIN
    while subprocess.run(list(map(str, ready)), check=False).returncode:
        if process.poll() is not None or time.monotonic() > end:
            raise Unavailable(f"PostgreSQL does not start:\n{log.read_text()[-1000:]}")
        time.sleep(0.1)
