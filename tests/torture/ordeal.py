"""Send, kill, send again: the sender is killed at random moments against a server that misbehaves."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from harbour_workspace import ISSUE, Workspace
from sqlalchemy import Row, create_engine, text

import mailer
from mailer.domain.delivery import RetryPolicy
from mailer.domain.moment import utc_text

CONNECTIONS = 8
WINDOW = 16  # messages under way on a connection by BDAT: the most that mailer allows itself
WORKERS = 2
RUNS = 80  # at most, after the kills: each makes what was deferred due
PATIENCE = 90  # seconds for a run that isn't killed
ORPHANS = 15  # seconds that workers may go on after their parent's death
AGAIN = (0, 4, 5, 75)  # how a run may end: complete, failures, uncertain, run again


@dataclass(frozen=True, slots=True)
class Size:
    """How much of an ordeal: people, and kills that must meet a run in the middle of sending."""

    people: int
    kills: int


@dataclass(slots=True)
class Ordeal:
    """One send from beginning to end. `complaints` is what went wrong on the way."""

    folder: Path
    seed: int
    size: Size
    url: str = ""  # of an empty database on a server; without one it is a file
    chunking: bool = False
    balking: bool = False
    resend: bool = False
    corrects: bool = False  # whether the issue is edited after half of the kills
    forks: bool = False  # whether there are worker processes
    kills: int = 0  # that met a run in the middle of sending
    early: int = 0  # other kills: at start, while freezing or settling what the dead left
    runs: int = 0
    complaints: list[str] = field(default_factory=list)
    groups: list[int] = field(default_factory=list)  # the runs' process groups

    @property
    def in_flight(self) -> int:
        """How many messages may be on the wire at one moment."""
        return CONNECTIONS * (WINDOW if self.chunking else 1)

    def rows(self, statement: str, **values: object) -> Sequence[Row]:
        """Return what a statement finds in the ledger."""
        engine = create_engine(self.url or f"sqlite:///{self.folder}/workspace/subscribers/mailer.db")
        try:
            with engine.begin() as connection:
                found = connection.execute(text(statement), values)
                return found.all() if found.returns_rows else ()
        finally:
            engine.dispose()

    def run(self) -> None:
        """Do all of it."""
        chance = random.Random(self.seed)
        with self._server() as port:
            workspace = self._workspace(port)
            self.forks = "--workers" in workspace.run("send-issue", "--help").stdout
            while self.kills < self.size.kills and self._left():
                self._killed(workspace, chance)
                self._make_due()
                if self.corrects and self.kills >= self.size.kills // 2:
                    workspace.issue(ISSUE.replace("clock\n", "clock, corrected\n", 1))
            for _ in range(RUNS):
                self._undisturbed(workspace)
                if not self._left():
                    break
                self._make_due()
            self._bury()
            self._verify(workspace)

    def _bury(self) -> None:
        """See that no process outlived its parent for long."""
        end = time.monotonic() + ORPHANS
        for group in self.groups:
            with suppress(ProcessLookupError):
                while time.monotonic() < end:
                    os.killpg(group, 0)
                    time.sleep(0.05)
                self.complaints.append(f"workers of a dead parent live on in group {group}")
                os.killpg(group, signal.SIGKILL)

    def _verify(self, workspace: Workspace) -> None:
        """Ask mailer itself."""
        if self._left():
            self.complaints.append(f"after {self.runs} runs something is left to send")
            return
        states = self.states()
        code = 5 if "uncertain" in states else 4 if "failed" in states else 0
        verified = workspace.data("verify", "harbour", expect=code)[0]
        self.complaints += verified["discrepancies"]

    def states(self) -> set[str]:
        """Return the states that deliveries are in."""
        return {state for _, state, _ in self.rows(STANDINGS)}

    @contextmanager
    def _server(self) -> Iterator[int]:
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "torture.server", str(self.folder), "--seed", str(self.seed)]
        process = subprocess.Popen(
            command
            + ["--chunking"] * self.chunking
            + ["--balking"] * self.balking
            + ["--corrects"] * self.corrects,
            cwd=Path(__file__).parents[1],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.communicate(timeout=120)

    def _workspace(self, port: int) -> Workspace:
        root = self.folder / "workspace"
        (root / "issues").mkdir(parents=True)
        (root / ".env").write_text("POSTAL_ADDRESS=1 Quay Street, Port Example\nSECRET_KEY=not-so-secret\n")
        settings = {
            "SMTP_PORT": str(port),
            "SMTP_CONNECTIONS": str(CONNECTIONS),
            **({"DATABASE_URL": self.url} if self.url else {}),
            "UNCERTAIN": "resend" if self.resend else "hold",
            "PYTHONPATH": str(Path(mailer.__file__).parents[1]),  # the mailer that stands here, no other
        }
        made = Workspace(root, settings)
        made.run("lists", "create", "weekly", "--title", "Harbour Gazette")
        made.issue()
        made.people(self.size.people)
        return made

    def _start(self, workspace: Workspace) -> subprocess.Popen[str]:
        self.runs += 1
        options = ["--workers", WORKERS] * self.forks + ["--corrected"] * (self.corrects and self.kills > 0)
        command = workspace.command("send-issue", "harbour", "--yes", "-q", *options)
        with (self.folder / f"stderr-{self.runs}.txt").open("w") as stderr:
            process = subprocess.Popen(
                command,
                env=workspace.environment(),
                cwd=workspace.root,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                text=True,
                start_new_session=True,
            )
        self.groups.append(process.pid)
        return process

    def _killed(self, workspace: Workspace, chance: random.Random) -> None:
        """Start, and kill at random until the parent is dead; one in five at a moment of its start."""
        before = self.accepted()
        process = self._start(workspace)
        if chance.random() < 0.2:
            time.sleep(chance.uniform(0.1, 1.2))
            self._kill(process, "all", before)
        while process.poll() is None:
            self._wait(process, chance)
            self._kill(process, chance.choice(("parent", "worker", "all")), before)
            time.sleep(0.01)
        self._reap(process)

    def _wait(self, process: subprocess.Popen[str], chance: random.Random) -> None:
        """Let it send a random share of what is left, and then go on for a random moment."""
        now = self.accepted()
        share = max(0, self.size.people - now) / max(1, self.size.kills - self.kills)
        goal = now + chance.uniform(0, 0.8 * share)
        while process.poll() is None and self.accepted() <= goal:
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.01))

    def _kill(self, process: subprocess.Popen[str], whom: str, before: float) -> None:
        if process.poll() is not None:
            return
        sending = self.accepted() > before
        self.kills += sending
        self.early += not sending
        workers = _children(process.pid)
        if whom == "all":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            pid = workers[self.kills % len(workers)] if whom == "worker" and workers else process.pid
            os.kill(pid, signal.SIGKILL)

    def _reap(self, process: subprocess.Popen[str]) -> None:
        """Wait for the end; a run that ends by itself must end as one may."""
        try:
            code = process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.complaints.append(f"run {self.runs} hangs")
            os.killpg(process.pid, signal.SIGKILL)
            code = process.wait()
        words = (self.folder / f"stderr-{self.runs}.txt").read_text()
        if "Traceback" in words or (code not in AGAIN and code != -signal.SIGKILL):
            self.complaints.append(f"run {self.runs} ended with {code}: {words[-2000:]}")

    def _undisturbed(self, workspace: Workspace) -> None:
        self._reap(self._start(workspace))

    def accepted(self) -> float:
        """Return how many messages the server has taken, about: its log's octets by those of a usual line."""
        path = self.folder / "accepted.log"
        return path.stat().st_size / LINE if path.exists() else 0

    def _left(self) -> bool:
        """Whether a delivery may still go; before any is frozen all of them may."""
        resting = {"accepted", "failed", "cancelled"} | (set() if self.resend else {"uncertain"})
        states = self.states()
        return not states or not states <= resting

    def _make_due(self) -> None:
        """Make the time come of every deferred delivery, and of those in doubt that may go again."""
        long_ago = utc_text(datetime.now(UTC) - RetryPolicy().longest - timedelta(hours=1))
        self.rows("UPDATE chunks SET due_at = :then WHERE due_at IS NOT NULL", then=long_ago)
        self.rows("UPDATE outcomes SET at = :then WHERE state = 'uncertain'", then=long_ago)
        # Beside a ledger set back, journals would look like news from after a backup.
        for path in (self.folder / "workspace" / "subscribers").glob("mailer*.journals/**/[0-9]*"):
            self.rows("INSERT INTO journals_read VALUES (:name) ON CONFLICT DO NOTHING", name=path.name)


# Who, in which state now, and the number of the text that they have or may have.
STANDINGS = """
    SELECT email, coalesce(state, 'queued'), revision
    FROM deliveries LEFT JOIN (
        SELECT send_id, subscriber_id, state, revision, row_number() OVER (
            PARTITION BY send_id, subscriber_id ORDER BY number DESC
        ) AS place FROM outcomes
    ) latest ON latest.send_id = deliveries.send_id AND latest.subscriber_id = deliveries.subscriber_id
    AND place = 1
"""

LINE = len("reader10000@inbox.example <012345678901234567890123@gazette.example>\n")


def _children(parent: int) -> list[int]:
    with suppress(OSError):
        return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
    return []
