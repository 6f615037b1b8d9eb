"""Whoever left or is never to be mailed stays so, whatever service takes people in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from members import join, part, shut_out
from sqlalchemy import Engine

import mailer
from mailer.domain.consent import Source, SourceKind
from mailer.domain.signed_links import LinkToken, sign_undo
from mailer.domain.standing import Standing
from mailer.domain.subscriber import Left, Status
from mailer.errors import UsageError
from mailer.people.directory import Directory
from mailer.people.lists import Lists
from mailer.services.database import restore
from mailer.services.import_people import Answers, Import, import_people
from mailer.services.unsubscribe_link import UnsubscribeLinks
from mailer.store.backup import back_up
from mailer.store.database import open_database

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
LATER = NOW + timedelta(hours=2)
URL = "sqlite:///mailer.db"
KEY = b"a key of the harbour"
PAGE = Source(SourceKind.LINK, "page")
WHO = ("stays", "left", "gone", "bounced")


@pytest.fixture
def database(database_url: str, tmp_path: Path) -> Iterator[Engine]:
    """A list that one left, and two on it who are never mailed; `before.db` is from before that."""
    database = open_database(database_url, tmp_path)
    Lists(database).create("weekly", NOW)
    Lists(database).create("tides", NOW)
    for who in WHO:
        join(database, f"{who}@quay.example", "weekly", now=NOW)
    if database_url == URL:
        back_up(tmp_path / "mailer.db", tmp_path / "before.db")
    part(database, "left@quay.example", "weekly", now=LATER)
    part(database, "gone@quay.example", now=LATER)
    shut_out(database, "bounced@quay.example", now=LATER)
    yield database
    database.dispose()


def mailed(database: Engine, list_name: str) -> set[str]:
    """Who gets what is sent to the list."""
    people = Directory(database).subscribers(list_name, Status.SUBSCRIBED)
    return {each.email.partition("@")[0] for each in people if each.suppressed is None}


def imported(header: str, cell: str, **request: object) -> Callable[[Engine, Path], None]:
    def run(database: Engine, folder: Path) -> None:
        file = folder / "people.csv"
        file.write_text(f"email{header}\n" + "".join(f"{who}@quay.example{cell}\n" for who in WHO))
        wanted = Import(file, **{"lists": ("weekly", "tides"), **request})  # type: ignore[arg-type]
        assert import_people(database, wanted, LATER).rejects == []

    return run


def added(database: Engine, folder: Path) -> None:
    for who in WHO:
        with suppress(UsageError):
            join(database, f"{who}@quay.example", "weekly", fields={"town": "Porto"}, now=LATER)


def undone(database: Engine, folder: Path) -> None:
    """By words that nobody was given: of another departure, of another person, signed by another key."""
    links = UnsubscribeLinks(lambda: database, KEY, lambda: LATER)
    weekly, tides = Lists(database).ids(["weekly", "tides"])
    for number in range(2, len(WHO) + 1):
        token = LinkToken(1, number, weekly)
        for left in (Left(NOW, (weekly,)), Left(LATER - timedelta(minutes=1), (weekly, tides), True)):
            for signed in (
                sign_undo(KEY, number, left),
                sign_undo(KEY, 1, left),
                sign_undo(b"x", number, left),
            ):
                links.come_back(token, signed, PAGE)


@pytest.mark.parametrize(
    "way",
    [
        added,
        imported("", ""),
        imported(",status", ",subscribed", answers=Answers(status=("status",))),
        imported(",status", ",rejoined", answers=Answers(meanings=(("rejoined", Standing.SUBSCRIBED),))),
        imported("", "", answers=Answers(everyone=Standing.SUBSCRIBED)),
        imported(",lists,suppressed", ",weekly,", lists=("weekly",)),
        imported("", "", lists=("weekly", "books"), create_lists=True),
        undone,
    ],
)
def test_nobody_who_left_or_is_suppressed_comes_back(
    database: Engine, tmp_path: Path, way: Callable[[Engine, Path], None]
) -> None:
    way(database, tmp_path)
    require_consent(database)


@pytest.mark.parametrize("database_url", [URL])
def test_nor_by_a_restore(database: Engine, tmp_path: Path) -> None:
    database.dispose()
    restore(tmp_path / "before.db", tmp_path / "mailer.db", tmp_path / "mailer.db.journals", LATER)
    now = open_database(URL, tmp_path)
    require_consent(now)
    now.dispose()


def require_consent(database: Engine) -> None:
    assert mailed(database, "weekly") == {"stays"}
    for name in {each.name for each in Lists(database).all()} - {"weekly"}:
        assert not mailed(database, name) & {"gone", "bounced"}


def test_only_consent_given_anew_brings_somebody_back(database: Engine) -> None:
    for who in WHO[1:]:
        join(database, f"{who}@quay.example", "weekly", anew=True, now=LATER)
    assert mailed(database, "weekly") == set(WHO)
    (one, *_) = Directory(database).subscribers("weekly")
    assert one.lists == {"weekly": "subscribed"}


def test_the_button_of_the_page_brings_back_whom_it_took_off_and_nobody_else(database: Engine) -> None:
    links = UnsubscribeLinks(lambda: database, KEY, lambda: LATER)
    token = LinkToken(1, 1, *Lists(database).ids(["weekly"]))
    word = links.leave(token, PAGE)
    assert mailed(database, "weekly") == set()
    assert links.leave(token, PAGE) == ""
    assert links.leave(token._replace(subscriber_id=99), PAGE) == ""
    assert links.come_back(token, word, PAGE)
    assert mailed(database, "weekly") == {"stays"}


def test_rows_of_consent_are_written_in_few_places_and_people_enrolled_by_few() -> None:
    root = Path(mailer.__file__).parent
    sources = {str(file.relative_to(root)): file.read_text() for file in root.rglob("*.py")}

    def holding(pattern: str) -> set[str]:
        return {name for name, text in sources.items() if re.search(pattern, text)}

    writes = holding(
        r"\b(insert|add_missing|append|put|update|delete)\(\s*(connection,\s*)?(subscriptions|suppressions)\b"
    )
    assert writes == {
        "people/departures.py",
        "people/enrol.py",
        "people/erasing.py",
        "people/joining.py",
        "people/lists.py",
        "people/merging.py",
        "people/pausing.py",
        "people/pending.py",
        "people/suppressing.py",
        "people/suppression_list.py",
        "people/transferring.py",
        "people/unsubscribing.py",
    }
    # What people said is only ever added to, until they are erased.
    assert holding(r"\b(insert|add_missing|append)\(\s*(connection,\s*)?consents\b") == {"people/consents.py"}
    assert holding(r"\b(put|update|delete)\(\s*(connection,\s*)?consents\b") == {"people/erasing.py"}
    assert holding(r"\b(enrol|take_in)\(connection") - {"people/enrol.py"} == {
        "people/opting_in.py",
        "services/import_people.py",
        "services/preference_link.py",
        "services/subscribe.py",
    }
    assert holding(r"\banew=") == {"people/opting_in.py", "services/subscribe.py", "cli/subscribers.py"}
