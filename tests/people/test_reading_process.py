"""Large files are read by a process of its own: what it says is what reading them here says."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from mailer.domain.address import Address
from mailer.domain.standing import Standing
from mailer.domain.subscriber import Status
from mailer.domain.suppression import Reason
from mailer.errors import MailerError, UsageError
from mailer.people.enrol import Entry
from mailer.people.importing.consent import Answers, ConsentUnclear
from mailer.people.importing.later_rows import KeptOff, LaterRows
from mailer.people.importing.reading import ToRead
from mailer.people.importing.reading_process import ReadingApart, ReadingEnded, reading_apart
from mailer.people.importing.sources.origin import FileOrigin
from mailer.people.importing.sources.row_file import Row
from mailer.people.lists import Lists
from mailer.people.suppressing import Hashing, suppress
from mailer.services.import_people import Import, ImportReport, import_files
from mailer.store.database import open_database
from mailer.store.schema import subscribers, subscriptions

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
HEADER = "email,name,visits,status\n"
PEOPLE = [
    "ada@quay.example,Ada,3,subscribed",
    "bo@quay.example,Bo,1,subscribed",
    "nobody,,,subscribed",
    "Ada@quay.example,Ada,4,unsubscribed",
    "cy@quay.example,Cy,2,bounced",
    "gone@quay.example,Gone,9,subscribed",
]
LATER = ["BO@quay.example,Bo,1,unsubscribed", "di@quay.example,Di,7,subscribed"]


@pytest.fixture
def requests(tmp_path: Path) -> list[Import]:
    """Return what asks for two files, of which the second says that somebody in the first left."""
    found = []
    for name, rows in (("first", PEOPLE), ("second", LATER)):
        path = tmp_path / f"{name}.csv"
        path.write_text(HEADER + "\n".join(rows))
        found.append(Import(path, ("weekly",), answers=Answers(status=("status",)), by="edda"))
    return found


@pytest.fixture
def engine(database_url: str, tmp_path: Path) -> Iterator[Engine]:
    with opened(database_url, tmp_path) as engine:
        yield engine


@contextmanager
def opened(url: str, folder: Path) -> Iterator[Engine]:
    engine = open_database(url, folder)
    Lists(engine).create("weekly", NOW)
    with engine.begin() as connection:
        hashed = Hashing.made(connection).of(Address.parse("gone@quay.example").key)
        suppress(connection, hashed, Reason.ERASED, "", NOW)
    yield engine
    engine.dispose()


def standing(engine: Engine) -> dict[str, str | None]:
    p, s = subscribers.c, subscriptions.c
    query = select(p.email, s.status).select_from(subscribers.outerjoin(subscriptions)).order_by(p.email)
    with engine.connect() as connection:
        return dict(connection.execute(query).all())


MAILCHIMP = {
    "subscribed_2026.csv": "Email Address,OPTIN_TIME,CONFIRM_TIME,LEID,EUID\n"
    "ada@quay.example,,2026-01-02 08:00:00,1,a\nbo@quay.example,,2026-01-03 08:00:00,2,b\n",
    "unsubscribed_2026.csv": "Email Address,OPTIN_TIME,CONFIRM_TIME,UNSUB_TIME,LEID,EUID\n"
    "Bo@quay.example,,2026-01-03 08:00:00,2026-02-03 08:00:00,2,b\n",
}


def test_who_left_in_another_file_of_an_archive_is_not_mailable_before(
    engine: Engine, tmp_path: Path
) -> None:
    path, seen = tmp_path / "audience.zip", []
    with zipfile.ZipFile(path, "w") as files:
        for name, text in MAILCHIMP.items():
            files.writestr(name, text)

    @contextmanager
    def progress(total: int | None) -> Iterator[Callable[[int], None]]:
        yield lambda done: seen.append(standing(engine))

    import_files(engine, [Import(path, ("weekly",))], NOW, progress)
    # An import that is killed between the two leaves it like the first.
    assert seen == [
        {"ada@quay.example": "subscribed", "bo@quay.example": None},
        {"ada@quay.example": "subscribed", "bo@quay.example": "unsubscribed"},
    ]


@pytest.mark.peers
@pytest.mark.parametrize("database_url", ["sqlite:///mailer.db"])
def test_a_process_reads_what_would_be_read_here(
    engine: Engine, requests: list[Import], tmp_path: Path
) -> None:
    told: list[int] = []

    @contextmanager
    def reading(total: int | None) -> Iterator[Callable[[int], None]]:
        assert total is None
        yield told.append

    def done(into: Engine, *, apart: bool) -> tuple[list[ImportReport], list[str]]:
        asked = [replace(each, rejects=tmp_path / "rejects.csv") for each in requests]
        reports = import_files(into, asked, NOW, reading=reading, apart=apart)
        return reports, [each.read_text() for each in sorted(tmp_path.glob("rejects-*"))]

    here = done(engine, apart=False)
    with opened("sqlite:///other.db", tmp_path) as other:
        assert done(other, apart=True) == here
        assert standing(other) == standing(engine)
    (first, second), (rejects, _) = here
    assert (first.added, first.rejected, first.duplicates, first.erased) == (3, 1, 1, 1)
    assert (second.added, second.unchanged + second.updated) == (1, 1)
    assert rejects.splitlines()[3].endswith("gone@quay.example,Gone,9,subscribed")
    assert told == [len(PEOPLE), len(LATER)]  # few rows are not worth telling of by a process


@pytest.mark.peers
@pytest.mark.parametrize("database_url", ["sqlite:///mailer.db"])
@pytest.mark.parametrize(
    ("changed", "error"),
    [({"lists": ()}, UsageError), ({"answers": Answers()}, ConsentUnclear)],
)
def test_its_errors_are_raised_here(
    engine: Engine, requests: list[Import], changed: dict[str, object], error: type[MailerError]
) -> None:
    found = []
    for apart in (False, True):
        with pytest.raises(error) as raised:
            asked = [replace(each, **changed) for each in requests]  # type: ignore[arg-type]
            import_files(engine, asked, NOW, apart=apart)
        found.append((str(raised.value), raised.value.next_step, getattr(raised.value, "seen", ())))
    assert found[0] == found[1]
    assert standing(engine) == {}


@pytest.mark.peers
def test_a_process_that_is_killed_is_said_to_be(requests: list[Import]) -> None:
    asked = ToRead((requests[0],), (FileOrigin(requests[0].path),), {})
    with reading_apart(asked) as reading:
        reading.understand(lambda rows: None)
        os.kill(reading.pid, signal.SIGKILL)
        with pytest.raises(ReadingEnded, match="-9") as raised:
            list(reading.batches(0, Hashing(b"key"), frozenset()))
    assert raised.value.next_step == "Run the import again: it goes on where it was."


@pytest.mark.peers
def test_one_that_is_not_understood_is_ended_and_not_waited_for() -> None:
    says_more = "import os\nwhile True: os.write(1, b'no pickle ')"
    command = [sys.executable, "-c", says_more]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        reading = ReadingApart(ToRead((), (), {}), process)
        with pytest.raises(ReadingEnded, match="-9"):
            reading.understand(lambda rows: None)


def test_rows_that_are_kept_come_back_in_order_however_many_they_are() -> None:
    rows = [Row(line, ["ada@quay.example", "x" * 1000]) for line in range(1500)]
    with ExitStack() as closing:
        later = LaterRows(closing)
        later.keep(rows[:1000])
        later.keep(rows[1000:])
        assert list(later.all()) == rows


def test_who_is_refused_on_one_list_stays_on_another() -> None:
    said, on = KeptOff(), Status.SUBSCRIBED
    ada, bo = Address.parse("Ada@quay.example"), Address.parse("bo@quay.example")
    said.hear([Entry(ada, statuses=(Status.UNSUBSCRIBED, on))], ["daily", "weekly"])
    said.hear([Entry(bo, suppressed=Standing.BOUNCED.suppression)], [])
    assert said.heeded(ada.key, ["weekly", "daily"], (on, on)) == (on, None)
    assert said.heeded(bo.key, ["weekly", "daily"], (on, Status.UNCONFIRMED)) == (None, Status.UNCONFIRMED)
    assert said.heeded("di@quay.example", ["weekly"], (on,)) == (on,)
