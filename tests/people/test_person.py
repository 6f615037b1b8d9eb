"""One person: looked up, edited, pausing; and many: tagged, brought to another list as what they are."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from members import TEST, join, part, shut_out
from sqlalchemy import select

from mailer.bootstrap import App
from mailer.cli import main
from mailer.cli.sheet import data, ledger, page
from mailer.cli.terminal import width
from mailer.domain.address import Address
from mailer.domain.consent import Change, Evidence, Source, SourceKind
from mailer.domain.segment.named import KeptSegment
from mailer.domain.subscriber import Status
from mailer.errors import UsageError
from mailer.people.consents import Said, record
from mailer.people.enrol import Consent, Entry, enrol
from mailer.people.lists import Lists
from mailer.services.edit import Edit, Pause, edit, pause
from mailer.services.many import Whom, between, coming, pick, tag, transfer, without
from mailer.services.person import PersonSheet, sheet_of
from mailer.services.segments import kept
from mailer.store.schema import consents

NOW = datetime(2026, 11, 29, 8, tzinfo=UTC)
LATER = NOW + timedelta(weeks=4)
ADA = Address.parse("ada@quay.example")
FORM = Source(SourceKind.FORM, "harbour page", "", "Send me the gazette", "3")


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> Iterator[App]:
    app = App(tmp_path, {"DATABASE_URL": database_url})
    for name in ("weekly", "daily"):
        Lists(app.database).create(name, NOW)
    yield app
    app.let_go()


def sheet(app: App, email: str = ADA.typed, now: datetime = NOW) -> PersonSheet:
    return sheet_of(app.database, Address.parse(email), now)


def statuses(app: App, email: str) -> dict[str, Status]:
    return {each.list_name: each.status for each in sheet(app, email).subscriptions}


def test_a_page_says_all_that_is_known_and_why_they_are_mailed_or_not(app: App) -> None:
    person = join(app.database, ADA.typed, "weekly", "daily", fields={"name": "Ada", "town": "Port"}, now=NOW)
    part(app.database, ADA.typed, "daily", now=NOW)
    with app.database.begin() as connection:
        agreed = Evidence(NOW, None, "192.0.2.0", "Mozilla/5.0", "by the link in the mail")
        weekly = Lists(app.database).ids(["weekly"])[0]
        record(connection, FORM, [Said(person, weekly, Change.CONFIRMED, agreed)], LATER)
    text = "\n".join(page(sheet(app), 110))
    for part_of_it in (
        "ada@quay.example",
        "name        Ada",
        "town        Port",
        "weekly  subscribed    2026-11-29  gets the next issue",
        "daily   unsubscribed  2026-11-29  gets nothing: they left",
        "confirmed",
    ):
        assert part_of_it in text
    evidence = "\n".join(ledger(sheet(app)))
    for part_of_it in (
        "form harbour page: by the link in the mail",
        "from 192.0.2.0 with Mozilla/5.0",
        "agreed to (version 3): Send me the gazette",
        "recorded 2026-12-27",
    ):
        assert part_of_it in evidence
    known = json.loads(json.dumps(data(sheet(app))))
    assert known["values"] == {"name": "Ada", "town": "Port"}
    assert [each["change"] for each in known["consent"]] == ["subscribed", "subscribed", "left", "confirmed"]


@pytest.mark.parametrize("columns", [40, 60, 80, 110])
def test_a_page_keeps_within_the_width_it_has(app: App, columns: int) -> None:
    join(app.database, ADA.typed, "weekly", "daily", fields={"name": "Ada", "town": "Port " * 30})
    assert max(map(width, page(sheet(app), columns))) <= columns


def test_an_address_of_nobody_may_be_suppressed_or_never_heard_of(app: App) -> None:
    assert sheet(app).unheard_of
    shut_out(app.database, ADA.typed)
    found = sheet(app)
    assert (found.unheard_of, found.id) == (False, None)
    assert "is nobody's address here." in "\n".join(page(found, 80))
    assert "bounced, since" in "\n".join(page(found, 80))


def test_fields_are_edited_in_their_types_and_what_is_not_named_stays(app: App) -> None:
    join(app.database, ADA.typed, "weekly", fields={"name": "Ada", "paid": "no", "town": "Port"})
    change = Edit(ADA, {"language": "pt", "Paid": "yes", "name": "Ada"}, ("town",))
    assert edit(app.database, change, LATER) == ["language", "paid", "town"]
    assert edit(app.database, change, LATER) == []
    found = sheet(app)
    assert found.values == {"name": "Ada", "language": "pt", "paid": True}
    assert found.updated_at == LATER


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (Edit(Address.parse("x@quay.example"), {"name": "X"}), "nobody here"),
        (Edit(ADA, {"paid": "perhaps"}), "paid"),
        (Edit(ADA, {"email": "x@quay.example"}), "can't name a field"),
        (Edit(ADA, unset=("email",)), "no field email"),
        (Edit(ADA, unset=("colour",)), "no field colour"),
        (Edit(ADA, {"paid": "yes"}, ("paid",)), "at once"),
        (Edit(ADA, {"timezone": "Mars/Quay"}), "'Mars/Quay' is no time zone"),
    ],
)
def test_what_can_not_be_edited_changes_nothing(app: App, change: Edit, says: str) -> None:
    join(app.database, ADA.typed, "weekly", fields={"paid": "no"})
    with pytest.raises(UsageError, match=says):
        edit(app.database, change, NOW)
    assert sheet(app).values == {"paid": False}


def test_who_pauses_gets_nothing_and_goes_on_when_they_like(app: App) -> None:
    join(app.database, ADA.typed, "weekly", "daily")
    part(app.database, ADA.typed, "daily")
    for lists, until, news in (
        (None, LATER, ["weekly"]),
        (("weekly",), LATER, []),
        (("daily",), LATER, []),
        (None, None, ["weekly"]),
        (None, None, []),
    ):
        assert pause(app.database, Pause(ADA, lists, until, TEST), NOW) == news
        if until:
            assert dict(sheet(app).outlook())["weekly"].startswith("gets nothing before 2026-12-27")
    assert dict(sheet(app).outlook())["weekly"] == "gets the next issue"
    assert dict(sheet(app, now=LATER).outlook())["weekly"] == "gets the next issue"
    with pytest.raises(UsageError, match="over already"):
        pause(app.database, Pause(ADA, None, NOW, TEST), NOW)
    with app.database.connect() as connection:
        said = connection.scalars(select(consents.c.change).order_by(consents.c.id)).all()
    assert said[-2:] == ["paused", "resumed"]


def press(app: App, *, excluded: bool = False) -> tuple[KeptSegment, ...]:
    return kept(app, [("tag:press", excluded)])


def test_a_tag_is_put_and_taken_by_name_list_and_segment(app: App) -> None:
    ada = join(app.database, ADA.typed, "weekly", fields={"tags": "press"})
    bo = join(app.database, "bo@quay.example", "weekly", "daily")
    assert pick(app, Whom(segments=press(app))) == [ada]
    assert pick(app, Whom(list_name="weekly", segments=press(app, excluded=True))) == [bo]
    assert pick(app, Whom((ADA,))) == [ada]
    ids = pick(app, Whom(list_name="weekly"))
    assert without(app, ids, "press", put=True) == [bo]
    assert (tag(app, ids, "press", put=True), tag(app, ids, "press", put=True)) == (1, 0)
    assert without(app, ids, "press", put=False) == [ada, bo]
    assert tag(app, [ada], "press", put=False) == 1
    assert "tags" not in (sheet(app).values or {})
    assert (sheet(app, "bo@quay.example").values or {})["tags"] == ["press"]
    with pytest.raises(UsageError, match="not both"):
        pick(app, Whom((ADA,), "weekly"))
    with pytest.raises(UsageError, match="nobody here"):
        pick(app, Whom((Address.parse("x@quay.example"),)))


@pytest.mark.parametrize("moving", [False, True])
def test_people_come_to_another_list_as_what_they_are_and_nobody_gets_more(app: App, moving: bool) -> None:
    for name in ("plain", "gone", "off-there", "on-there"):
        join(app.database, f"{name}@quay.example", "weekly")
    part(app.database, "gone@quay.example", "weekly")
    join(app.database, "off-there@quay.example", "daily")
    part(app.database, "off-there@quay.example", "daily")
    join(app.database, "on-there@quay.example", "daily")
    pause(app.database, Pause(Address.parse("plain@quay.example"), None, LATER, TEST), NOW)
    with app.database.begin() as connection:
        terms = Consent(Lists(app.database).ids(["weekly"]), TEST, NOW)
        enrol(connection, [Entry(Address.parse("new@quay.example"), statuses=(Status.UNCONFIRMED,))], terms)
    lists = between(app, "weekly", "daily", moving=moving)
    found = coming(app, lists)
    assert sorted(found.statuses.values()) == ["subscribed", "unconfirmed", "unsubscribed"]
    assert len(found.ids) == (5 if moving else 3)
    assert transfer(app, lists, found.ids, TEST) == 3
    there = {name: statuses(app, f"{name}@quay.example") for name in ("plain", "gone", "off-there", "new")}
    assert {name: found["daily"] for name, found in there.items()} == {
        "plain": Status.SUBSCRIBED,
        "gone": Status.UNSUBSCRIBED,
        "off-there": Status.UNSUBSCRIBED,
        "new": Status.UNCONFIRMED,
    }
    paused = {each.list_name: each.paused_until for each in sheet(app, "plain@quay.example").subscriptions}
    assert paused["daily"] == LATER
    first = statuses(app, "plain@quay.example")["weekly"]
    assert first is (Status.UNSUBSCRIBED if moving else Status.SUBSCRIBED)
    said = [(each.list_name, each.change) for each in sheet(app, "plain@quay.example").consents]
    assert ("daily", Change.MOVED) in said
    assert (("weekly", Change.MOVED) in said) is moving
    again = coming(app, lists)
    assert again.statuses == {}
    with pytest.raises(UsageError, match="no way"):
        between(app, "daily", "daily", moving=moving)


@pytest.fixture
def mailer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[object, str, str]]:
    """Run one command line in a workspace of its own."""
    for name in ("MAILER_WORKSPACE", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)

    def run(*words: str) -> tuple[object, str, str]:
        monkeypatch.setattr(sys, "argv", ["mailer", "-C", str(tmp_path), *words])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return run


def test_the_commands_as_typed(mailer: Callable[..., tuple[object, str, str]]) -> None:
    mailer("lists", "create", "weekly")
    mailer("lists", "create", "daily")
    mailer("subscribers", "add", ADA.typed, "--list", "weekly", "--field", "paid=no")
    assert mailer("subscribers", "edit", ADA.typed, "--name", "Ada", "--unset", "paid")[2] == (
        "ada@quay.example: name, paid changed.\n"
    )
    assert mailer("subscribers", "edit", ADA.typed)[0] == 2
    assert "--unset name" in mailer("subscribers", "edit", ADA.typed, "--name", " ")[2]
    assert (
        "pauses on weekly until 2126-12-01"
        in mailer("subscribers", "pause", ADA.typed, "--until", "2126-12-01")[2]
    )
    assert mailer("subscribers", "resume", ADA.typed)[2] == "ada@quay.example goes on with weekly.\n"
    for wrong in (["--for", "soon"], ["--until", "soon"], [], ["--for", "4w", "--until", "2126-12-01"]):
        assert mailer("subscribers", "pause", ADA.typed, *wrong)[0] == 2
    assert "weekly" in mailer("subscribers", "show", ADA.typed)[1]
    assert json.loads(mailer("subscribers", "show", ADA.typed, "--json")[1])["values"] == {"name": "Ada"}
    assert "resumed" in mailer("subscribers", "consent", ADA.typed)[1]
    assert len(json.loads(mailer("subscribers", "consent", ADA.typed, "--json")[1])) == 3
    assert mailer("subscribers", "show", "x@quay.example")[0] == 2
    code, _, refused = mailer("subscribers", "tag", "press", ADA.typed)
    assert (code, "tag 1 person as press" in refused) == (3, True)
    assert "Tagged 1 person." in mailer("subscribers", "tag", "press", ADA.typed, "--yes")[2]
    assert mailer("subscribers", "tag", "press")[0] == 2
    assert mailer("subscribers", "untag", "a;b", ADA.typed)[0] == 2
    assert "Untagged 1 person." in mailer("subscribers", "untag", "press", "--list", "weekly", "--yes")[2]
    assert (
        "Would copy 1 person from weekly to daily (1 subscribed)"
        in mailer("subscribers", "copy", "weekly", "daily", "--dry-run")[2]
    )
    assert "1 person came to daily." in mailer("subscribers", "move", "weekly", "daily", "--yes")[2]


def test_records_are_joined_moved_given_out_and_erased_as_typed(
    mailer: Callable[..., tuple[object, str, str]], tmp_path: Path
) -> None:
    mailer("lists", "create", "weekly")
    for email in (ADA.typed, "ada@pier.example"):
        mailer("subscribers", "add", email, "--list", "weekly", "--name", "Ada")
    code, _, refused = mailer("subscribers", "merge", ADA.typed, "ada@pier.example")
    assert (code, "--yes" in refused) == (3, True)
    merged = mailer("subscribers", "merge", ADA.typed, "ada@pier.example", "--yes")
    assert merged == (0, "", "ada@pier.example leads to ada@quay.example from now on.\n")
    changed = mailer("subscribers", "change-address", "ada@pier.example", "ada@north.example")
    assert changed == (0, "", "ada@pier.example is ada@north.example from now on.\n")
    path = tmp_path / "ada.txt"
    assert mailer("subscribers", "export", str(path), "--person", ADA.typed)[0] == 0
    assert "ada@north.example" in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    path.unlink()
    given = mailer("subscribers", "export", "--person", ADA.typed)[1]
    assert json.loads(given)["subscribers"][0]["email"] == "ada@north.example"
    for wrong in (["--person", ADA.typed, "--list", "weekly"], ["--format", "json"]):
        assert mailer("subscribers", "export", *wrong)[0] == 2
    assert mailer("subscribers", "export", "--person", ADA.typed, "--format", "xlsx")[0] == 2
    code, _, refused = mailer("subscribers", "erase", ADA.typed)
    assert (code, "no terminal to ask on" in refused) == (3, True)
    code, said, _ = mailer("subscribers", "erase", ADA.typed, "--yes")
    assert (code, "Erased ada@quay.example" in said) == (0, True)
    assert "suppressed: erased" not in mailer("subscribers", "list")[1]
    shown = mailer("subscribers", "show", ADA.typed)[1]
    assert "is nobody's address here." in shown
    assert "erased, since" in shown
