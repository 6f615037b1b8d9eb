"""Whatever files are imported: who said no, there or here, is mailed only by their own word."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from members import TEST, join, part

from mailer.bootstrap import App
from mailer.domain.address import Address
from mailer.domain.audience import Audience
from mailer.domain.suppression import Reason
from mailer.errors import UsageError
from mailer.ledger.ledger import Ledger
from mailer.people import suppressing
from mailer.people.importing.consent import Answers
from mailer.people.lists import Lists
from mailer.services.edit import Edit, Pause, edit, pause
from mailer.services.erase import erase
from mailer.services.import_people import Import, import_people

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LISTS = ("weekly", "tides")
DOMAINS = ("quay", "pier")
SAYS = {
    "subscribed": "",
    "unconfirmed": "",
    "unsubscribed": "no",
    "bounced": "never",
    "spam complaint": "never",
}
people = st.integers(0, 3)
names = st.sampled_from(LISTS)
rows = st.lists(st.tuples(people, st.sampled_from([*SAYS])), min_size=1, max_size=4)


class Files(RuleBasedStateMachine):
    """A few people at two domains, whom files name; `no` are those who left a list, `never` all mail."""

    numbers = itertools.count()

    def __init__(self, app: App) -> None:
        super().__init__()
        self.app, number = app, next(self.numbers)
        self.known = [Address.parse(f"p{each}@{DOMAINS[each % 2]}{number}.example") for each in range(4)]
        self.no: set[tuple[int, str]] = set()
        self.never: set[int] = set()
        self.blocked: set[int] = set()

    @rule(rows=rows, name=names, agreed=st.sampled_from(["", "2019-05-01", "2031-01-01"]))
    def a_file_is_imported(self, rows: list[tuple[int, str]], name: str, agreed: str) -> None:
        path = self.app.root / "people.csv"
        lines = [f"{self.known[who].typed.upper()},{state},{agreed}\n" for who, state in rows]
        path.write_text("email,status,agreed\n" + "".join(lines))
        answers = Answers(status=("status",))
        import_people(
            self.app.database, Import(path, (name,), mapping={"agreed": "agreed_at"}, answers=answers), NOW
        )
        self.no |= {(who, name) for who, state in rows if SAYS[state] == "no"}
        self.never |= {who for who, state in rows if SAYS[state] == "never"}

    @rule(who=people, name=names)
    def somebody_is_added(self, who: int, name: str) -> None:
        with suppress(UsageError):
            join(self.app.database, self.known[who].typed, name)

    @rule(who=people, name=names)
    def somebody_comes_back_by_their_own_word(self, who: int, name: str) -> None:
        with suppress(UsageError):
            join(self.app.database, self.known[who].typed, name, anew=True)
            self.no.discard((who, name))
            self.never.discard(who)

    @rule(who=people, name=st.sampled_from([None, *LISTS]))
    def somebody_leaves(self, who: int, name: str | None) -> None:
        with suppress(UsageError):
            part(self.app.database, self.known[who].typed, *([name] if name else []))
            self.no |= {(who, each) for each in LISTS if name in (None, each)}
            self.never |= set() if name else {who}

    @rule(who=people, name=names, until=st.sampled_from([None, NOW + timedelta(days=1)]))
    def somebody_pauses_or_goes_on(self, who: int, name: str, until: datetime | None) -> None:
        with suppress(UsageError):
            pause(self.app.database, Pause(self.known[who], (name,), until, TEST), NOW)

    @rule(who=people)
    def somebody_is_edited(self, who: int) -> None:
        with suppress(UsageError):
            edit(self.app.database, Edit(self.known[who], {"name": "Ada"}), NOW)

    @rule(domain=st.integers(0, 1))
    def a_domain_is_suppressed(self, domain: int) -> None:
        key = "@" + self.known[domain].domain
        with self.app.database.begin() as connection:
            suppressing.suppress(connection, key, Reason.BLOCKED, "", NOW)
        self.blocked |= {domain, domain + 2}

    @rule(who=people)
    def somebody_is_erased(self, who: int) -> None:
        with suppress(UsageError):
            erase(self.app, self.known[who])
            self.never.add(who)

    @invariant()
    def nobody_who_said_no_is_mailed(self) -> None:
        keys = {address.key: who for who, address in enumerate(self.known)}
        for name in LISTS:
            for person, reason in Ledger(self.app.database).preview("x", Audience((name,)), again=False):
                who = keys.get(Address.parse(person.email).key)
                if who is not None and reason is None:
                    assert who not in self.never | self.blocked
                    assert (who, name) not in self.no


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> Iterator[App]:
    app = App(tmp_path, {"DATABASE_URL": database_url})
    for name in LISTS:
        Lists(app.database).create(name, NOW)
    yield app
    app.let_go()


def test_no_file_makes_anybody_mailable_who_said_no(app: App) -> None:
    few = settings(max_examples=10, stateful_step_count=15)
    run_state_machine_as_test(lambda: Files(app), settings=few)  # type: ignore[no-untyped-call]
