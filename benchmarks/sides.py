"""The sides: each sends a number of messages to a port, over a wire, and is weighed while it does."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.figures import Figures, figures, typical
from benchmarks.instruments import HERE, Unavailable, sink, taken, weigh, wire
from benchmarks.letters import Crowd, Letter
from benchmarks.programs import bare_environment, extra_packages

BOTH = ("pipelining", "chunking")
CONNECTIONS = 20
HERE_IN_THE_CLEAR = {"SMTP_HOST": "127.0.0.1", "SMTP_SECURITY": "none"}


@dataclass(frozen=True, slots=True)
class Command:
    """A command and what its environment has besides the usual."""

    words: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


# Given a port, the command that sends to it.
Sender = Callable[[int], Command]


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison: how many messages it sends, to a server that offers what, how far away (the
    round trip in milliseconds). `ready` prepares one run, and looks after it at the end; `database` says how
    many CPU seconds a database server has used so far."""

    name: str
    messages: int
    ready: Callable[[], AbstractContextManager[Sender]]
    round_trip: int = 0
    offers: tuple[str, ...] = BOTH
    database: Callable[[], float] = float

    def under(self, words: Sequence[str]) -> Side:
        """Return the side with its command run by another one, which `words` begin."""

        @contextmanager
        def ready() -> Iterator[Sender]:
            with self.ready() as sender:

                def wrapped(port: int) -> Command:
                    command = sender(port)
                    return replace(command, words=[*words, *command.words])

                yield wrapped

        return replace(self, ready=ready)


def run(side: Side) -> Figures:
    """Run a side once. SystemExit if not every message arrived, or one came where it must not."""
    with side.ready() as sender:
        with sink(*side.offers) as server, wire(server.port, side.round_trip) as line:
            command, database_cpu = sender(line.port), side.database()
            cost = weigh(command.words, command.environment)
            database_cpu = side.database() - database_cpu
        arrived = taken(server)
        if arrived.messages != side.messages or arrived.early:
            sys.exit(
                f"{side.name}: {arrived.messages:,} of {side.messages:,} messages arrived, "
                f"{arrived.early:,} commands too early"
            )
    return figures(arrived, cost, line.said["cpu"], database_cpu)


def in_turn(
    sides: Sequence[Side], rounds: int, tell: Callable[[Side, Figures], None], *, warm: bool = True
) -> dict[str, Figures]:
    """Run the sides in turn, once to warm up and `rounds` times that count; return the medians."""
    runs: dict[str, list[Figures]] = {side.name: [] for side in sides}
    for number in range(0 if warm else 1, rounds + 1):
        for side in sides:
            measured = run(side)
            if number:
                runs[side.name].append(measured)
                tell(side, measured)
    return {name: typical(each) for name, each in runs.items()}


def ours(
    name: str,
    crowd: Crowd,
    letter: Letter,
    *,
    round_trip: int = 0,
    offers: tuple[str, ...] = BOTH,
    settings: Mapping[str, str] | None = None,
) -> Side:
    """A whole `mailer send-issue` of the crowd's program, ledger and journal on disk, verified afterwards."""

    @contextmanager
    def ready() -> Iterator[Sender]:
        with crowd.copy(letter) as root:
            if crowd.server:
                crowd.server.settle()
            yield lambda port: Command(
                [str(crowd.program.command), "-C", str(root), "send-issue", "harbour", "--yes", "-q"],
                {**HERE_IN_THE_CLEAR, "SMTP_PORT": str(port), **(settings or {})},
            )
            crowd.program.run(root, "verify", "harbour")

    database = crowd.server.cpu if crowd.server else float
    return Side(name, crowd.count, ready, round_trip, offers, database)


def smtp_source(messages: int, octets: int, round_trip: int = 0) -> Side:
    """Postfix's load generator over 20 sessions that it keeps open (`-d`); all its messages are the same."""
    program = shutil.which("smtp-source", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))
    if program is None:
        raise Unavailable("smtp-source is not here; on Debian: apt-get install postfix")
    options = ["-d", "-s", str(CONNECTIONS), "-m", str(messages), "-l", str(octets)]
    options += ["-f", "editor@gazette.example", "-t", "reader@inbox.example"]

    @contextmanager
    def ready() -> Iterator[Sender]:
        yield lambda port: Command([program, *options, f"127.0.0.1:{port}"])

    return Side("smtp-source -d -s 20", messages, ready, round_trip)


def rival(kind: str, messages: int, templates: Path, round_trip: int = 0) -> Side:
    """A Python program as people write it: smtplib, premailer or aiosmtplib; see rivals.py."""

    @contextmanager
    def ready() -> Iterator[Sender]:
        words = [sys.executable, str(HERE / "rivals.py"), kind]
        rest = [str(messages), str(templates)]
        yield lambda port: Command([*words, str(port), *rest], {"PYTHONPATH": str(extra_packages())})

    return Side(RIVALS[kind], messages, ready, round_trip)


RIVALS = {
    "smtplib": "smtplib, Jinja2 a recipient",
    "premailer": "smtplib, Jinja2 and premailer a recipient",
    "aiosmtplib": "aiosmtplib on 20 connections, Jinja2 a recipient",
}


def compiling(root: Path) -> float:
    """Return the seconds that compiling the issue takes, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.compiling", str(root)]
    done = subprocess.run(
        command, cwd=HERE.parent, env=bare_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"compiling ended with {done.returncode}:\n{done.stderr}")
    return float(done.stdout)


def make_key(file: Path) -> None:
    """Write a new RSA key of 2048 bits to sign with."""
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = generate_private_key(65537, 2048)
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    file.chmod(0o600)
