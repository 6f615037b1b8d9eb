"""What `subscribers clean` names, and what it does when told: on both databases, beside a name server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from name_server import address, mx, name_server, zone
from sqlalchemy import Engine, delete, event, select

from mailer.domain.address import Address
from mailer.domain.consent import Change as Said
from mailer.domain.consent import Source, SourceKind
from mailer.domain.subscriber import Status, Subscriber
from mailer.domain.suppression import Reason
from mailer.errors import UsageError
from mailer.people.cleaning.disposable import OWN_NAME
from mailer.people.consents import Said as Word
from mailer.people.consents import record
from mailer.people.directory import Directory
from mailer.people.enrol import Consent, Entry, enrol
from mailer.people.lists import Lists
from mailer.people.suppressing import suppress
from mailer.services.clean import Clean, Inspection, Remedy, Suspicion, change, look
from mailer.store.database import open_database
from mailer.store.schema import consents, subscribers, suppressions

NOW = datetime(2026, 11, 29, 8, 0, tzinfo=UTC)
FORM = Source(SourceKind.FORM, "a form")
ADMIN = Source(SourceKind.COMMAND, "subscribers clean", "ada")


@pytest.fixture
def engine(database_url: str, tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(database_url, tmp_path)
    for name in ("daily", "weekly"):
        Lists(engine).create(name, NOW)
    yield engine
    engine.dispose()


def join(
    engine: Engine, *people: str, weekly: Status = Status.SUBSCRIBED, daily: Status | None = None
) -> None:
    terms = Consent(Lists(engine).ids(["weekly", "daily"]), FORM, NOW)
    entries = [Entry(Address.parse(each), {"name": "Reader"}, (weekly, daily)) for each in people]
    with engine.begin() as connection:
        enrol(connection, entries, terms)


def seen(engine: Engine, folder: Path, request: Clean = Clean()) -> Inspection:  # noqa: B008
    return look(engine, request, folder, lambda doing, total: nullcontext(lambda done: None))


def told(found: Inspection) -> list[tuple[str, Suspicion, str, str, str]]:
    return sorted(
        (each.person.email, each.kind, each.what, each.meant, each.obstacle) for each in found.doubtful
    )


def people(engine: Engine) -> dict[str, Subscriber]:
    return {each.email: each for each in Directory(engine).subscribers()}


def test_each_kind_is_named_and_nothing_is_changed(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / OWN_NAME).write_text("# 2026-11-29\nfog.example\n")
    good = ["ada@quay.example", "Bram@gmail.com", "cee@googlemail.com"]
    join(engine, *good, "Rosa@gmial.com", "info@harbour.test", "x@a.fog.example", "b.r.am+news@gmail.com")
    before = people(engine)
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    found = seen(engine, tmp_path)
    assert not [each for each in statements if each.split()[0] in ("INSERT", "UPDATE", "DELETE")]
    assert told(found) == [
        ("Rosa@gmial.com", Suspicion.MISTYPED, "gmial.com → gmail.com", "Rosa@gmail.com", ""),
        ("b.r.am+news@gmail.com", Suspicion.TWIN, "one mailbox at gmail.com", "Bram@gmail.com", ""),
        ("info@harbour.test", Suspicion.ROLE, "info@", "", ""),
        ("x@a.fog.example", Suspicion.DISPOSABLE, "fog.example", "", ""),
    ]
    assert found.people == 7
    assert people(engine) == before


def test_only_who_may_come_to_be_mailed_is_looked_at(engine: Engine, tmp_path: Path) -> None:
    join(engine, "left@gmial.com", weekly=Status.UNSUBSCRIBED)
    join(engine, "there@gmial.com", weekly=Status.UNSUBSCRIBED, daily=Status.UNCONFIRMED)
    join(engine, "never@gmial.com")
    with engine.begin() as connection:
        suppress(connection, "never@gmial.com", Reason.BOUNCED, "", NOW)
        suppress(connection, "@gmai.com", Reason.BLOCKED, "", NOW)
    join(engine, "blocked@gmai.com")
    assert [each.person.email for each in seen(engine, tmp_path).doubtful] == ["there@gmial.com"]
    assert seen(engine, tmp_path, Clean(("weekly",))).people == 0
    assert seen(engine, tmp_path, Clean(("daily",))).people == 1
    assert seen(engine, tmp_path, Clean(spared=frozenset({"gmial.com"}))).doubtful == []
    with pytest.raises(UsageError, match="there is no list wekly; did you mean weekly"):
        seen(engine, tmp_path, Clean(("wekly",)))


def test_a_corrected_address_keeps_the_person_and_says_where_it_is_from(
    engine: Engine, tmp_path: Path
) -> None:
    join(engine, "Rosa@gmial.com", daily=Status.UNSUBSCRIBED)
    (before,) = people(engine).values()
    wanted = Remedy.wanted(seen(engine, tmp_path), correct=True, suppress=())
    assert wanted.ids == [before.id]
    assert change(engine, wanted, ADMIN, NOW) == (1, 0)
    (after,) = people(engine).values()
    assert after.email == "Rosa@gmail.com"
    assert (after.id, after.name, after.lists) == (before.id, before.name, before.lists)
    with engine.connect() as connection:
        notes = connection.scalars(select(consents.c.note).where(consents.c.change == Said.MOVED)).all()
        hashes = connection.scalars(select(subscribers.c.address_hash)).all()
    assert notes == ["from rosa@gmial.com to rosa@gmail.com"]
    # As if they had come by this address: who is erased by its hash is found by it.
    join(engine, "rosa@gmail.com")
    assert len(people(engine)) == 1
    with engine.begin() as connection:
        suppress(connection, hashes[0], Reason.ERASED, "", NOW)
    assert people(engine)["Rosa@gmail.com"].suppressed == Reason.ERASED
    assert change(engine, wanted, ADMIN, NOW) == (0, 0)  # they have another address by now


def test_nobody_who_said_no_becomes_mailable_and_two_people_do_not_become_one(
    engine: Engine, tmp_path: Path
) -> None:
    join(
        engine,
        *(f"{name}@gmial.com" for name in ("no", "two", "three", "sure", "gone", "odd")),
        "three@gmai.com",
    )
    join(engine, "two@gmail.com", weekly=Status.UNSUBSCRIBED)
    sure = people(engine)["sure@gmial.com"].id
    with engine.begin() as connection:
        suppress(connection, "no@gmail.com", Reason.COMPLAINED, "", NOW)
        record(connection, FORM, [Word(sure, Lists(engine).ids(["weekly"])[0], Said.CONFIRMED)], NOW)
    found = seen(engine, tmp_path)
    assert {each.person.email: each.obstacle for each in found.doubtful} == {
        "no@gmial.com": "never mailed (complained)",
        "two@gmial.com": "there already",
        "three@gmial.com": "",
        "sure@gmial.com": "confirmed as it is",
        "gone@gmial.com": "",
        "odd@gmial.com": "",
        "three@gmai.com": "there already",
    }
    wanted = Remedy.wanted(found, correct=True, suppress=())
    with engine.begin() as connection:  # since they were looked at
        suppress(connection, "gone@gmail.com", Reason.REQUESTED, "", NOW + timedelta(seconds=1))
        suppress(connection, "odd@gmial.com", Reason.REQUESTED, "", NOW + timedelta(seconds=1))
    assert change(engine, wanted, ADMIN, NOW) == (1, 0)
    assert {each for each in people(engine) if each.endswith("@gmail.com")} == {
        "two@gmail.com",
        "three@gmail.com",
    }


def test_whom_to_suppress_is_said_by_kind_and_needs_no_new_address(engine: Engine, tmp_path: Path) -> None:
    join(engine, "info@gmial.com", "rosa@gmial.com", "info@quay.example")
    wanted = Remedy.wanted(seen(engine, tmp_path), correct=True, suppress=[Suspicion.ROLE])
    assert (len(wanted.corrections), len(wanted.suppressed)) == (1, 2)
    assert change(engine, wanted, ADMIN, NOW) == (1, 2)
    assert change(engine, wanted, ADMIN, NOW) == (0, 0)
    assert {email: each.suppressed for email, each in people(engine).items()} == {
        "info@gmial.com": "blocked",
        "rosa@gmail.com": None,
        "info@quay.example": "blocked",
    }
    with engine.connect() as connection:
        assert set(connection.scalars(select(suppressions.c.note))) == {"clean: info@"}
        said = connection.scalars(select(consents.c.change).where(consents.c.change == Said.SUPPRESSED))
        assert len(said.all()) == 2
    assert seen(engine, tmp_path).doubtful == []


@pytest.mark.peers
def test_domains_that_take_no_mail_are_named_and_those_that_nobody_knows_of(
    engine: Engine, tmp_path: Path
) -> None:
    mail = mx("gmail.com", "mx.gmail.test") + mx("quay.example", "mx.quay.example")
    domains = zone(mail, mx("mute.example", ".", 0), address("web.example"))
    names = ["quay.example", "mute.example", "web.example", "gone.example", "gmail.com"]
    join(engine, *(f"ada@{name}" for name in names))
    advanced: list[tuple[str, int]] = []

    def progress(doing: str, total: int) -> nullcontext[Callable[[int], None]]:
        advanced.append((doing, total))
        return nullcontext(lambda done: None)

    with name_server(domains) as server:
        found = look(engine, Clean(online=True, server=server), tmp_path, progress)
    assert told(found) == [
        ("ada@gone.example", Suspicion.NO_MAIL, "gone.example: no mail server", "", ""),
        ("ada@mute.example", Suspicion.NO_MAIL, "mute.example: says that it takes no mail (null MX)", "", ""),
        ("ada@web.example", Suspicion.NO_MX, "web.example: no MX record, only an address", "", ""),
    ]
    assert advanced == [
        ("looking", 5),
        ("asking DNS", 4),
    ]  # who has a million mailboxes is known without being asked


ADDRESSES = [
    f"{name}@{domain}" for name in ("ada", "rosa") for domain in ("gmail.com", "gmial.com", "gmai.com")
]
STANDINGS = st.dictionaries(
    st.sampled_from(ADDRESSES), st.tuples(st.sampled_from([None, *Status]), st.booleans()), max_size=6
)


@pytest.fixture(scope="module")
def kept(kept_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = open_database(kept_database_url, tmp_path_factory.mktemp("clean"))
    for name in ("daily", "weekly"):
        Lists(engine).create(name, NOW)
    yield engine
    engine.dispose()


def mailable(engine: Engine) -> dict[int, str]:
    there = Directory(engine).subscribers("weekly", Status.SUBSCRIBED)
    return {each.id: each.email for each in there if not each.suppressed}


@settings(max_examples=25)
@given(standings=STANDINGS)
def test_whatever_is_corrected_the_same_people_are_mailed_and_no_address_that_said_no(
    kept: Engine, tmp_path_factory: pytest.TempPathFactory, standings: dict[str, tuple[Status | None, bool]]
) -> None:
    with kept.begin() as connection:
        connection.execute(delete(subscribers))
        connection.execute(delete(suppressions))
    for email, (status, suppressed) in standings.items():
        if status:
            join(kept, email, weekly=status)
        if suppressed:
            with kept.begin() as connection:
                suppress(connection, email, Reason.REQUESTED, "", NOW)
    before = mailable(kept)
    found = seen(kept, tmp_path_factory.getbasetemp())
    change(kept, Remedy.wanted(found, correct=True, suppress=()), ADMIN, NOW)
    after = mailable(kept)
    assert after.keys() == before.keys()
    said_no = {email for email, (status, no) in standings.items() if no or status is Status.UNSUBSCRIBED}
    assert not said_no & {*after.values()}
