"""Whatever files are imported: who said no, there or here, is mailed only by their own word."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
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
people = st.integers(0, 1)
names = st.sampled_from(LISTS)
rows = st.lists(st.tuples(people, st.sampled_from([*SAYS])), min_size=1, max_size=4)


class Files:
    """Two people at two domains, whom files name; `no` are those who left a list, `never` all mail."""

    numbers = itertools.count()

    def __init__(self, app: App) -> None:
        self.app, number = app, next(self.numbers)
        self.known = [Address.parse(f"p{each}@{DOMAINS[each]}{number}.example") for each in range(2)]
        self.no: set[tuple[int, str]] = set()
        self.never: set[int] = set()
        self.blocked: set[int] = set()

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

    def somebody_is_added(self, who: int, name: str) -> None:
        with suppress(UsageError):
            join(self.app.database, self.known[who].typed, name)

    def somebody_comes_back_by_their_own_word(self, who: int, name: str) -> None:
        with suppress(UsageError):
            join(self.app.database, self.known[who].typed, name, anew=True)
            self.no.discard((who, name))
            self.never.discard(who)

    def somebody_leaves(self, who: int, name: str | None) -> None:
        with suppress(UsageError):
            part(self.app.database, self.known[who].typed, *([name] if name else []))
            self.no |= {(who, each) for each in LISTS if name in (None, each)}
            self.never |= set() if name else {who}

    def somebody_pauses_or_goes_on(self, who: int, name: str, until: datetime | None) -> None:
        with suppress(UsageError):
            pause(self.app.database, Pause(self.known[who], (name,), until, TEST), NOW)

    def somebody_is_edited(self, who: int) -> None:
        with suppress(UsageError):
            edit(self.app.database, Edit(self.known[who], {"name": "Ada"}), NOW)

    def a_domain_is_suppressed(self, domain: int) -> None:
        key = "@" + self.known[domain].domain
        with self.app.database.begin() as connection:
            suppressing.suppress(connection, key, Reason.BLOCKED, "", NOW)
        self.blocked.add(domain)

    def somebody_is_erased(self, who: int) -> None:
        with suppress(UsageError):
            erase(self.app, self.known[who])
            self.never.add(who)

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


FILE = st.tuples(
    st.just("a_file_is_imported"), rows, names, st.sampled_from(["", "2019-05-01", "2031-01-01"])
)
NO = st.one_of(
    st.tuples(st.just("somebody_leaves"), people, st.sampled_from([None, *LISTS])),
    st.tuples(st.just("a_domain_is_suppressed"), st.integers(0, 1)),
    st.tuples(st.just("somebody_is_erased"), people),
    FILE,
)
OTHERS = st.one_of(
    st.tuples(st.just("somebody_is_added"), people, names),
    st.tuples(st.just("somebody_comes_back_by_their_own_word"), people, names),
    st.tuples(
        st.just("somebody_pauses_or_goes_on"),
        people,
        names,
        st.sampled_from([None, NOW + timedelta(days=1)]),
    ),
    st.tuples(st.just("somebody_is_edited"), people),
)
STEPS = st.lists(st.one_of(FILE, FILE, NO, OTHERS), min_size=4, max_size=10)


def test_no_file_makes_anybody_mailable_who_said_no(app: App) -> None:
    @settings(max_examples=40)
    @given(STEPS)
    def history(steps: list[Any]) -> None:
        files = Files(app)
        for step, *how in steps:
            getattr(files, step)(*how)
            files.nobody_who_said_no_is_mailed()

    history()
