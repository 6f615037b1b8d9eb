"""An import is many small transactions: nobody waits long for it, and killed or not it repeats nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from members import join
from sqlalchemy import Engine, delete, event, func, insert, select

from mailer.domain.address import Address
from mailer.domain.subscriber import Status
from mailer.domain.suppression import Reason
from mailer.people.importing.consent import Answers
from mailer.people.lists import Lists
from mailer.people.suppressing import Hashing, suppress
from mailer.services.import_people import BATCH, Import, import_people
from mailer.store.database import open_database
from mailer.store.dialect import among, give_ids
from mailer.store.schema import consent_sources, consents, lists, subscribers, subscriptions, suppressions

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
ROWS = 2 * BATCH + 500


@pytest.fixture
def engine(database_url: str, tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(database_url, tmp_path)
    Lists(engine).create("weekly", NOW)
    yield engine
    engine.dispose()


def written(path: Path, rows: int = ROWS) -> Path:
    """Write a file of people, of whom some left and some bounced; of two who agreed the last rows say so."""
    states = ("subscribed", "unsubscribed", "bounced", "subscribed")
    with path.open("w") as file:
        file.write("email,name,visits,status,agreed\n")
        file.writelines(
            f"p{n}@quay.example,Person {n},{n},{states[n % 4]},2026-0{1 + n % 9}-01\n" for n in range(rows)
        )
        file.write("P0@quay.example,,,unsubscribed,\nP4@quay.example,,,bounced,\n")
    return path


def request(path: Path) -> Import:
    return Import(path, ("weekly",), mapping={"agreed": "agreed_at"}, answers=Answers(status=("status",)))


def everything(engine: Engine) -> list[tuple[Any, ...]]:
    """Return all that is known of people, by their address: ids may be others after a crash."""
    p, s, c, w = subscribers.c, subscriptions.c, consents.c, consent_sources.c
    on = select(p.email, p.name, p.fields, p.created_at, s.list_id, s.status, s.source, s.since)
    said = select(p.email, c.list_id, c.change, c.at, c.recorded_at, c.line, w.kind, w.name)
    with engine.connect() as connection:
        rows = [
            *connection.execute(on.outerjoin(subscriptions, s.subscriber_id == p.id)),
            *connection.execute(
                said.join(consents, c.subscriber_id == p.id).join(consent_sources, w.id == c.source_id)
            ),
            *connection.exec_driver_sql("SELECT who, reason, note FROM suppressions"),
        ]
    return sorted(map(tuple, rows), key=repr)


def on_list(engine: Engine, email: str) -> list[str]:
    """Return what somebody who is here is on the list."""
    p, s = subscribers.c, subscriptions.c
    theirs = select(s.status).select_from(subscribers.outerjoin(subscriptions)).where(p.email == email)
    with engine.connect() as connection:
        return list(connection.scalars(theirs))


def count(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(subscribers)) or 0


def test_others_write_between_any_two_batches_and_none_is_large(engine: Engine, tmp_path: Path) -> None:
    there, off = [0], []

    @contextmanager
    def progress(total: int) -> Iterator[Callable[[int], None]]:
        def advance(done: int) -> None:
            join(engine, f"other{len(there)}@quay.example", "weekly", now=NOW)  # it has the lock at once
            there.append(count(engine))
            off.append([on_list(engine, email)[0] for email in ("p0@quay.example", "p4@quay.example")])

        yield advance

    report = import_people(engine, request(written(tmp_path / "people.csv")), NOW, progress)
    assert report.added == ROWS
    assert [now - before for before, now in pairwise(there)] == [
        BATCH + 1,
        BATCH + 1,
        501,
    ]
    # Whom a later row keeps mail away from is mailable in no moment; at last the one left, the other bounced.
    assert off == [[None, None], [None, None], ["unsubscribed", "subscribed"]]
    with engine.connect() as connection:
        assert "p4@quay.example" in connection.scalars(select(suppressions.c.who)).all()


@pytest.mark.parametrize("rows", [300, ROWS])
def test_many_are_written_in_the_order_of_their_keys(engine: Engine, tmp_path: Path, rows: int) -> None:
    path = tmp_path / "people.csv"
    keys = [f"p{n * 7919 % 100_003}@quay.example" for n in range(rows)]
    path.write_text("\n".join(["email", *keys]))
    import_people(engine, Import(path, ("weekly",)), NOW)
    with engine.connect() as connection:
        # A batch then changes some pages of an index, not all; what is one batch stays as it was.
        written = connection.scalars(select(subscribers.c.email_key).order_by(subscribers.c.id)).all()
        lines = connection.scalars(select(consents.c.line).order_by(consents.c.id)).all()
    assert written == (sorted(keys) if rows > BATCH else keys)
    assert [keys[line - 2] for line in lines if line] == written


def test_a_second_import_writes_nothing(engine: Engine, tmp_path: Path) -> None:
    path = written(tmp_path / "people.csv", 300)
    import_people(engine, request(path), NOW)
    before, writes = everything(engine), []

    def look(*told: Any) -> None:
        if not told[2].lstrip().upper().startswith(("SELECT", "SET", "WITH", "PRAGMA")):
            writes.append(told[2])

    event.listen(engine, "before_cursor_execute", look)
    report = import_people(engine, request(path), NOW + timedelta(days=1))
    event.remove(engine, "before_cursor_execute", look)
    assert (report.unchanged, report.duplicates, report.rows) == (300, 2, 302)
    assert [each for each in writes if not each.startswith(("BEGIN", "COMMIT"))] == []
    assert everything(engine) == before


KILLED = """
import os, signal, sys
from contextlib import contextmanager
from pathlib import Path
from sqlalchemy import event
from mailer.store.database import open_database
from mailer.store.dialect import among
sys.path.insert(0, sys.argv[5])
from test_import_batches import NOW, request
from mailer.services.import_people import import_people

url, folder, where, batches = sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
engine, done = open_database(url, folder), 0

def die(*told):
    os.kill(os.getpid(), signal.SIGKILL)

@contextmanager
def progress(total):
    def advance(rows):
        global done
        done += 1
        if done == batches:
            # Once a batch is kept, or with all of the next one written and nothing kept.
            die() if where == "after" else event.listen(engine, "commit", die)
    yield advance

import_people(engine, request(folder / "people.csv"), NOW, progress)
"""


@pytest.mark.peers
@pytest.mark.parametrize(("where", "batches", "kept"), [("after", 2, 2), ("before", 1, 1)])
def test_an_import_that_was_killed_goes_on(
    engine: Engine, database_url: str, tmp_path: Path, where: str, batches: int, kept: int
) -> None:
    path = written(tmp_path / "people.csv")
    words = [database_url, tmp_path, where, batches, Path(__file__).parent]
    died = subprocess.run(
        [sys.executable, "-c", KILLED, *map(str, words)], env={"PYTHONPATH": ":".join(sys.path)}, check=False
    )
    assert died.returncode == -signal.SIGKILL
    assert count(engine) == kept * BATCH
    assert on_list(engine, "p0@quay.example") == on_list(engine, "p4@quay.example") == [None]
    report = import_people(engine, request(path), NOW)
    assert (report.unchanged, report.added) == (kept * BATCH, ROWS - kept * BATCH)
    uninterrupted = open_database("sqlite:///other.db", tmp_path)
    Lists(uninterrupted).create("weekly", NOW)
    import_people(uninterrupted, request(path), NOW)
    assert everything(engine) == everything(uninterrupted)
    uninterrupted.dispose()


@pytest.mark.parametrize(
    ("agreed", "since"),
    [
        ("2019-05-01", datetime(2019, 5, 1, tzinfo=UTC)),
        ("2031-01-01", NOW),  # the clock of another system
        ("", NOW),
    ],
)
def test_who_agreed_elsewhere_is_on_the_list_since_then(
    engine: Engine, tmp_path: Path, agreed: str, since: datetime
) -> None:
    path = tmp_path / "people.csv"
    path.write_text(
        f"email,agreed,status\nada@quay.example,{agreed},subscribed\nbo@quay.example,{agreed},left\n"
    )
    import_people(engine, request(path), NOW)
    rows = select(subscribers.c.email, subscriptions.c.status, subscriptions.c.since).join(subscriptions)
    with engine.connect() as connection:
        assert connection.execute(rows.order_by(subscribers.c.email)).all() == [
            ("ada@quay.example", Status.SUBSCRIBED, since),
            ("bo@quay.example", Status.UNSUBSCRIBED, NOW),
        ]
        assert connection.scalars(select(consents.c.at).order_by(consents.c.id)).all() == [since, NOW]


def test_who_was_erased_stays_away_and_their_row_is_named(engine: Engine, tmp_path: Path) -> None:
    ada = Address.parse("ada@quay.example").key
    join(engine, ada, "weekly")
    with engine.begin() as connection:
        connection.execute(delete(subscribers).where(subscribers.c.email_key == ada))
        suppress(connection, Hashing.made(connection).of(ada), Reason.ERASED, "", NOW)
    path, rejects = tmp_path / "people.csv", tmp_path / "rejects.csv"
    path.write_text("email,name\nbad,Bad\nAda@quay.example,Ada\nbo@quay.example,Bo\nworse,Worse\n")
    report = import_people(engine, Import(path, ("weekly",), rejects=rejects), NOW)
    assert (report.added, report.rejected, report.erased, report.rows) == (1, 2, 1, 4)
    assert [(each.line, each.erased) for each in report.rejects] == [(2, False), (3, True), (5, False)]
    reason = (
        "was erased on request, and is taken in again only by their own word: "
        "mailer subscribers add Ada@quay.example --list weekly --resubscribe"
    )
    assert rejects.read_text().splitlines()[2] == f'3,"{reason}",Ada@quay.example,Ada'
    assert count(engine) == 1


@pytest.mark.parametrize("database_url", ["sqlite:///mailer.db"])
def test_who_is_here_is_looked_up_and_nobody_else_read(engine: Engine) -> None:
    query = select(subscribers.c.id).where(among(subscribers.c.email_key, ["ada@quay.example"]))
    with engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query.compile(engine)}", ("[]",)).all()
    assert (
        plan[0][3] == "SEARCH subscribers USING COVERING INDEX sqlite_autoindex_subscribers_1 (email_key=?)"
    )


def test_many_are_looked_for_at_once_whatever_they_are_called(engine: Engine) -> None:
    odd = ['a"b', "a\\b", "{}", "a,b", "NULL", "", "Ø 船", "a b", "'"]
    with engine.begin() as connection:
        row = {"reason": "blocked", "note": "", "since": NOW}
        connection.execute(insert(suppressions), [{"who": each, **row} for each in (*odd, "other")])
        who = suppressions.c.who
        assert set(connection.scalars(select(who).where(among(who, odd)))) == set(odd)
        assert connection.scalars(select(who).where(among(who, []))).all() == []
        number = lists.c.id
        assert connection.scalars(select(number).where(among(number, [1, 2**40]))).all() == [1]


def test_ids_that_were_given_are_not_given_again(engine: Engine) -> None:
    with engine.begin() as connection:
        assert list(give_ids(connection, subscribers, 0)) == []
        first = give_ids(connection, subscribers, 3)
        assert list(first) == [1, 2, 3]
        row = {"email": "ada@quay.example", "created_at": NOW, "updated_at": NOW}
        rows = [{**row, "id": each, "email_key": str(each)} for each in first]
        connection.execute(insert(subscribers), rows)
    assert join(engine, "ada@quay.example", "weekly") == 4
