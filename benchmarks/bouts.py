"""Who meets whom: the comparisons, each of some sides run in turn, and the steps measured by themselves."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.figures import Figures
from benchmarks.idling import WEEK, Idle, idled
from benchmarks.importing import LISTED, Beside, Taking, beside, floor, imported, write_people
from benchmarks.instruments import BUILD, Unavailable
from benchmarks.letters import Crowd, Letter, as_jinja, letter, people
from benchmarks.millions import Size, send_to_nowhere, sizes
from benchmarks.pages import Answered, Leaving, archived, leaving, told
from benchmarks.postgresql import Server, postgresql
from benchmarks.programs import HERE_AND_NOW, Program, earlier, extra_packages
from benchmarks.returning import fill, returned, sent
from benchmarks.rooms import shares
from benchmarks.segmenting import Counted, counted_segments
from benchmarks.sides import Side, compiling, in_turn, make_key, ours, rival, run, smtp_source

LARGE, SMALL = 30_000, 3_000  # octets a message
SOURCE = "smtp-source -d -s 20"
OURS, PIPELINED, CHUNKED = "mailer", "mailer, PIPELINING only", "mailer, CHUNKING"
SIGNED = "mailer, signed with DKIM (RSA-2048)"
BEFORE, ON_POSTGRESQL = "mailer, the commit before", "mailer on PostgreSQL"
NEAR, FAR, MODEST = "0 ms, 30 KB", "20 ms, 30 KB", "0 ms, 30 KB, 10,000 recipients"
VARIED, STORED = "0 ms, 30 KB, accents and an `if`", "0 ms, 30 KB, both databases"
CROWDS = (10_000, 1_000_000)
LEAVING, ARCHIVE = "one-click unsubscribing, beside a send", "pages of the archive"
HOOKS = "bounces told of by webhook"
SEGMENTED = 1_000_000  # people among whom segments are counted
RETURNED = 100_000  # messages in a Maildir
PEOPLE, SENT_BESIDE = 1_000_000, 50_000  # in the file that is imported, and in a send meanwhile
MOST_ON_A_SERVER = 3_000_000  # people in a send to nowhere: the server has the same processors
LOOKS = 500  # a second: enough to tell a per cent of a few seconds, few enough to be felt little


def of_size(count: int) -> str:
    """Return the name of the bout in which memory is measured with so many recipients."""
    return f"0 ms, 3 KB, {count:,} recipients"


@dataclass(slots=True)
class Findings:
    """What was measured: figures by bout and side, seconds of `compiling` an issue, microseconds of CPU a
    message by side and by what is done in them (`profiles`), sends to `nowhere` and `segments` by database,
    files of people taken in (`imports`) and a send `beside` that, mail that came back (`returns`); whether
    with the `full` numbers, and what was `left_out` for want of something.
    """

    figures: dict[str, dict[str, Figures]] = field(default_factory=dict)
    compiling: float | None = None
    profiles: dict[str, dict[str, float]] = field(default_factory=dict)
    nowhere: dict[str, list[Size]] = field(default_factory=dict)
    segments: dict[str, Counted] = field(default_factory=dict)
    imports: dict[str, Taking] = field(default_factory=dict)
    beside: Beside | None = None
    pages: dict[str, Answered] = field(default_factory=dict)
    leaving: Leaving | None = None
    returns: dict[str, Taking] = field(default_factory=dict)
    idle: dict[str, Idle] = field(default_factory=dict)
    full: bool = True
    left_out: list[str] = field(default_factory=list)

    def of(self, bout: str, side: str) -> Figures | None:
        """Return a side's figures in a bout, if it ran."""
        return self.figures.get(bout, {}).get(side)


@dataclass(slots=True)
class Meeting:
    """The benchmarks of one `make bench`: `share` of the full number of messages, `rounds` that count, the
    revisions from `before`, how many `people` a send to nowhere has at most.
    """

    rounds: int
    share: float
    before: Sequence[str]
    people: int
    tell: Callable[[str], None]
    stack: ExitStack
    findings: Findings = field(default_factory=Findings)
    _crowds: dict[tuple[int, Program, bool, bool], Crowd] = field(default_factory=dict)
    _letters: dict[tuple[str, bool], Letter] = field(default_factory=dict)
    _server: Server | None = None

    def near(self) -> None:
        """Round trip 0, 30 KB: the main comparison."""
        crowd, long = self.crowd(100_000), self.letter("newsletter", LARGE)
        templates = self._templates(long)
        self._bout(
            NEAR,
            ours(OURS, crowd, long),
            ours(PIPELINED, crowd, long, offers=("pipelining",)),
            *self._before(100_000, long),
            smtp_source(self.count(100_000), LARGE),
            rival("smtplib", self.count(1000), templates),
            rival("premailer", self.count(500), templates),
            rival("aiosmtplib", self.count(1000), templates),
        )

    def varied(self) -> None:
        """The same for a list as they are: half of the names have accents, and the text an `if`."""
        long = self.letter("newsletter", LARGE, varied=True)
        self._bout(
            VARIED,
            ours(OURS, self.crowd(100_000, varied=True), long),
            *self._before(100_000, long, varied=True),
            smtp_source(self.count(100_000), LARGE),
        )

    def stored(self) -> None:
        """The same on SQLite and on PostgreSQL, whose server has the same processors."""
        long = self.letter("newsletter", LARGE)
        self._bout(STORED, ours(OURS, self.crowd(100_000), long), self._on_postgresql(long))

    def small(self) -> None:
        """Round trip 0, 3 KB."""
        crowd, short = self.crowd(100_000), self.letter("note", SMALL)
        self._bout("0 ms, 3 KB", ours(OURS, crowd, short), smtp_source(self.count(100_000), SMALL))

    def far(self) -> None:
        """Round trip 20 ms."""
        long = self.letter("newsletter", LARGE)
        templates = self._templates(long)
        self._bout(
            FAR,
            *self._over_a_wire(long, 20, pipelined=20_000, chunked=20_000, source=2500),
            rival("smtplib", self.count(200), templates, 20),
            rival("aiosmtplib", self.count(1000), templates, 20),
        )

    def farther(self) -> None:
        """Round trip 50 ms."""
        long = self.letter("newsletter", LARGE)
        self._bout(
            "50 ms, 30 KB", *self._over_a_wire(long, 50, pipelined=10_000, chunked=20_000, source=1000)
        )

    def signed(self) -> None:
        """What a DKIM signature on each message costs."""
        # A smaller share would measure the start of the program rather than signatures.
        crowd, long = self._people(10_000), self.letter("newsletter", LARGE)
        key = Path(self.stack.enter_context(tempfile.TemporaryDirectory(dir=BUILD))) / "dkim.pem"
        make_key(key)
        dkim = {"DKIM_DOMAIN": "gazette.example", "DKIM_SELECTOR": "bench", "DKIM_KEY_FILE": str(key)}
        self._bout(MODEST, ours(OURS, crowd, long), ours(SIGNED, crowd, long, settings=dkim))

    def memory(self) -> None:
        """Memory at 10,000 and at 1,000,000 recipients, once each: it hardly differs from run to run."""
        if self.share < 1:
            raise Unavailable("it needs the full number of recipients")
        short = self.letter("note", SMALL)
        for count in CROWDS:
            side = ours(OURS, self.crowd(count), short)
            self._bout(of_size(count), side, rounds=1, warm=False)

    def compile(self) -> None:
        """Compiling an issue."""
        times = []
        for _ in range(self.rounds):
            with self._people(1).copy(self.letter("newsletter", LARGE)) as root:
                times.append(compiling(root))
        self.findings.compiling = median(times)
        self.tell(f"compile: {median(times):.3f} s")

    def profile(self) -> None:
        """Where the CPU of the main comparison's send goes, all its processes, by a sampling profiler."""
        long = self.letter("newsletter", LARGE)
        for side in (*self._before(100_000, long), ours(OURS, self.crowd(100_000), long)):
            self._profile(side)
        self._profile(self._on_postgresql(long))

    def _profile(self, side: Side) -> None:
        cpu, seen = run(side).cpu, self._looked_at(side)
        self.findings.profiles[side.name] = {name: share * cpu for name, share in seen.items()}
        self.tell(f"  {side.name}: " + ", ".join(f"{name} {share:.1%}" for name, share in seen.items()))

    def _looked_at(self, side: Side) -> dict[str, float]:
        with tempfile.TemporaryDirectory(dir=BUILD) as folder:
            seen = Path(folder) / "stacks"
            spy = [str(extra_packages() / "bin" / "py-spy"), "record", "--subprocesses", "--format", "raw"]
            run(side.under([*spy, "--rate", str(LOOKS), "--output", str(seen), "--"]))
            with seen.open() as lines:
                return shares(lines)

    def millions(self) -> None:
        """Sends to nowhere: what ledger and engine cost by the number of recipients."""
        self._to_nowhere("SQLite", self.people, None)
        self._to_nowhere("PostgreSQL", min(self.people, MOST_ON_A_SERVER), self.server())

    def segments(self) -> None:
        """Counting segments of a million people."""
        for database, server in (("SQLite", None), ("PostgreSQL", self.server())):
            counted = counted_segments(self._people(1, server=server), self.count(SEGMENTED))
            self.findings.segments[database] = counted
            for definition, (_, alone, by_list) in counted.items():
                self.tell(f"  {database}, {definition}: {alone:.2f} s, by list {by_list:.2f} s")

    def _to_nowhere(self, database: str, most: int, server: Server | None) -> None:
        for count in sizes(self.count(most)):
            size = send_to_nowhere(self._people(count, server=server), self.letter("note", SMALL))
            self.findings.nowhere.setdefault(database, []).append(size)
            told = ", ".join(f"{name} {value:.1f}" for name, value in size.clock.items())
            self.tell(f"  {database}, {count:,} to nowhere: {told}")

    def imported(self) -> None:
        """A file of people taken in, once each; then a send while one is."""
        rows = self.count(PEOPLE)
        sent = self.crowd(SENT_BESIDE)
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory(dir=BUILD)))
        file = write_people(folder / "people.csv", rows)
        self._imported("SQLite", self._people(1), file, rows)
        self._tell_import(
            "csv and executemany (SQLite)", floor("sqlite", file, rows, str(folder / "floor.db"))
        )
        found = beside(sent, self.letter("note", SMALL), file, rows)
        self.findings.beside = found
        self.tell(f"  beside a send: {found.longest:.2f} s between two messages, {found.alone:.2f} s alone")
        server = self.server()
        self._imported("PostgreSQL", self._people(1, server=server), file, rows)
        with server.database("floor") as url:
            self._tell_import("csv and COPY (PostgreSQL)", floor("postgresql", file, rows, url, server))

    def paged(self) -> None:
        """People who leave while a send goes on, pages of the archive, and webhooks, once each."""
        note = self.letter("note", SMALL)
        self.findings.leaving = left = leaving(self.crowd(SENT_BESIDE), note)
        self.findings.pages = {
            LEAVING: left.answered,
            ARCHIVE: archived(self._people(1000), note),
            HOOKS: told(self.crowd(SENT_BESIDE), note),
        }
        for name, found in self.findings.pages.items():
            self.tell(f"  {name}: {found.rate:,.0f}/s, p99 {found.late:,.0f} ms, {found.cpu:,.0f} µs of CPU")
        self.tell(f"  lost {left.lost}, mailed after they left {left.after}, in the next send {left.again}")

    def _imported(self, database: str, crowd: Crowd, file: Path, rows: int) -> None:
        with crowd.copy(self.letter("note", SMALL)) as root:
            crowd.program.run(root, *LISTED)
            for what in ("", ", again: nobody has changed"):
                found = imported(root, file, rows, crowd.server)
                self._tell_import(f"mailer on {database}{what}", found)

    def _tell_import(self, name: str, found: Taking) -> None:
        self.findings.imports[name] = found
        self.tell(f"  {name}: {found.rows / found.seconds:,.0f} rows/s, {found.memory / 1e6:,.0f} MB")

    def returned(self) -> None:
        """A Maildir of what came back taken in: a tenth of it, then all, then once more."""
        for share in (10, 1):
            count = self.count(RETURNED) // share
            with self._people(count).copy(self.letter("note", SMALL)) as root:
                sent(root)
                folder = fill(root / "returned", count)
                self._tell_return(f"{count:,} messages, new", returned(root, folder, count))
                again = fill(root / "again", count)
                self._tell_return(f"{count:,} messages, known already", returned(root, again, count))

    def _tell_return(self, name: str, found: Taking) -> None:
        self.findings.returns[name] = found
        self.tell(f"  {name}: {found.seconds:.1f} s, {found.cpu:.1f} s of CPU, {found.memory / 1e6:,.0f} MB")

    def left_alone(self) -> None:
        """The rounds of a week in which nothing is due, on both databases."""
        with self.server().database("idle") as url:
            for name, where in (("SQLite", "sqlite:///mailer.db"), ("PostgreSQL", url)):
                self.findings.idle[name] = found = idled(where, self.count(WEEK))
                self.tell(f"  {name}: {found.share:.2%} of a core")

    def count(self, full: int) -> int:
        """Return how many messages stand for `full` this time."""
        return max(1, round(full * self.share))

    def crowd(self, full: int, program: Program = HERE_AND_NOW, *, varied: bool = False) -> Crowd:
        """Return a workspace of the share of so many people that takes part."""
        return self._people(self.count(full), program, varied=varied)

    def _people(
        self,
        count: int,
        program: Program = HERE_AND_NOW,
        server: Server | None = None,
        *,
        varied: bool = False,
    ) -> Crowd:
        """Return a workspace of so many people, made once."""
        key = (count, program, server is not None, varied)
        if key not in self._crowds:
            self.tell(f"  a list of {count:,} people")
            self._crowds[key] = self.stack.enter_context(people(count, program, server, varied=varied))
        return self._crowds[key]

    def letter(self, layout: str, octets: int, *, varied: bool = False) -> Letter:
        """Return the issue of that size, made once."""
        key = (layout, varied)
        if key not in self._letters:
            self._letters[key] = letter(layout, octets, varied=varied)
        return self._letters[key]

    def server(self) -> Server:
        """Return a PostgreSQL server of our own, started once."""
        if self._server is None:
            self._server = self.stack.enter_context(postgresql())
        return self._server

    def _before(self, full: int, long: Letter, *, varied: bool = False) -> Iterator[Side]:
        """Yield a side for each earlier revision; the first is the one that targets speak of."""
        for place, revision in enumerate(self.before):
            name = f"mailer at {revision}" if place else BEFORE
            try:
                yield ours(name, self.crowd(full, earlier(revision), varied=varied), long)
            except Unavailable as missing:
                self.leave_out(name, missing)

    def _on_postgresql(self, long: Letter) -> Side:
        return ours(ON_POSTGRESQL, self._people(self.count(100_000), server=self.server()), long)

    def leave_out(self, what: str, why: BaseException) -> None:
        """Go on without it, and say so."""
        self.findings.left_out.append(what)
        self.tell(f"{what}: left out, {why}")

    def _over_a_wire(
        self, long: Letter, round_trip: int, *, pipelined: int, chunked: int, source: int
    ) -> Iterator[Side]:
        alone = ("pipelining",)
        yield ours(PIPELINED, self.crowd(pipelined), long, round_trip=round_trip, offers=alone)
        yield ours(CHUNKED, self.crowd(chunked), long, round_trip=round_trip)
        yield smtp_source(self.count(source), LARGE, round_trip)

    def _bout(self, name: str, *sides: Side, rounds: int | None = None, warm: bool = True) -> None:
        self.tell(f"{name}:")
        self.findings.figures[name] = in_turn(
            sides,
            rounds or self.rounds,
            lambda side, f: self.tell(f"  {side.name}: {f.rate:,.0f}/s, {f.cpu:,.0f} µs, {f.memory:,.0f} MB"),
            warm=warm and self.share == 1,
        )

    def _templates(self, long: Letter) -> Path:
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory(dir=BUILD)))
        file = folder / "templates.json"
        file.write_text(json.dumps(as_jinja(self.crowd(1), long)))
        return file


PARTS: dict[str, Callable[[Meeting], None]] = {
    "near": Meeting.near,
    "varied": Meeting.varied,
    "stored": Meeting.stored,
    "small": Meeting.small,
    "far": Meeting.far,
    "farther": Meeting.farther,
    "signed": Meeting.signed,
    "memory": Meeting.memory,
    "compile": Meeting.compile,
    "profile": Meeting.profile,
    "millions": Meeting.millions,
    "segments": Meeting.segments,
    "import": Meeting.imported,
    "pages": Meeting.paged,
    "returns": Meeting.returned,
    "idle": Meeting.left_alone,
}
