"""Journals: what a killed worker leaves, read by whoever gets its lock."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from datetime import timedelta
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_ledger import NOW, database, frozen, hold, populate, said, states  # noqa: F401

from mailer.domain.delivery import RetryPolicy, Settlement, State
from mailer.domain.outcome import Stage
from mailer.errors import StorageError
from mailer.ledger.journal import Handed, Journal, boot, dead_journals, read_journal
from mailer.ledger.reclaim import Reclaimed, reclaim

UNSETTLED = 0  # no delivery that is written has this number
words = st.text(st.characters(blacklist_categories=["Cs"]), max_size=200)


@given(st.lists(st.tuples(st.integers(1, 10**12), st.sampled_from(sorted(State)), words), max_size=20))
def test_what_is_written_is_read_back(tmp_path_factory, written):
    folder = tmp_path_factory.mktemp("journals")
    journal = Journal(folder, NOW)
    settlements = [Settlement(n, State(state), NOW, Stage.RCPT, text) for n, state, text in written]
    journal.handed([UNSETTLED] + [s.delivery_id for s in settlements])
    journal.settled(settlements)
    data = (folder / journal.name).read_bytes()
    journal.close(keep=False)
    expected = {s.delivery_id: s for s in settlements}
    dead = read_journal(journal.name, io.BytesIO(data))
    assert not dead.gap
    assert isinstance(dead.last_word.pop(UNSETTLED), Handed)
    assert dead.last_word == expected


def test_a_torn_last_line_never_happened(tmp_path):
    journal = Journal(tmp_path, NOW)
    journal.handed([1])
    journal.handed([2])
    data = (tmp_path / journal.name).read_bytes().rstrip(b"\0")
    for cut in range(1, len(b"h 2026-11-23T08:00:01.100Z 2 00000000\n")):
        assert read_journal(journal.name, io.BytesIO(data[:-cut])).last_word.keys() == {1}
    journal.close(keep=False)


def test_a_changed_octet_makes_a_journal_unreadable(tmp_path):
    journal = Journal(tmp_path, NOW)
    journal.handed([12])
    journal.handed([13])
    data = (tmp_path / journal.name).read_bytes().rstrip(b"\0")
    place = data.index(b" 12 ") + 1
    changed = data[:place] + b"9" + data[place + 1 :]
    assert read_journal(journal.name, io.BytesIO(changed)).gap
    assert read_journal("another", io.BytesIO(data)).gap
    journal.close(keep=False)


def test_the_journal_of_a_living_worker_is_left_alone(tmp_path):
    journal = Journal(tmp_path, NOW)
    assert list(dead_journals(tmp_path)) == []
    journal.close(keep=True)
    assert [dead.name for _, dead in dead_journals(tmp_path)] == [journal.name]


WORKER = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from mailer.domain.delivery import State
from mailer.domain.outcome import Stage
from mailer.domain.delivery import Settlement
from mailer.ledger.journal import Journal
journal = Journal(Path(sys.argv[1]), datetime.now(UTC))
journal.handed([1, 2])
journal.settled([Settlement(1, State.ACCEPTED, datetime.now(UTC), Stage.CONTENT, "250 Ok")])
print(journal.name, flush=True)
time.sleep(60)
"""


@pytest.fixture
def killed(database, tmp_path):  # noqa: F811
    """A send whose worker was killed with one delivery accepted, one in flight and one only claimed."""
    populate(database, *((f"{name}@a.example", "subscribed") for name in ("ann", "ben", "cat")))
    _ledger, send = frozen(database)
    folder = tmp_path / "journals"
    worker = subprocess.Popen([sys.executable, "-c", WORKER, str(folder)], stdout=subprocess.PIPE, text=True)
    name = worker.stdout.readline().strip()
    hold(database, send, name).take(NOW)
    assert reclaim(database, folder, RetryPolicy(), NOW) == Reclaimed()
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    worker.stdout.close()
    return database, folder, name


@pytest.mark.peers
def test_a_killed_workers_deliveries_are_settled_by_its_journal(killed, caplog):
    database, folder, name = killed  # noqa: F811
    with caplog.at_level("INFO", "mailer"):
        assert reclaim(database, folder, RetryPolicy(), NOW) == Reclaimed(settled=1, queued=1, uncertain=1)
    assert f"recovered from dead worker {name}: settled 1, queued again 1, uncertain 1" in caplog.text
    assert states(database) == {
        "ann@a.example": "accepted",
        "ben@a.example": "uncertain",
        "cat@a.example": "queued",
    }
    assert [path.name for path in folder.iterdir()] == ["kept"]
    assert reclaim(database, folder, RetryPolicy(), NOW) == Reclaimed()


@pytest.mark.peers
def test_an_unreadable_journal_makes_open_claims_uncertain(killed):
    database, folder, name = killed  # noqa: F811
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data.replace(b"\ns 1", b"\ns 7"))
    assert reclaim(database, folder, RetryPolicy(), NOW) == Reclaimed(uncertain=3)
    assert set(states(database).values()) == {"uncertain"}


@pytest.mark.peers
def test_after_a_power_cut_open_claims_are_uncertain_and_what_stands_there_counts(killed):
    database, folder, name = killed  # noqa: F811
    # As if the machine had been started anew since: the last records may not have reached the disk.
    path = folder / name
    heading, rest = path.read_bytes().split(b"\n", 1)
    earlier = heading.rpartition(b" ")[0].replace(boot().encode(), b"another-boot")
    path.write_bytes(earlier + b" %08x\n" % crc32(earlier) + rest)
    assert reclaim(database, folder, RetryPolicy(), NOW) == Reclaimed(settled=1, uncertain=2)
    assert states(database)["ann@a.example"] == "accepted"


@pytest.mark.peers
def test_a_lost_journal_makes_open_claims_uncertain(killed):
    database, folder, name = killed  # noqa: F811
    (folder / name).unlink()
    assert reclaim(database, folder, RetryPolicy(), NOW) == Reclaimed(uncertain=3)


def test_the_last_word_counts_when_a_message_was_tried_twice(database, tmp_path):  # noqa: F811
    populate(database, ("ann@a.example", "subscribed"))
    _ledger, send = frozen(database)
    journal = Journal(tmp_path / "journals", NOW)
    hand = hold(database, send, journal.name)
    (claim,) = hand.take(NOW)
    journal.settled([said(claim, State.QUEUED, "connection lost before the content")])
    journal.handed([claim.delivery_id])
    journal.settled([said(claim, State.ACCEPTED)])
    journal.close(keep=True)
    reclaim(database, tmp_path / "journals", RetryPolicy(), NOW)
    assert states(database) == {"ann@a.example": "accepted"}


def test_what_the_database_has_already_does_not_count_when_a_delivery_comes_again(database, tmp_path):  # noqa: F811
    populate(database, *((f"{name}@a.example", "subscribed") for name in ("ann", "ben")))
    ledger, send = frozen(database)
    journal = Journal(tmp_path / "journals", NOW)
    hand = hold(database, send, journal.name)
    ann, ben = hand.take(NOW)
    journal.handed([ann.delivery_id, ben.delivery_id])
    refused = [said(ann, State.DEFERRED, "451 later")]
    journal.settled(refused)
    hand.record(refused)
    journal.recorded()
    ledger.requeue_due(send, NOW + timedelta(hours=1))
    assert hold(database, send, journal.name).take(NOW) == [ann]
    journal.close(keep=True)
    assert reclaim(database, tmp_path / "journals", RetryPolicy(), NOW) == Reclaimed(queued=1, uncertain=1)
    assert states(database) == {"ann@a.example": "queued", "ben@a.example": "uncertain"}


def test_a_long_journal_is_remembered_only_as_far_as_the_database_lacks_it(tmp_path):
    journal = Journal(tmp_path, NOW)
    for first in range(0, 5000, 500):
        journal.handed(range(first, first + 500))
        journal.settled(
            [Settlement(n, State.DEFERRED, NOW, Stage.RCPT, "451") for n in range(first, first + 500)]
        )
        journal.recorded()
    journal.handed([7])
    journal.close(keep=True)
    ((_, dead),) = dead_journals(tmp_path)
    assert dead.last_word.keys() == {7}


def test_a_folder_that_can_not_take_a_journal_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="file"):
        Journal(tmp_path / "file", NOW)


@pytest.mark.peers
def test_a_full_disk_is_noticed_before_a_message_is_handed(tmp_path):
    script = f"""
import resource, signal
from datetime import UTC, datetime
from pathlib import Path
from mailer.errors import StorageFull
from mailer.ledger.journal import Journal
from mailer.domain.delivery import Settlement
from mailer.domain.delivery import State
from mailer.domain.outcome import Stage
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
journal = Journal(Path({str(tmp_path)!r}), datetime.now(UTC))
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 19, 1 << 19))
handed = 0
try:
    while True:
        journal.handed(range(handed, handed + 100)); handed += 100
except StorageFull as error:
    assert "run the same command again" in error.next_step
# What was handed can still be settled: room was reserved for it.
said = Settlement(1, State.ACCEPTED, datetime.now(UTC), Stage.CONTENT, "250 Ok")
journal.settled([said] * 100)
print(handed)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 100
