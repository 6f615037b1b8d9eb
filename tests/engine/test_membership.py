"""Those who send over one account find each other by their database, whichever kind it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread, current_thread, main_thread

import pytest
from sqlalchemy import event, func, select

from mailer.domain.learned import ACCOUNT, Learned, RateFound
from mailer.domain.outcome import Deferred, Reply, Stage
from mailer.engine.feeder import pacing_time
from mailer.engine.membership import Membership
from mailer.engine.pacing.asking import Asker
from mailer.engine.pacing.dealing import LEASE, Member, SharedAccount, Wish
from mailer.engine.pacing.pace import Pace
from mailer.ledger.shared_accounts import AccountRow, SharedAccounts
from mailer.store.database import Database, open_database
from mailer.store.schema import passed
from mailer.store.sharing import own_name

KEY = "an-account"
LOOKS = 2000
DAY_OVER = Deferred(Reply(454, "Throttling failure: Daily message quota exceeded"), Stage.CONTENT)


@pytest.fixture
def database(database_url: str, tmp_path: Path) -> Iterator[Database]:
    database = open_database(database_url, tmp_path)
    yield database
    database.dispose()


def member(
    database: Database,
    journals: Path,
    pace: Pace,
    rate: float = 100.0,
    left: Callable[[AccountRow], int | None] = lambda row: None,
) -> Membership:
    asker = Asker(own_name(), pacing_time(), pace, rate, 4)
    return Membership(SharedAccounts(database, KEY), database.sharing(journals, KEY), left, asker)


async def until(condition: Callable[[], bool]) -> None:
    """Look again and again: a lease may have ended just now on a machine that stands still."""
    for _ in range(LOOKS):
        if condition():
            return
        await asyncio.sleep(0.02)
    pytest.fail("it never came")


def test_who_holds_the_row_decides_alone(database):
    accounts = SharedAccounts(database, KEY)

    def add() -> None:
        for _ in range(20):
            with accounts.locked() as row:
                row.state = str(int(row.state or 0) + 1)

    threads = [Thread(target=add) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with accounts.locked() as row:
        assert row.state == "40"


def test_two_share_an_account_and_what_one_leaves_is_the_others(database, tmp_path):
    paces = [Pace(100.0, 4), Pace(100.0, 4)]
    first, second = (member(database, tmp_path, pace) for pace in paces)

    async def main() -> None:
        async with first.kept():
            await until(lambda: paces[0].in_use(pacing_time()).part == 1)
            async with second.kept():
                await until(lambda: [each.in_use(pacing_time()).part for each in paces] == [0.5, 0.5])
                await until(lambda: [each.connections(pacing_time()) for each in paces] == [2, 2])
            await until(lambda: paces[0].in_use(pacing_time()).part == 1)

    asyncio.run(main())
    assert agreed(database) == [], "both have left"


@dataclass(frozen=True)
class LateAccounts(SharedAccounts):
    """Where, once they are `late`, a thread's question waits until it may `go_on`."""

    late: Event = field(default_factory=Event)
    waits: Event = field(default_factory=Event)
    go_on: Event = field(default_factory=Event)

    @contextmanager
    def locked(self) -> Iterator[AccountRow]:
        if self.late.is_set() and current_thread() is not main_thread():
            self.waits.set()
            self.go_on.wait()
        with super().locked() as row:
            yield row


def test_a_question_under_way_brings_nobody_back_who_has_left(database, tmp_path):
    accounts = LateAccounts(database, KEY)
    asker = Asker(own_name(), pacing_time(), Pace(100.0, 4), 100.0, 4)
    mine = Membership(accounts, database.sharing(tmp_path, KEY), lambda row: 10, asker, asks=True)

    async def let_it_go_on() -> None:
        for _ in range(100):  # turns of the loop, of which it takes a few to leave
            await asyncio.sleep(0)
        accounts.go_on.set()

    async def main() -> None:
        async with mine.kept():
            accounts.late.set()
            await until(accounts.waits.is_set)
            letting = asyncio.create_task(let_it_go_on())
        await letting

    asyncio.run(main())
    assert agreed(database) == []


def test_what_one_is_refused_the_other_hears(database, tmp_path):
    paces = [Pace(100.0, 4), Pace(100.0, 4)]
    first, second = (member(database, tmp_path, pace) for pace in paces)

    async def main() -> None:
        async with first.kept(), second.kept():
            await until(lambda: paces[1].in_use(pacing_time()).part == 0.5)
            paces[0].sent("inbox.example", pacing_time())
            paces[0].replied("inbox.example", DAY_OVER, pacing_time())
            await until(lambda: paces[1].parked_until(pacing_time()) is not None)

    asyncio.run(main())


def test_connections_that_there_may_be_are_fewer_for_all_when_one_was_turned_away(database, tmp_path):
    paces = [Pace(0.0, 4), Pace(0.0, 4)]
    members = [member(database, tmp_path, pace, float("inf")) for pace in paces]

    async def main() -> None:
        async with members[0].kept(), members[1].kept():
            await until(lambda: [each.connections(pacing_time()) for each in paces] == [2, 2])
            for pace, number in zip(paces, (2, 1), strict=True):
                pace.connected(number)
            await until(lambda: sorted(each.up for each in agreed(database)) == [1, 2])
            paces[1].turned_away(Reply(421, "too many connections"), Stage.CONNECT, 1, pacing_time())
            await until(lambda: members[0].asker.found == 3)
            await until(lambda: sum(each.connections(pacing_time()) for each in paces) <= 3)

    asyncio.run(main())
    (whole,) = members[0].whole([Learned(ACCOUNT)])
    assert whole.connections == 3


def agreed(database: Database) -> list[Member]:
    """Return what the members have agreed on."""
    with SharedAccounts(database, KEY).locked() as row:
        return list(SharedAccount.load(row.state).members.values())


def test_what_was_found_in_a_share_is_told_of_the_whole(database, tmp_path):
    pace = Pace(100.0, 4, [Learned(ACCOUNT, RateFound(40, 50, 60))])
    first, second = member(database, tmp_path, pace), member(database, tmp_path, Pace(100.0, 4))

    async def main() -> None:
        async with first.kept(), second.kept():
            await until(lambda: pace.in_use(pacing_time()).part == 0.5)

    asyncio.run(main())
    (found,) = pace.learned()
    assert found.rate is not None and found.rate.ceiling == 25
    (whole,) = first.whole(pace.learned())
    assert whole.rate is not None and whole.rate.ceiling == 50


def test_what_a_member_held_that_asks_no_more_is_counted(database, tmp_path):
    with SharedAccounts(database, KEY).locked() as row:
        account = SharedAccount.load(row.state)
        account.deal("gone", Wish(more=30), row.now - LEASE - 1, 100)
        row.state = account.dump()
    pace = Pace(0.0, 4)
    # With a file it is known at once that it is gone: there only has to be a reason to ask.
    living, other = (member(database, tmp_path, each, left=lambda row: 70) for each in (pace, Pace()))

    async def main() -> None:
        async with living.kept(), other.kept():
            await until(lambda: living.asker.asked)

    asyncio.run(main())
    with database.connect() as connection:
        counted = connection.execute(select(func.sum(passed.c.number)).where(passed.c.account == KEY))
        assert counted.scalar() == 30


@pytest.mark.peers
def test_on_a_server_the_others_are_woken_when_something_is_announced(postgresql, tmp_path):
    database = open_database(postgresql.database(), tmp_path)
    sharing, another = (database.sharing(tmp_path, key) for key in (KEY, "another"))

    async def main() -> None:
        woken, wrong = asyncio.Event(), asyncio.Event()
        with sharing.present("one", woken.set), another.present("two", wrong.set):
            with database.begin(alone=False) as connection:
                sharing.announce(connection)
                assert not woken.is_set(), "it is said once it is committed"
            async with asyncio.timeout(30):
                await woken.wait()
        assert not wrong.is_set()

    asyncio.run(main())
    database.dispose()


def test_who_is_alone_with_a_file_never_asks_the_database(tmp_path):
    database = open_database("sqlite:///mailer.db", tmp_path)
    statements: list[str] = []
    event.listen(database, "before_cursor_execute", lambda *words: statements.append(words[2]))
    pace = Pace(100.0, 4)
    alone = member(database, tmp_path, pace)

    async def main() -> None:
        async with alone.kept():
            ends = pace.in_use(pacing_time()).part, pace.connections(pacing_time())
            assert ends == (1, 4)
            await asyncio.sleep(1.2)  # long enough for another look

    asyncio.run(main())
    database.dispose()
    assert statements == []
