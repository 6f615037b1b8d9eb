"""`mailer run` left alone: the rounds of a virtual week in which nothing is due, made one after the other.

It has schedules that recur, feeds to ask, and sequences in which everybody waits for the next mail.

`python -m benchmarks.idling FOLDER DATABASE_URL ROUNDS` makes a workspace there, and prints what they cost.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.instruments import BUILD

if TYPE_CHECKING:
    from mailer.bootstrap import App

EVERY = 10  # seconds, as it looks by itself
WEEK = 7 * 24 * 3600 // EVERY  # rounds
FOLDERS, FEEDS = 30, 20  # schedules that recur on Mondays
BATCH = 5_000  # people in a statement
PEOPLE = 100_000  # in each sequence
# How each sequence begins; everybody is in all of them.
STARTS = (
    '"command"',
    '"confirmation"',
    '{ tag = "press" }',
    '{ date = "birthday", each = "year" }',
    '{ date = "birthday", before = "7d" }',
)
STEP = "---\ntitle: The harbour and you\nafter: 60d\n---\nHow do you like it so far?\n"
MONDAY_NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Idle:
    """So many rounds: seconds of CPU, queries, octets of memory after the first hundred and at the end."""

    rounds: int
    cpu: float
    queries: int
    early: int
    late: int

    @property
    def share(self) -> float:
        """Of a core."""
        return self.cpu / (self.rounds * EVERY)


def idled(url: str, rounds: int) -> Idle:
    """Let rounds go by in a process of its own."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD) as folder:
        command = [sys.executable, "-m", "benchmarks.idling", folder, url, str(rounds)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    return Idle(**json.loads(done.stdout.splitlines()[-1]))


def idle_table(found: dict[str, Idle]) -> Iterator[Sequence[str]]:
    """Yield the rows of the page's table."""
    yield "", "rounds", "of a core", "CPU a round", "queries a second", "MB after 100 rounds", "at the end"
    for name, each in found.items():
        yield (
            name,
            f"{each.rounds:,}",
            f"{each.share:.2%}",
            f"{each.cpu / each.rounds * 1000:.1f} ms",
            f"{each.queries / (each.rounds * EVERY):.2f}",
            f"{each.early / 1e6:.1f}",
            f"{each.late / 1e6:.1f}",
        )


def main(folder: Path, url: str, count: int) -> Idle:
    """Make the workspace and the rounds."""
    from sqlalchemy import Engine, event

    from mailer.bootstrap import App
    from mailer.domain.audience import Audience
    from mailer.domain.digest import Digest
    from mailer.domain.recurrence import Recurrence
    from mailer.services.recurring import add_folder, add_recurring
    from mailer.services.rounds import check_settings, rounds

    now, queries, early, began = MONDAY_NOON, 0, 0, 0.0

    def note(*said: object) -> None:
        nonlocal queries
        queries += not str(said[2]).startswith(("BEGIN", "COMMIT", "PRAGMA"))

    app = App(folder, {"POSTAL_ADDRESS": "1 Quay Street", "DATABASE_URL": url}, clock=lambda: now)
    app.lists.create("weekly", now, "Harbour Gazette")
    weekly = Audience(("weekly",))
    for number in range(FOLDERS):
        (folder / f"folder{number}").mkdir()
        add_folder(app, folder / f"folder{number}", weekly, Recurrence(f"{number} 8 * * MON"))
    for number in range(FEEDS):
        digest = Digest((f"https://quay{number}.example/feed",), 1, 10, full_text=False, template="digest")
        add_recurring(app, digest.feeds[0], weekly, Recurrence(f"{number} 9 * * MON", digest=digest))
    _begin_sequences(app)
    event.listen(Engine, "before_cursor_execute", note)
    app.stay(keep_open=True)
    with rounds(app) as made:
        for number in range(count + 100):
            if number == 100:
                early, began, queries = _memory(), time.process_time(), 0
            # Short of the Monday after it begins again: nothing is to fall due.
            now = MONDAY_NOON + timedelta(seconds=number * EVERY % (6 * 24 * 3600))
            check_settings(app)
            made.make(print, lambda _: True)
            app.let_go()
    return Idle(count, time.process_time() - began, queries, early, _memory())


def _begin_sequences(app: App) -> None:
    from mailer.domain.address import Address
    from mailer.domain.consent import Source, SourceKind
    from mailer.domain.field import FieldType
    from mailer.people.enrol import Consent, Entry, enrol
    from mailer.people.field_types import declare_types
    from mailer.services.sequence_people import start_segment
    from mailer.services.sequences import activate

    born = {"birthday": "1990-06-04"}
    people = (Entry(Address.parse(f"reader{number}@inbox.example"), born) for number in range(PEOPLE))
    terms = Consent((1,), Source(SourceKind.COMMAND, "benchmark"), app.now() - timedelta(days=1))
    with app.database.begin() as connection:
        declare_types(connection, {"birthday": FieldType.DATE})
        while batch := list(islice(people, BATCH)):
            enrol(connection, batch, terms)
    for number, start in enumerate(STARTS):
        folder = app.root / "sequences" / f"harbour{number}"
        folder.mkdir(parents=True)
        (folder / "sequence.toml").write_text(f'list = "weekly"\nstart = {start}\n')
        (folder / "1-hello.md").write_text(STEP)
        activate(app, folder.name)
        start_segment(app, folder.name, "email is known")


def _memory() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))


if __name__ == "__main__":
    print(json.dumps(asdict(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))))
