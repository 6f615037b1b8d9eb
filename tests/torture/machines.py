"""Several machines send one send together, and are lost, stopped, cut off, while their database crashes.

Each has a network namespace, a workspace and journals of its own. One begins the send and takes part in it,
the others work at what they are called to; some do it the other way when they begin anew. What is lost is
lost with its journals, and a new machine comes in its place.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from harbour_workspace import Workspace

import mailer
from mailer.engine.feeder import MARK_SPAN
from mailer.ledger.marking import LEASE
from torture.database import Server
from torture.judgement import LOSS
from torture.network import Network, network
from torture.server import SLOW

WORKERS = "--workers", "2"
SENDS = ("send-issue", "harbour", "--yes", "-q", *WORKERS)
WORKS = ("work", *WORKERS)
MACHINES = {"one": (SENDS, WORKS), "two": (WORKS, SENDS), "three": (WORKS,)}  # what they do, in turn
CONNECTIONS = 4  # of each machine
AWAY = (LEASE + 1, LEASE + 4)  # seconds that a machine is stopped or cut off: longer than its leases last
BETWEEN = (0.5, 3.0)  # seconds from one misfortune to the next
PATIENCE = 180.0  # seconds in which nothing is sent, until what is waited for is given up
RESTS = 5  # times that all may have ended when a late one says that more is left
AGAIN = (0, 5, 75, 130, -signal.SIGKILL, -signal.SIGTERM)  # how a run may end; the last, as it begins

# Who, in which state now, and in which words.
STANDINGS = """
    SELECT email, coalesce(state, 'queued'), coalesce(reply, '')
    FROM deliveries LEFT JOIN (
        SELECT DISTINCT ON (send_id, subscriber_id) send_id, subscriber_id, state, reply FROM outcomes
        ORDER BY send_id, subscriber_id, number DESC
    ) latest USING (send_id, subscriber_id)
"""

BY_LOSS = "SELECT reply, count(*) FROM outcomes WHERE state = 'uncertain' AND reply LIKE :loss GROUP BY reply"


@dataclass(slots=True)
class Machine:
    """A machine that sends. `runs` counts those that were begun on it, which do in turn what `ways` say."""

    place: str
    ways: Sequence[Sequence[str]]
    workspace: Workspace
    network: Network
    process: subprocess.Popen[str] | None = None
    runs: int = 0
    stopped: bool = False

    @property
    def works(self) -> bool:
        """Whether a run is under way."""
        return self.process is not None and self.process.poll() is None

    @property
    def serves(self) -> bool:
        """Whether its run goes on until it is stopped."""
        return self.ways[(self.runs - 1) % len(self.ways)] is WORKS

    @property
    def journals(self) -> Path:
        """Its journals."""
        return self.workspace.root / "subscribers" / "mailer.journals"

    def workers(self) -> set[str]:
        """Return the names of the workers whose journals are open."""
        return {path.name for path in self.journals.glob("[0-9]*")}

    def start(self) -> None:
        """Let it send, until nothing is left, or whatever there is to do."""
        command = self.workspace.command(*self.ways[self.runs % len(self.ways)])
        self.runs += 1
        with (self.workspace.root / f"stderr-{self.runs}.txt").open("w") as stderr:
            self.process = subprocess.Popen(
                self.network.at(self.place, command),
                env=self.workspace.environment(),
                cwd=self.workspace.root,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                text=True,
                start_new_session=True,
            )

    def signal(self, number: signal.Signals) -> None:
        """Give all of its processes a signal."""
        assert self.process is not None
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def finish(self) -> None:
        """Tell it to let end what is in flight, as whoever stops a service does."""
        assert self.process is not None
        self.process.terminate()

    def complaint(self) -> str:
        """Return what was wrong with how its last run ended."""
        assert self.process is not None
        code = self.process.wait()
        words = (self.workspace.root / f"stderr-{self.runs}.txt").read_text()
        if "Traceback" in words or code not in AGAIN:
            return f"run {self.runs} of {self.place} ended with {code}: {words[-2000:]}"
        return ""


@dataclass(slots=True)
class Machines:
    """One send by several machines, from beginning to end. `complaints` is what went wrong on the way."""

    folder: Path
    seed: int
    people: int
    misfortunes: int
    network: Network = field(default_factory=Network)
    server: Server = field(init=False)
    machines: list[Machine] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)
    lost: dict[str, float] = field(default_factory=dict)  # workers whose chunks aren't taken over yet, since
    taken_over: list[float] = field(default_factory=list)  # seconds that it took
    complaints: list[str] = field(default_factory=list)
    uncertain: int = 0
    by_loss: Counter[str] = field(default_factory=Counter)  # in doubt by the loss of a worker, by its name
    _ending: bool = False  # nobody begins anew
    _to_undo: list[tuple[float, Callable[[], None]]] = field(default_factory=list)

    def run(self) -> None:
        """Do all of it, and judge."""
        with network("database", "mail", *MACHINES) as self.network:
            self.server = Server(self.folder / "database", self.network)
            self.server.make()
            sink, port = self._sink()
            try:
                self._found(port)
                self._suffer(random.Random(self.seed))
                self._rest()
                self._judge()
            finally:
                for machine in self.machines:
                    if machine.process is not None:
                        machine.signal(signal.SIGKILL)
                sink.communicate(timeout=60)
                self.server.close()

    def _sink(self) -> tuple[subprocess.Popen[str], int]:
        options = ["--seed", str(self.seed), "--calm", "--host", self.network.address("mail")]
        sink = subprocess.Popen(
            self.network.at("mail", [sys.executable, "-m", "torture.server", str(self.folder), *options]),
            cwd=Path(__file__).parents[1],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert sink.stdout is not None
        return sink, int(sink.stdout.readline())

    def _found(self, port: int) -> None:
        self.machines = [self._machine(place, ways, port) for place, ways in MACHINES.items()]
        at_home = self._at_home()
        at_home.run("lists", "create", "weekly", "--title", "Harbour Gazette")
        at_home.people(self.people)
        self.machines[0].start()
        self._until(lambda: self.accepted() > 0, "nothing is sent")

    def _at_home(self) -> Workspace:
        """Return the first machine's workspace for commands that run where its network isn't."""
        first = self.machines[0].workspace
        return Workspace(first.root, first.settings | {"DATABASE_URL": self.server.url_by_socket})

    def _machine(self, place: str, ways: Sequence[Sequence[str]], port: int) -> Machine:
        root = self.folder / place
        (root / "issues").mkdir(parents=True)
        (root / ".env").write_text("POSTAL_ADDRESS=1 Quay Street, Port Example\nSECRET_KEY=not-so-secret\n")
        settings = {
            "DATABASE_URL": self.server.url(),
            "SMTP_HOST": self.network.address("mail"),
            "SMTP_PORT": str(port),
            "SMTP_SECURITY": "none",
            "MAIL_FROM": "Harbour Gazette <editor@quay.internal>",  # a name that anybody may give a network
            "SMTP_CONNECTIONS": str(CONNECTIONS),
            "PYTHONPATH": str(Path(mailer.__file__).parents[1]),
        }
        workspace = Workspace(root, settings)
        workspace.issue()
        return Machine(place, ways, workspace, self.network)

    # The misfortunes.

    def _suffer(self, chance: random.Random) -> None:
        kinds = [self._lose, self._lose, self._kill, self._finish, self._stop, self._restart, self._crash]
        kinds += [self._cut, self._cut_database] * self.network.divided
        while self.misfortunes > sum(self.happened.values()) and self._left():
            self._look_for(chance.uniform(*BETWEEN))
            well = [each for each in self.machines if each.works and not each.stopped]
            if well:
                chance.choice(kinds)(chance.choice(well), chance.uniform(*AWAY))

    def _lose(self, machine: Machine, away: float) -> None:
        """It burns, with its disk, without a word; another one stands in its place."""
        if self.network.divided:
            self.network.cut(machine.place)
            machine.stopped = True
            self._later(away, partial(self._replace, machine))
        self.happened["lost"] += 1
        workers = machine.workers()
        machine.signal(signal.SIGKILL)
        assert machine.process is not None
        machine.process.wait()
        held = self.server.rows("SELECT DISTINCT holder FROM chunks WHERE is_open AND holder IS NOT NULL")
        self.lost |= {name: time.monotonic() for (name,) in held if name in workers}
        shutil.rmtree(machine.workspace.root / "subscribers", ignore_errors=True)
        machine.process = None

    def _replace(self, machine: Machine) -> None:
        self.network.mend(machine.place)
        machine.stopped = False

    def _kill(self, machine: Machine, away: float) -> None:
        """Its processes are killed, and begin anew."""
        self.happened["killed"] += 1
        machine.signal(signal.SIGKILL)

    def _finish(self, machine: Machine, away: float) -> None:
        """It is told to stop, lets end what is in flight, and begins anew."""
        self.happened["told to stop"] += 1
        machine.finish()

    def _stop(self, machine: Machine, away: float) -> None:
        """It stands still for longer than its leases last, and goes on."""
        self.happened["stopped"] += 1
        machine.signal(signal.SIGSTOP)
        machine.stopped = True

        def go_on() -> None:
            machine.stopped = False
            machine.signal(signal.SIGCONT)

        self._later(away, go_on)

    def _cut(self, machine: Machine, away: float) -> None:
        """Nothing gets to it or from it."""
        self.happened["cut off"] += 1
        self.network.cut(machine.place)
        self._later(away, lambda: self.network.mend(machine.place))

    def _cut_database(self, machine: Machine, away: float) -> None:
        """Nobody gets to the database."""
        self.happened["database cut off"] += 1
        self.network.cut("database")
        self._later(away, lambda: self.network.mend("database"))

    def _restart(self, machine: Machine, away: float) -> None:
        self.happened["database restarted"] += 1
        self.server.end(signal.SIGINT)
        self.server.start()

    def _crash(self, machine: Machine, away: float) -> None:
        self.happened["database crashed"] += 1
        self.server.end(signal.SIGQUIT)
        self.server.start()

    def _later(self, seconds: float, undo: Callable[[], None]) -> None:
        self._to_undo.append((time.monotonic() + seconds, undo))

    # Meanwhile.

    def _look_for(self, seconds: float) -> None:
        """See to everything for so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._look()
            time.sleep(0.1)

    def _look(self) -> None:
        now = time.monotonic()
        for entry in [each for each in self._to_undo if each[0] <= now]:
            self._to_undo.remove(entry)
            entry[1]()
        for machine in self.machines:
            if not (machine.works or machine.stopped):
                if machine.process is not None and (complaint := machine.complaint()):
                    self.complaints.append(complaint)
                machine.process = None
                if not self._ending and self._left():
                    machine.start()
        held = self.server.rows("SELECT holder FROM chunks WHERE is_open UNION SELECT '-'")
        for worker in [each for each in self.lost if held and (each,) not in held]:
            self.taken_over.append(now - self.lost.pop(worker))

    def _until(self, holds: Callable[[], bool], otherwise: str) -> None:
        sent, since = self.accepted(), time.monotonic()
        while not holds() and not self.complaints:
            if (more := self.accepted()) > sent:
                sent, since = more, time.monotonic()
            if time.monotonic() - since > PATIENCE:
                self.complaints.append(otherwise)
            self._look()
            time.sleep(0.1)

    def _rest(self) -> None:
        """Let everything be sent that is left, and every run end.

        Who stood still may say then of some that they were never handed over: somebody has to send those.
        """
        for _ in range(RESTS):
            self._until(lambda: not (self._to_undo or self._left() or self.lost), "something is left to send")
            self._ending = True
            self._until(lambda: not self._at_work(serving=False), "a run does not end")
            for machine in self._at_work(serving=True):
                machine.finish()
            self._until(lambda: not self._at_work(serving=True), "a run that was stopped does not end")
            self._look()  # what is wrong with how they ended
            if self.complaints or not self._left():
                return
            self._ending = False

    def _at_work(self, *, serving: bool) -> list[Machine]:
        return [each for each in self.machines if each.works and each.serves is serving]

    def _left(self) -> bool:
        """Whether somebody waits; while the database is away nobody knows."""
        totals = self.server.rows("SELECT coalesce(sum(queued + deferred), 1) FROM chunks")
        return not totals or totals[0][0] > 0

    def accepted(self) -> int:
        """Return how many messages the server has taken."""
        return len(self._log())

    def _log(self) -> list[str]:
        log = self.folder / "accepted.log"
        return log.read_text().splitlines() if log.exists() else []

    # What came of it.

    @property
    def bound(self) -> int:
        """How many may be in doubt for each worker that is lost: what is marked in two turns."""
        return 2 * max(CONNECTIONS, int(4 * MARK_SPAN / SLOW))

    def _judge(self) -> None:
        copies = Counter(line.split(" ")[0] for line in self._log())
        standings = {email: (state, words) for email, state, words in self.server.rows(STANDINGS)}
        if len(standings) != self.people:
            self.complaints.append(f"the ledger has {len(standings)} of {self.people} people")
        for email, (state, words) in standings.items():
            if copies[email] > 1:
                self.complaints.append(f"{email}: {copies[email]} copies")
            if state not in ("accepted", "uncertain") or (state == "accepted" and not copies[email]):
                self.complaints.append(f"{email}: {state} ({words}), {copies[email]} copies")
            self.uncertain += state == "uncertain"
        ever = self.server.rows(BY_LOSS, loss=f"{LOSS}%")
        self.by_loss = Counter({words.partition("(")[2].partition(")")[0]: number for words, number in ever})
        self.complaints += [
            f"{number} in doubt by the loss of {worker}, {self.bound} at most"
            for worker, number in self.by_loss.items()
            if number > self.bound
        ]
        if self._left():
            self.complaints.append("something is left to send")
            return
        verified = self._at_home().data("verify", "harbour", expect=5 if self.uncertain else 0)[0]
        self.complaints += verified["discrepancies"]

    def summary(self) -> str:
        """Return the figures in a line."""
        what = ", ".join(f"{number} {kind}" for kind, number in sorted(self.happened.items()))
        runs = sum(machine.runs for machine in self.machines)
        times = sorted(self.taken_over)
        took = f"taken over after {times[0]:.1f} to {times[-1]:.1f} s; " if times else ""
        most = max(self.by_loss.values(), default=0)
        doubts = f"{sum(self.by_loss.values())} in doubt by loss, {most} at most by one"
        where = (
            "in namespaces" if self.network.divided else "by processes alone: no namespaces to be had here"
        )
        return f"{where}; {what}; {runs} runs; {took}{doubts}; left uncertain {self.uncertain}"
