"""`mailer serve` under load: people who leave while a send goes on in the same file of SQLite, readers of the
archive, and a provider that tells of bounces.
"""

from __future__ import annotations

import json
import os
import random
import sqlite3
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from benchmarks.instruments import HERE, sink, taken
from benchmarks.letters import SETTINGS, Crowd, Letter
from benchmarks.programs import bare_environment
from benchmarks.returning import sent
from benchmarks.sides import HERE_IN_THE_CLEAR
from mailer.domain.return_path import ReturnSigner
from mailer.domain.signed_links import LinkToken, sign_token

SECONDS = 20  # that people come
RATE = 2000  # of them a second
TOLD = 1000  # events a second, each in a request of its own
SECRET = "harbour:harbour"  # what the provider shows
ONE_CLICK = "List-Unsubscribe=One-Click"  # RFC 8058 3.1
SEND = 1  # the id of the first send of a workspace
ARCHIVED = ("/archive/", "/archive/weekly/", "/archive/weekly/atom.xml")
MAILED_AFTERWARDS = """
    SELECT count(*), max((julianday(o.at) - julianday(c.recorded_at)) * 86400)
    FROM outcomes o JOIN consents c ON c.subscriber_id = o.subscriber_id AND c.change = 'left'
    WHERE o.state = 'accepted' AND o.send_id = ? AND o.at > c.recorded_at
"""


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of so many requests: seconds for all, milliseconds of one (the median, the 99th of a hundred,
    the longest), microseconds of CPU that one took of the server, and how many were not answered with 200.
    """

    requests: int
    seconds: float
    median: float
    late: float
    longest: float
    cpu: float
    bad: int

    @property
    def rate(self) -> float:
        """How many were answered a second."""
        return self.requests / self.seconds


@dataclass(frozen=True, slots=True)
class Leaving:
    """People who left during a send of so many `messages`: how many were answered well and yet are not
    recorded (`lost`); how many a message went to after they were (`after`), and by how many seconds at most:
    it was in a worker's hand already. Of the next send `again` went to who had left.
    """

    answered: Answered
    messages: int
    lost: int
    after: int
    by: float
    again: int


@contextmanager
def served(crowd: Crowd, root: Path) -> Iterator[tuple[int, int]]:
    """Run `mailer serve` on a workspace; yield its port and process id."""
    log = root / "serve.log"
    command = [str(crowd.program.command), "-C", str(root), "serve", "--port", "0"]
    with log.open("w") as said, subprocess.Popen(command, stderr=said, env=bare_environment()) as process:
        try:
            while "Serving on" not in log.read_text():
                if process.poll() is not None:
                    sys.exit(f"mailer serve ended:\n{log.read_text()}")
                time.sleep(0.05)
            port = int(log.read_text().partition("http://127.0.0.1:")[2].partition("/")[0])
            urlopen(f"http://127.0.0.1:{port}/readyz").close()
            yield port, process.pid
        finally:
            process.terminate()


def request(path: str, kind: str = "", body: str = "", *fields: str) -> str:
    """Return a request as it goes over the wire: POST where there is a body, of that kind."""
    lines = [f"{'POST' if body else 'GET'} {path} HTTP/1.1", "Host: 127.0.0.1", *fields]
    lines += [f"Content-Type: {kind}", f"Content-Length: {len(body.encode())}"] if body else []
    return "\r\n".join([*lines, "", body])


def asked(
    port: int, pid: int, requests: Sequence[str], folder: Path, rate: float = RATE
) -> tuple[Answered, list[int]]:
    """Ask so many times a second; return what came of it, and which were not answered well."""
    file = folder / "requests"
    file.write_text(json.dumps(requests))
    before = _cpu(pid)
    words = [sys.executable, "-m", "benchmarks.readers", str(port), str(rate), str(file)]
    said = json.loads(subprocess.run(words, cwd=HERE.parent, check=True, stdout=subprocess.PIPE).stdout)
    took = said["took"]
    answered = Answered(
        len(requests),
        said["seconds"],
        took[len(took) // 2],
        took[int(len(took) * 0.99)],
        took[-1],
        (_cpu(pid) - before) / len(requests) * 1e6,
        len(said["bad"]),
    )
    return answered, said["bad"]


def _cpu(pid: int) -> float:
    used = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, used)) / os.sysconf("SC_CLK_TCK")


def leaving(crowd: Crowd, letter: Letter) -> Leaving:
    """Let people leave by one click while a send goes on, then send once more; SystemExit unless exact."""
    number = min(RATE * SECONDS, crowd.count * 4 // 5)
    with crowd.copy(letter) as root, closing(sqlite3.connect(root / "subscribers" / "mailer.db")) as reading:
        ids = [each for (each,) in reading.execute("SELECT id FROM subscribers")]
        random.Random(1).shuffle(ids)
        key = SETTINGS["SECRET_KEY"].encode()
        form = "application/x-www-form-urlencoded"
        tokens = [sign_token(key, LinkToken(SEND, each, 1)) for each in ids[:number]]
        clicks = [request(f"/u/{each}", form, ONE_CLICK) for each in tokens]
        with served(crowd, root) as (port, pid), sink("pipelining", "chunking") as server:
            sending = _sending(crowd, root, "harbour", server.port, rate=crowd.count * RATE / number)
            while not reading.execute("SELECT count(*) FROM chunks WHERE accepted > 0").fetchone()[0]:
                time.sleep(0.05)
            answered, bad = asked(port, pid, clicks, root)
            _ended(sending)
        crowd.program.run(root, "verify", "harbour")
        left = set(ids[:number]) - {ids[place] for place in bad}
        gone = "SELECT subscriber_id FROM subscriptions WHERE status = 'unsubscribed'"
        recorded = {each for (each,) in reading.execute(gone)}
        after, by = reading.execute(MAILED_AFTERWARDS, [SEND]).fetchone()
        (root / "issues" / "tide.md").write_text(letter.issue().replace("harbour clock", "tide"))
        with sink("pipelining", "chunking") as server:
            _ended(_sending(crowd, root, "tide", server.port))
        stayed = crowd.count - len(recorded)
        again = taken(server).messages - stayed
        return Leaving(answered, crowd.count, len(left - recorded), after, by or 0.0, again)


def archived(crowd: Crowd, letter: Letter) -> Answered:
    """Ask for pages of the archive; SystemExit if an issue that is sent meanwhile isn't there at the end."""
    text = letter.issue().replace("subscriber.member", "subscriber.member|default('')")  # for anybody
    with crowd.copy(letter) as root, sink("pipelining", "chunking") as server:
        (root / "issues" / "harbour.md").write_text(text)
        (root / "issues" / "tide.md").write_text(text.replace("harbour clock", "tide"))
        crowd.program.run(root, "lists", "set", "weekly", "--public")
        _ended(_sending(crowd, root, "harbour", server.port))
        with served(crowd, root) as (port, pid):
            year = time.strftime("%Y")
            pages = [*ARCHIVED, f"/archive/weekly/{year}/harbour/"]
            requests = [request(pages[place % len(pages)]) for place in range(RATE * SECONDS)]
            sending = _sending(crowd, root, "tide", server.port)
            answered, _ = asked(port, pid, requests, root)
            _ended(sending)
            time.sleep(1.1)  # it is looked for at most once a second
            _, missing = asked(port, pid, [request(f"/archive/weekly/{year}/tide/")], root)
            if missing:
                sys.exit("an issue that was sent is not in the archive that is served")
        return answered


def told(crowd: Crowd, letter: Letter) -> Answered:
    """Let a provider tell of bounces, TOLD a second; SystemExit unless each is kept and heeded in the end."""
    with crowd.copy(letter) as root:
        sent(root)
        with (root / ".env").open("a") as settings:
            settings.write(f"\nWEBHOOK_POSTMARK_SECRET={SECRET}\n")
        people = min(TOLD * SECONDS, crowd.count)
        proof = f"Authorization: Basic {b64encode(SECRET.encode()).decode()}"
        events = [
            request("/hooks/postmark", "application/json", json.dumps(each), proof)
            for each in bounces(root, people)
        ]
        with served(crowd, root) as (port, pid):
            answered, _ = asked(port, pid, events, root, TOLD)
            began = time.monotonic()
            count = "SELECT count(*) FROM suppressions WHERE reason = 'bounced'"
            with closing(sqlite3.connect(root / "subscribers" / "mailer.db")) as reading:
                while reading.execute(count).fetchone()[0] < people:
                    if time.monotonic() - began > 120:
                        sys.exit("not every bounce that was told of is heeded")
                    time.sleep(0.1)
        return answered


def bounces(root: Path, people: int) -> Iterator[dict[str, object]]:
    """Yield the event of Postmark's for a copy of each of so many people, which a token of ours names."""
    signer, now = ReturnSigner(SETTINGS["SECRET_KEY"].encode(), SEND), time.time()
    with closing(sqlite3.connect(root / "subscribers" / "mailer.db")) as reading:
        rows = reading.execute("SELECT id, email FROM subscribers LIMIT ?", [people]).fetchall()
    for number, email in rows:
        yield {
            "RecordType": "Bounce",
            "Type": "HardBounce",
            "ID": number,
            "Email": email,
            "Details": "550 5.1.1 No such user here",
            "Metadata": {"mailer": signer.sign(number, now)},
        }


def _sending(crowd: Crowd, root: Path, slug: str, port: int, rate: float = 0) -> subprocess.Popen[bytes]:
    words = [str(crowd.program.command), "-C", str(root), "send-issue", slug, "--yes", "-q"]
    words += ["--rate", f"{rate:.0f}"] if rate else []
    environment = {**bare_environment(), **HERE_IN_THE_CLEAR, "SMTP_PORT": str(port)}
    return subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL)


def _ended(sending: subprocess.Popen[bytes]) -> None:
    if sending.wait():
        sys.exit(f"a send ended with {sending.returncode}")


def pages_table(found: dict[str, Answered]) -> Iterator[Sequence[str]]:
    """Yield the rows of the table on the page."""
    yield "", "requests", "a second", "median ms", "p99 ms", "longest ms", "CPU µs of the server", "not 200"
    for name, each in found.items():
        yield (
            name,
            f"{each.requests:,}",
            f"{each.rate:,.0f}",
            f"{each.median:,.1f}",
            f"{each.late:,.0f}",
            f"{each.longest:,.0f}",
            f"{each.cpu:,.0f}",
            f"{each.bad:,}",
        )
