"""Somebody is erased: nothing says who they were, every account adds up, and no file brings them back."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from members import TEST, join, part, shut_out
from settled_sends import WEEKLY, Worker, begun, delivered
from sqlalchemy import event, select

from mailer.bootstrap import App
from mailer.domain.address import Address
from mailer.domain.consent import Evidence
from mailer.domain.delivery import State
from mailer.domain.suppression import Reason
from mailer.errors import AtWork, UsageError
from mailer.ledger.journal import read_journal
from mailer.ledger.journal_erasing import files
from mailer.ledger.ledger import Ledger
from mailer.people.enrol import Consent, Effect, Entry, enrol
from mailer.people.erasing import cleared_text, shortened, sweep
from mailer.people.lists import Lists
from mailer.people.suppressing import suppress, suppression_of
from mailer.services.database import restore
from mailer.services.edit import Edit, edit
from mailer.services.erase import Erased, erase
from mailer.services.export import keep_before
from mailer.services.merge import change_address, merge
from mailer.services.person import sheet_of
from mailer.services.personal_data import personal_data
from mailer.services.verify import verify
from mailer.store.backup import back_up
from mailer.store.schema import consents, keys, metadata, subscribers

NOW = datetime(2026, 11, 29, 8, tzinfo=UTC)
TYPED, ADA = "Ada.Quint@Quay.example", Address.parse("ada.quint@quay.example")
OTHER = "zora@pier.example"
SECRETS = ("ada.quint", "zora@pier", "Quintessa", "Port Secret")


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> Iterator[App]:
    app = App(tmp_path, {"DATABASE_URL": database_url})
    for name in ("weekly", "daily"):
        Lists(app.database).create(name, NOW)
    join(app.database, TYPED, "weekly", "daily", fields={"name": "Quintessa", "town": "Port Secret"})
    join(app.database, "bo@quay.example", "weekly", fields={"town": "Port"})
    yield app
    app.let_go()


def gone(app: App, email: str = TYPED) -> Erased:
    return erase(app, Address.parse(email))


def rows_of(app: App) -> str:
    """Return every row of every table."""
    with app.database.connect() as connection:
        return "\n".join(
            repr(tuple(row)) for table in metadata.sorted_tables for row in connection.execute(select(table))
        )


def traces(app: App) -> list[str]:
    """Return which secrets stand in which file of the workspace, whatever is in it, and in which tables."""
    octets = {"the tables": rows_of(app).encode()}
    app.let_go()
    octets |= {str(path): path.read_bytes() for path in app.root.rglob("*") if path.is_file()}
    return [
        f"{secret} in {name}"
        for name, content in octets.items()
        for secret in SECRETS
        if secret.lower().encode() in content.lower()
    ]


def took_in(app: App, *emails: str, anew: bool = False) -> list[Effect]:
    with app.database.begin() as connection:
        terms = Consent(Lists(app.database).ids(["weekly"]), TEST, NOW, anew=anew)
        return [each.effect for each in enrol(connection, [Entry(Address.parse(e)) for e in emails], terms)]


def preview(app: App) -> dict[str, str | None]:
    """Return who would get an issue, or why not."""
    found = Ledger(app.database).preview("x", WEEKLY, again=False)
    return {person.email: reason for person, reason in found}


def lived(app: App) -> None:
    """Let there be traces of a person wherever there can be any."""
    database = app.database
    delivered(database, begun(database), app.journals)
    part(database, TYPED, "daily")
    with database.begin() as connection:
        suppress(connection, ADA.key, Reason.COMPLAINED, f"a report about {TYPED}", NOW)
        said = Consent(Lists(database).ids(["weekly"]), TEST, NOW)
        enrol(connection, [Entry(ADA, evidence=Evidence(note=f"by {TYPED}"))], said)
    begun(database, "lighthouse")  # who is suppressed is excluded
    edit(database, Edit(Address.parse("bo@quay.example"), {"friend": f"knows <{TYPED}> well"}), NOW)
    join(database, OTHER, "daily")
    merge(database, ADA, Address.parse(OTHER), TEST, NOW)
    ids = [each.id for each in app.directory.subscribers()]
    keep_before(database, app.root / "subscribers", "tag", ids, NOW)


def test_nothing_is_left_of_them_and_every_account_adds_up(app: App) -> None:
    lived(app)
    assert len(traces(app)) > 5
    before = {each.send.slug: each.totals for each in verify(app)}
    done = gone(app)
    assert traces(app) == []
    assert {each.send.slug: each.totals for each in verify(app)} == before
    assert [each.discrepancies for each in verify(app)] == [[], []]
    assert (done.journals, len(done.files), done.naming) == (1, 1, [])
    assert {"deliveries", "outcomes", "exclusions", "consents", "subscribers"} <= done.rows.keys()
    (send,) = [each for each in app.ledger.sends() if each.slug == "harbour"]
    lines = {line.email: line.words for line in app.queries.deliveries(send)}
    assert lines == {"(erased)": "250 2.1.5 (erased)", "bo@quay.example": "250 2.1.5 <bo@quay.example> Ok"}
    bo = sheet_of(app.database, Address.parse("bo@quay.example"), NOW).values or {}
    assert bo == {"town": "Port", "friend": "knows <(erased)> well"}


def test_each_table_is_looked_through_once(app: App) -> None:
    looks: Counter[str] = Counter()

    def look(*told: Any) -> None:
        if found := re.search(r"FROM (\w+)\s+WHERE .*(LIKE|ILIKE)", told[2], re.DOTALL):
            looks[found[1]] += 1

    event.listen(app.database, "before_cursor_execute", look)
    with app.database.begin() as connection:
        sweep(connection, {TYPED})
    event.remove(app.database, "before_cursor_execute", look)
    assert {"subscribers", "consents", "outcomes"} <= looks.keys()
    assert set(looks.values()) == {1}


def test_journals_are_whole_and_tell_of_the_others_what_they_told(app: App) -> None:
    delivered(app.database, begun(app.database), app.journals)
    gone(app)
    (path,) = files(app.journals)
    with path.open("rb") as file:
        dead = read_journal(path.name, file, whole=True)
    assert dead.gap == ""
    words = sorted(said.words for said in dead.last_word.values() if not isinstance(said, type(None)))  # type: ignore[union-attr]
    assert words == ["250 2.1.5 (erased)", "250 2.1.5 <bo@quay.example> Ok"]


def test_no_import_brings_them_back_but_they_themselves_can_come(app: App) -> None:
    gone(app)
    assert took_in(app, "ADA.QUINT@quay.example", "bo@quay.example") == [Effect.ERASED, Effect.UNCHANGED]
    assert traces(app) == []
    with pytest.raises(UsageError, match="nobody here"):
        personal_data(app, ADA)
    assert took_in(app, TYPED, anew=True) == [Effect.ADDED]
    assert sheet_of(app.database, ADA, NOW).suppression is None


def test_all_addresses_of_a_person_are_erased(app: App) -> None:
    join(app.database, OTHER, "weekly")
    merge(app.database, ADA, Address.parse(OTHER), TEST, NOW)
    change_address(app.database, ADA, Address.parse("ada.quint@north.example"), TEST, NOW)
    gone(app, OTHER)
    assert traces(app) == []
    assert took_in(app, TYPED, OTHER, "ada.quint@north.example") == [Effect.ERASED] * 3


def test_who_waits_in_a_send_is_cancelled_and_nobody_else(app: App) -> None:
    send = begun(app.database)
    assert gone(app).cancelled == 1
    assert delivered(app.database, send, app.journals) == ["bo@quay.example"]
    assert sorted(app.queries.totals(send).states.items()) == [(State.ACCEPTED, 1), (State.CANCELLED, 1)]
    assert app.queries.discrepancies(send) == []
    assert traces(app) == []


def test_whoever_is_in_hand_is_never_mailed_again_and_erased_when_it_is_done(app: App) -> None:
    send = begun(app.database)
    worker = Worker(app.database, send, app.journals)
    worker.take()
    with pytest.raises(AtWork, match="never mailed again, but not erased yet") as caught:
        gone(app)
    assert "mailer subscribers erase" in str(caught.value.next_step)
    assert {
        person.email: reason for person, reason in Ledger(app.database).preview("x", WEEKLY, again=False)
    } == {
        TYPED: Reason.ERASED,
        "bo@quay.example": None,
    }
    worker.settle()
    gone(app)
    assert traces(app) == []
    assert app.queries.discrepancies(send) == []


def test_a_living_worker_whose_journal_names_them_has_to_be_done_first(app: App) -> None:
    worker = Worker(app.database, begun(app.database), app.journals)
    worker.take()
    worker.write()
    with pytest.raises(AtWork, match="in its journal"):
        gone(app)
    worker.close()
    gone(app)
    assert traces(app) == []


def test_an_address_of_nobody_that_is_suppressed_is_left_as_a_hash(app: App) -> None:
    shut_out(app.database, OTHER, Reason.REQUESTED)
    gone(app, OTHER)
    with app.database.connect() as connection:
        found = suppression_of(connection, OTHER)
    assert found is not None
    assert (found.reason, found.who[0]) == (Reason.ERASED, "#")
    assert "zora" not in rows_of(app)
    assert gone(app, OTHER).rows == {}
    with pytest.raises(UsageError, match="nothing is kept of it"):
        gone(app, "nobody@quay.example")


def test_files_of_others_are_named_and_not_touched(app: App) -> None:
    theirs = app.root / "people.csv"
    theirs.write_text(f"email\n{TYPED}\nxada.quint@quay.example\n")
    assert gone(app).naming == [theirs]
    theirs.write_text("email\nxada.quint@quay.example\nada.quint@quay.example.test\n")
    assert gone(app).naming == []


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("250 2.1.5 <ada> Ok", "250 2.1.5 (erased)"),
        ("550 no such user ada\nreally", "550 (erased)"),
        ("550-5.1.1 ada", "550 5.1.1 (erased)"),
        ("unsubscribed after the audience was frozen", "unsubscribed after the audience was frozen"),
        ("decided by ana: accepted", "decided by ana: accepted"),
    ],
)
def test_of_a_servers_words_the_codes_stay(said: str, left: str) -> None:
    assert shortened(said) == left


def test_only_the_whole_address_is_taken_out_of_a_text() -> None:
    text = "ADA@quay.example, xada@quay.example ada@quay.example.test <ada@quay.example>."
    left = "(erased), xada@quay.example ada@quay.example.test <(erased)>."
    assert cleared_text(text, ["ada@quay.example"]) == left


def test_all_that_is_held_of_a_person_is_theirs_to_have(app: App) -> None:
    lived(app)
    data = json.loads(json.dumps(personal_data(app, Address.parse(OTHER))))
    assert data["subscribers"][0]["fields"] == {"town": "Port Secret"}
    assert {row["subscriber_id"] for row in data["deliveries"]} == {data["subscribers"][0]["id"]}
    assert {row["name"] for row in data["lists"]} == {"weekly", "daily"}
    assert {row["slug"] for row in data["sends"]} == {"harbour", "lighthouse"}
    assert data["former_addresses"][0]["email"] == OTHER
    assert {"consents", "consent_sources", "outcomes", "exclusions", "suppressions"} <= data.keys()
    assert "bo@" not in json.dumps(data["deliveries"])


def restored(tmp_path: Path) -> tuple[App, int]:
    done = restore(tmp_path / "monday.db", tmp_path / "mailer.db", tmp_path / "mailer.db.journals", NOW)
    return App(tmp_path, {"DATABASE_URL": "sqlite:///mailer.db"}), done.erased


@pytest.mark.parametrize("other_key", [False, True])
def test_a_restore_erases_again_whom_the_backup_has_still(tmp_path: Path, other_key: bool) -> None:
    app = App(tmp_path, {"DATABASE_URL": "sqlite:///mailer.db"})
    Lists(app.database).create("weekly", NOW)
    join(app.database, TYPED, "weekly", fields={"name": "Quintessa"})
    join(app.database, OTHER, "weekly")
    join(app.database, "cy@quay.example", "weekly")
    app.let_go()
    back_up(tmp_path / "mailer.db", tmp_path / "monday.db")
    if other_key:
        aged = App(tmp_path, {"DATABASE_URL": "sqlite:///monday.db"})
        with aged.database.begin() as connection:
            connection.execute(keys.delete())
        aged.let_go()
    gone(app)
    merge(app.database, Address.parse("cy@quay.example"), Address.parse(OTHER), TEST, NOW)
    part(app.database, "cy@quay.example", "weekly", now=datetime(2026, 11, 30, tzinfo=UTC))
    app.let_go()
    app, erased = restored(tmp_path)
    (tmp_path / "monday.db").unlink()
    assert erased == 1
    assert [each for each in traces(app) if "zora" not in each] == []
    assert took_in(app, TYPED, OTHER, "cy@quay.example") == [Effect.ERASED, *[Effect.UNCHANGED] * 2]
    with app.database.connect() as connection:
        left = connection.scalars(select(consents.c.change).order_by(consents.c.id)).all()[-2:]
        hashes = connection.scalars(select(subscribers.c.address_hash)).all()
    assert left == ["left", "left"]
    assert len(set(hashes)) == 2
    assert {
        person.email: reason for person, reason in Ledger(app.database).preview("x", WEEKLY, again=False)
    } == {
        OTHER: "unsubscribed",
        "cy@quay.example": "unsubscribed",
    }
    app.let_go()
