"""Whatever happens to records of people, whoever said no is not mailed before they say yes by themselves."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from members import NOW, TEST, join, part
from settled_sends import WEEKLY

from mailer.bootstrap import App
from mailer.domain.address import Address
from mailer.domain.subscriber import Status
from mailer.errors import MailerError, UsageError
from mailer.ledger.ledger import Ledger
from mailer.people.enrol import Consent, Entry, enrol
from mailer.people.lists import Lists
from mailer.services.edit import Edit, edit
from mailer.services.erase import erase
from mailer.services.many import between, coming, transfer
from mailer.services.merge import change_address, merge
from mailer.services.person import sheet_of
from mailer.services.suppressions import lift, look

PLACES = ("quay", "pier", "north")
addresses = st.integers(0, len(PLACES) - 1)


@dataclass
class Human:
    """Who is known by some addresses, and whether their last word was no."""

    addresses: set[int] = field(default_factory=set)
    said_no: bool = False


class Records:
    """Records of a few people, who come, go, are imported, joined, erased and imported again."""

    numbers = itertools.count()

    def __init__(self, app: App) -> None:
        self.app, number = app, next(self.numbers)
        self.known = [Address.parse(f"p{number}@{place}.example") for place in PLACES]
        self.humans = {place: Human({place}) for place in range(len(PLACES))}
        for place in (0, 1):
            self.imported(place)

    def _enrol(self, place: int, **how: object) -> None:
        with self.app.database.begin() as connection:
            terms = Consent(Lists(self.app.database).ids(["weekly"]), TEST, NOW)
            enrol(connection, [Entry(self.known[place], **how)], terms)  # type: ignore[arg-type]

    def imported(self, place: int) -> None:
        self._enrol(place, values={"name": "Ada"})

    def said_no(self, place: int, how: str) -> None:
        typed, known = self.known[place].typed, sheet_of(self.app.database, self.known[place], NOW)
        if how == "left":
            if all(each.list_name != "weekly" for each in known.subscriptions):
                return
            part(self.app.database, typed, "weekly")
        elif how == "asked":
            part(self.app.database, typed)
        elif how == "file says left":
            self._enrol(place, statuses=(Status.UNSUBSCRIBED,))
        else:
            self._enrol(place, suppressed="complained")
        self.humans[place].said_no = True

    def came_back_by_themselves(self, place: int) -> None:
        join(self.app.database, self.known[place].typed, "weekly", anew=True)
        self.humans[place].said_no = False

    def looked_after(self, place: int) -> None:
        with suppress(MailerError):
            edit(self.app.database, Edit(self.known[place], {"name": "Bo"}), NOW)
        with suppress(MailerError):
            found = look(self.app.database, self.known[place].key)
            lift(self.app.database, found, TEST, "they are fine", NOW, they_asked=False)

    def joined(self, one: int, other: int) -> None:
        self._made_one(one, other, lambda a, b: merge(self.app.database, a, b, TEST, NOW))

    def moved(self, one: int, other: int) -> None:
        self._made_one(one, other, lambda a, b: change_address(self.app.database, a, b, TEST, NOW))

    def _made_one(self, one: int, other: int, change: Callable[[Address, Address], object]) -> None:
        try:
            change(self.known[one], self.known[other])
        except UsageError:
            return
        first, second = self.humans[one], self.humans[other]
        both = Human(first.addresses | second.addresses, first.said_no or second.said_no)
        self.humans |= dict.fromkeys(both.addresses, both)

    def erased(self, place: int) -> None:
        try:
            erase(self.app, self.known[place])
        except UsageError:
            return
        for each in self.humans[place].addresses:
            self.humans[each] = Human({each}, said_no=True)

    def transferred(self, away: bool, moving: bool) -> None:
        names = ("weekly", "daily") if away else ("daily", "weekly")
        lists = between(self.app, *names, moving=moving)
        transfer(self.app, lists, coming(self.app, lists).ids, TEST)

    def whoever_said_no_is_not_mailed(self) -> None:
        keys = {address.key: place for place, address in enumerate(self.known)}
        for person, reason in Ledger(self.app.database).preview("x", WEEKLY, again=False):
            place = keys.get(Address.parse(person.email).key)
            if place is not None and reason is None:
                assert not self.humans[place].said_no, person.email


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> Iterator[App]:
    app = App(tmp_path, {"DATABASE_URL": database_url})
    for name in ("weekly", "daily"):
        Lists(app.database).create(name, NOW)
    yield app
    app.let_go()


# What others do, and what only the person does: `said_no` may come between any of them.
ATTEMPTS = st.one_of(
    st.tuples(st.sampled_from(["imported", "looked_after", "erased"]), addresses),
    st.tuples(st.sampled_from(["joined", "moved"]), addresses, addresses),
    st.tuples(st.just("transferred"), st.booleans(), st.booleans()),
)
NO = st.tuples(
    st.just("said_no"),
    addresses,
    st.sampled_from(["left", "asked", "file says left", "file says complained"]),
)
YES = st.tuples(st.just("came_back_by_themselves"), addresses)
BEFORE = st.lists(st.one_of(ATTEMPTS, YES), max_size=3)
AFTER = st.lists(st.one_of(ATTEMPTS, ATTEMPTS, NO, YES), min_size=2, max_size=8)


def test_no_means_no_until_they_say_yes_by_themselves(app: App) -> None:
    @settings(max_examples=40)
    @given(before=BEFORE, no=NO, after=AFTER)
    def history(before: list[Any], no: tuple[Any, ...], after: list[Any]) -> None:
        records = Records(app)
        for rule, *how in (*before, no, *after):
            getattr(records, rule)(*how)
            records.whoever_said_no_is_not_mailed()

    history()
