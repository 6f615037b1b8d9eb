"""Databases that version 0.1.0 left behind, in mid-send too: this one goes on from where that one was.

In `released/` are its databases as SQL, its journals, and in JSON what that version itself said of them: as
they are, and for those with journals after it had recovered from them.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from sqlalchemy import Engine, select

from mailer.domain.delivery import Claim, RetryPolicy, Settlement, State
from mailer.domain.moment import utc_text
from mailer.domain.outcome import Stage
from mailer.domain.send import Send
from mailer.ledger import admin_notices
from mailer.ledger.holding import Holding
from mailer.ledger.journal import boot
from mailer.ledger.ledger import Ledger
from mailer.ledger.queries import LedgerQueries
from mailer.ledger.reclaim import recover
from mailer.store.schema import deliveries, outcomes
from mailer.store.sqlite import FileDatabase, open_file

RELEASED = Path(__file__).parent / "released"
NAMES = ["finished", "killed", "doubtful", "corrected", "restored"]
WRITTEN_IN = "0b007000-0000-4000-8000-00000000b007"  # the boot in which the journals were written
NINE = datetime(2026, 11, 28, 9, tzinfo=UTC)
TEN = NINE + timedelta(hours=1)
NOON = NINE + timedelta(hours=3)


@pytest.fixture
def left(tmp_path):
    """Return what opens a database of that version; `rebooted`: the machine went down since."""
    opened = []

    def opens(which: str, *, rebooted: bool = False) -> FileDatabase:
        root = tmp_path / which
        root.mkdir()
        with closing(sqlite3.connect(root / "mailer.db")) as connection:
            connection.executescript((RELEASED / f"{which}.sql").read_text(encoding="utf-8"))
        for journal in (RELEASED / f"{which}.journals").rglob("[0-9]*"):
            copy = root / "journals" / journal.relative_to(RELEASED / f"{which}.journals")
            copy.parent.mkdir(parents=True, exist_ok=True)
            written = journal.read_text(encoding="utf-8")
            copy.write_text(written if rebooted else in_this_boot(written), encoding="utf-8")
        opened.append(open_file(root / "mailer.db")[0])
        return opened[-1]

    yield opens
    for each in opened:
        each.dispose()


def in_this_boot(journal: str) -> str:
    sealed, _, rest = journal.partition("\n")
    heading = sealed.rpartition(" ")[0].replace(WRITTEN_IN, boot())
    return f"{heading} {crc32(heading.encode()):08x}\n{rest}"


def was_said(which: str, moment: str = "said") -> Any:
    return json.loads((RELEASED / f"{which}.json").read_text(encoding="utf-8"))[moment]


def said(database: Engine) -> Any:
    """Return what this version says of every send, in the manner of the files; nothing may be amiss."""
    queries, found = LedgerQueries(database), {}
    for send in Ledger(database).sends():
        assert queries.discrepancies(send) == []
        totals = queries.totals(send)
        found[str(send.id)] = {
            "states": {str(state): count for state, count in totals.states.items()},
            "excluded": totals.excluded,
            "next_due": totals.next_due and utc_text(totals.next_due),
            "revisions": [[each.number, each.accepted, each.uncertain] for each in totals.revisions],
            "deliveries": {
                line.email: [
                    str(line.state),
                    line.attempts,
                    line.words,
                    utc_text(line.updated_at),
                    line.due_at and utc_text(line.due_at),
                    line.revision,
                ]
                for line in queries.deliveries(send)
            },
        }
    return found


def people(story: Any) -> dict[tuple[str, str], list[Any]]:
    """Return what is said of each person in each send, as far as both versions mean the same by it.

    Since when somebody is queued, and the words of who is, are not the same. Of what is open this one counts
    other attempts: those since a person's decision, and with them what was lost with a journal.
    """
    found = {}
    for send, each in story.items():
        for email, (state, attempts, *rest) in each["deliveries"].items():
            waits = state in (State.QUEUED, State.CLAIMED)
            ended = state in (State.ACCEPTED, State.FAILED)
            found[send, email] = [state] if waits else [state, *rest, attempts if ended else None]
    return found


def totals(story: Any, *names: str) -> dict[str, list[Any]]:
    return {send: [each[name] for name in names] for send, each in story.items()}


def recovered(database: FileDatabase, now: datetime) -> Any:
    assert recover(database, database.path.with_name("journals"), RetryPolicy(), now).unknown == ()
    return said(database)


def taken(hand: Holding, now: datetime) -> list[Claim]:
    """Return everybody a worker gets who takes one chunk after the other."""
    return list(chain.from_iterable(iter(lambda: hand.take(now), [])))


def send_all(database: Engine, send: Send, now: datetime) -> list[str]:
    """Let a worker send to everybody who waits or is due; return to whom."""
    hand = Holding(database, send, "20261128T120000-4799-0a0b", "an-account")
    hand.requeue_due(now)
    claims = taken(hand, now)
    hand.record(
        [Settlement(each.delivery_id, State.ACCEPTED, now, Stage.CONTENT, "250 2.0.0 Ok") for each in claims]
    )
    hand.give_back(now)
    return [name(each.recipient.email) for each in claims]


def name(email: str) -> str:
    return email.partition("@")[0]


def named(story: Any, send: str, state: State) -> list[str]:
    found = story[send]["deliveries"].items()
    return sorted(name(email) for email, (its, *_) in found if its == state)


@pytest.mark.parametrize("which", NAMES)
def test_the_same_is_said_of_every_send_and_everybody_in_it(left, which):
    story, before = said(left(which)), was_said(which)
    assert people(story) == people(before)
    everything = "states", "excluded", "next_due", "revisions"
    assert totals(story, *everything) == totals(before, *everything)


def test_what_was_tried_and_decided_is_told_in_order(left):
    d, o = deliveries.c, outcomes.c
    query = (
        select(d.email, o.state, o.stage, o.reply, o.revision, o.tried, o.chunk.is_not(None))
        .join(deliveries, (d.send_id == o.send_id) & (d.subscriber_id == o.subscriber_id))
        .order_by(o.send_id, o.subscriber_id, o.number)
    )
    told: dict[str, list[Any]] = {}
    for which in ("finished", "doubtful"):
        with left(which).connect() as connection:
            for email, *rest in connection.execute(query):
                told.setdefault(f"{which} {name(email)}", []).append(tuple(rest))
    lost = "the connection was lost after the message"
    assert told["finished cat"] == [
        ("deferred", "rcpt", "451 4.7.1 later", 1, True, False),
        ("deferred", "mail", "421 4.7.0 over quota", 1, False, False),
        ("accepted", "content", "250 2.0.0 Ok: 3", 1, True, False),
    ]
    # A copy may be out with that text. Since somebody decided that it goes again, nothing was tried.
    assert told["doubtful finn"] == [
        ("uncertain", "content", lost, 1, False, False),
        ("queued", None, lost, 1, False, True),
    ]
    assert told["doubtful gus"] == [
        ("uncertain", "content", lost, 1, True, False),
        ("accepted", None, "decided: --accept-uncertain", 1, False, False),
    ]
    assert told["doubtful jon"] == [
        ("deferred", "rcpt", "451 4.7.1 later", 1, True, False),
        ("cancelled", None, "unsubscribed after the audience was frozen", None, False, False),
    ]
    assert told["doubtful lea"] == [("queued", "mail", "550 5.7.1 not today", None, False, True)]
    assert "doubtful max" not in told


@pytest.mark.parametrize("rebooted", [False, True])
def test_what_a_dead_worker_left_is_found_in_its_journal_and_the_rest_is_sent_on(left, rebooted):
    database = left("killed", rebooted=rebooted)
    story = recovered(database, NINE)
    before = was_said("killed", "after_reboot" if rebooted else "recovered")
    assert people(story) == people(before)
    assert totals(story, "states", "revisions") == totals(before, "states", "revisions")
    # Handed over without an answer, or in the hand of one whose journal is gone; after a reboot anybody else
    # who wasn't accepted, too.
    in_doubt = ["gus", "hal", "kit", "lea"]
    assert named(story, "2", State.UNCERTAIN) == sorted(in_doubt + ["eve", "finn", "ida", "jon"] * rebooted)

    clock = Ledger(database).sends("clock")[0]
    went = send_all(database, clock, NOON)
    assert sorted(went) == sorted(["max", "nell", "otto", "pia"] + ["eve", "ida", "jon"] * (not rebooted))
    after = said(database)
    assert named(after, "2", State.ACCEPTED) == sorted(["ada", "ben", "dan", *went])
    assert named(after, "2", State.UNCERTAIN) == named(story, "2", State.UNCERTAIN)
    assert LedgerQueries(database).totals(clock).states.get(State.QUEUED) is None


def test_a_backup_learns_what_came_after_it_from_the_numbers_in_old_journals(left):
    database = left("restored")
    story, before = recovered(database, TEN), was_said("restored", "recovered")
    assert people(story) == people(before)
    assert totals(story, "states", "revisions") == totals(before, "states", "revisions")
    went = send_all(database, Ledger(database).sends("clock")[0], NOON)
    assert sorted(went) == ["finn", "hal"]  # put off, and never tried; gus is in doubt
    assert said(database)["2"]["states"] == {"accepted": 6, "failed": 1, "uncertain": 1}
    assert recovered(database, NOON)["2"]["states"] == {"accepted": 6, "failed": 1, "uncertain": 1}


def test_who_may_have_a_copy_keeps_its_text_and_the_others_get_the_correction(left):
    database = left("corrected")
    claims = was_said("corrected", "claims")
    for send in Ledger(database).sends():
        hand = Holding(database, send, "20261128T120000-4799-0a0b", "an-account")
        hand.requeue_due(NOON)
        assert {each.recipient.email: each.revision for each in taken(hand, NOON)} == claims[str(send.id)]
        hand.give_back(NOON)
        send_all(database, send, NOON)
    after = said(database)
    assert totals(after, "states", "revisions") == {
        "1": [{"accepted": 3}, [[1, 3, 0]]],
        "2": [{"accepted": 10}, [[1, 3, 0], [2, 7, 0]]],
        "3": [{"accepted": 1}, [[1, 1, 0]]],
    }


def test_pauses_and_decisions_go_on_where_they_were(left):
    database = left("doubtful")
    ledger, clock = Ledger(database), Ledger(database).sends("clock")[0]
    hand = Holding(database, clock, "20261128T120000-4799-0a0b")
    assert hand.requeue_due(NINE) == 1, "cat was due at a quarter past eight"
    assert hand.requeue_due(NOON) == 3
    claims = {name(each.recipient.email): each.delivery_id for each in taken(hand, NOON)}
    assert sorted(claims) == ["ben", "cat", "dan", "finn", "ida", "kit", "lea", "nell", "otto", "pia"]
    hand.record(
        [
            Settlement(claims[who], State.DEFERRED, NOON, Stage.RCPT, "451 4.7.1 later")
            for who in ("ben", "cat", "dan", "finn", "ida", "kit", "nell")
        ]
    )
    due = {name(line.email): line.due_at for line in LedgerQueries(database).deliveries(clock) if line.due_at}
    # A quota that was over doesn't count, nor what was before a person's decision.
    first, second = NOON + timedelta(minutes=15), NOON + timedelta(hours=1)
    assert due == {
        "ben": second,
        "cat": second,
        "dan": first,
        "finn": first,
        "ida": second,
        "kit": second,
        "nell": first,
    }
    hand.give_back(NOON)
    assert ledger.refused_before(clock, [claims["lea"]]) == {claims["lea"]: True}
    assert ledger.decide(clock, State.UNCERTAIN, State.ACCEPTED, "decided: --accept-uncertain", NOON) == 1
    assert ledger.decide(clock, State.FAILED, State.QUEUED, "decided: --retry-failed", NOON) == 1
    later = NOON + timedelta(hours=2)
    assert sorted(send_all(database, clock, later)) == sorted([*due, "hal", "lea", "otto", "pia"])
    assert said(database)["2"]["states"] == {"accepted": 14, "cancelled": 2}


def test_what_was_finished_before_there_were_notices_is_not_told(left):
    with left("finished").connect() as connection:
        assert admin_notices.news(connection, NOON, 100) == []
    with left("killed").connect() as connection:
        assert admin_notices.latest(connection, 9) == []
