"""What came back in numbers: by send, list, provider and day, with the servers' words; a policy tried."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from members import join, shut_out
from returned_mail import bounce
from settled_sends import NOW, accepted, begun, delivered

from mailer.bootstrap import App
from mailer.cli.returns import returns
from mailer.domain.return_policy import ReturnPolicy
from mailer.domain.returned import Kind, RecipientVerdict, Returned, Verdict, moved_to
from mailer.feedback.reading import read
from mailer.services.return_report import By, report, try_policy
from mailer.services.returns import ReturnedMail, ReturnRecords
from mailer.settings.fields import Settings

WORDS = {
    Kind.HARD: ("5.1.1", "no such mailbox", "550 5.1.1 No such user"),
    Kind.SOFT: ("5.2.2", "mailbox full", "552 5.2.2 Mailbox full"),
    Kind.BLOCKED: ("5.7.1", "taken for spam", "554 5.7.1 Blocked"),
    Kind.COMPLAINT: ("", "", ""),
}
PEOPLE = ["a@quay.example", "b@quay.example", "c@tide.example", "d@tide.example"]


class Later(App):
    """A workspace a day after its last send."""

    def now(self):
        return NOW + timedelta(days=1)


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> Iterator[App]:
    """Two sends to four people; of the first two came back hard, of the second one soft and one blocked."""
    made = Later(tmp_path, settings=Settings(database_url=database_url))
    made.lists.create("weekly", NOW)
    for email in PEOPLE:
        join(made.database, email, "weekly")
    for slug in ("harbour", "tides"):
        delivered(made.database, begun(made.database, slug), made.journals, accepted)
    came_back(made, (1, 1, Kind.HARD), (1, 1, Kind.HARD), (1, 3, Kind.HARD))
    came_back(made, (2, 2, Kind.SOFT), (2, 4, Kind.BLOCKED), (0, 4, Kind.HARD))
    yield made
    made.let_go()


def came_back(app: App, *what: tuple[int, int, Kind]) -> None:
    """Take in that copies (send, person) came back so, each by two messages, and nobody is suppressed."""
    records = ReturnRecords(lambda: app.database, ReturnPolicy(refused=False))
    for number, (send, person, kind) in enumerate(what):
        told = (RecipientVerdict(PEOPLE[person - 1], kind, *WORDS[kind]),)
        verdict = Verdict(kind, told, returned=Returned(send, person) if send else None)
        records.take([ReturnedMail(f"{what}{number}", "a test", verdict)], app.now())


def test_whose_address_changed_is_shown_and_nothing_follows(app: App) -> None:
    assert report(app, By.SEND, 30).moved == []
    moved = (RecipientVerdict(PEOPLE[1], Kind.AUTO_REPLY, reason="answered by a program"),)
    verdict = Verdict(
        Kind.AUTO_REPLY, moved, ("a field", "…"), Returned(2, 2), notes=(moved_to("new@pier.example"),)
    )
    records = ReturnRecords(lambda: app.database, ReturnPolicy())
    records.take([ReturnedMail("moved", "a test", verdict)], app.now())
    words = ("5.1.6", "551 5.1.6 User not local; please try <a2@pier.example>")
    read_551 = read(bounce("bounces+x@news.example", PEOPLE[0], words))
    records.take([ReturnedMail("551", "a test", replace(read_551, returned=Returned(2, 1)))], app.now())
    found = [(each.email, each.new) for each in report(app, By.SEND, 30).moved]
    assert found == [(PEOPLE[0], "to a2@pier.example"), (PEOPLE[1], "to new@pier.example")]
    shown = CliRunner().invoke(returns, ["report"], obj=app).output
    assert "a2@pier.example" in shown
    data = json.loads(CliRunner().invoke(returns, ["report", "--json"], obj=app).output)
    assert [each["new"] for each in data["moved"]] == [new for _, new in found]
    assert {each.email for each in app.directory.subscribers()} == set(PEOPLE)


def lines(app: App, by: By, named: str | None = None) -> dict[str, tuple[int | None, dict[str, int]]]:
    found = report(app, by, 30, named)
    return {line.name: (line.sent, {str(kind): n for kind, n in line.kinds.items()}) for line in found.lines}


def test_each_copy_counts_once(app: App) -> None:
    assert lines(app, By.SEND) == {
        "harbour to list weekly": (4, {"hard": 2}),
        "tides to list weekly": (4, {"soft": 1, "blocked": 1}),
    }
    assert lines(app, By.SEND, "tides") == {"tides to list weekly": (4, {"soft": 1, "blocked": 1})}
    assert lines(app, By.LIST) == {"weekly": (8, {"hard": 2, "soft": 1, "blocked": 1})}
    assert lines(app, By.PROVIDER) == {
        "quay.example": (None, {"hard": 1, "soft": 1}),
        "tide.example": (None, {"hard": 1, "blocked": 1}),
    }
    assert lines(app, By.DAY) == {"2026-11-30": (None, {"hard": 2, "soft": 1, "blocked": 1})}


def test_the_servers_words_and_what_was_not_proved(app: App) -> None:
    found = report(app, By.SEND, 30)
    assert [(each.provider, each.kind, each.people, each.said) for each in found.words][:2] == [
        ("quay.example", Kind.HARD, 1, "550 5.1.1 No such user"),
        ("quay.example", Kind.SOFT, 1, "552 5.2.2 Mailbox full"),
    ]
    assert found.unproved == 1
    assert report(app, By.SEND, 30, "harbour").words[0].kind is Kind.HARD


def test_a_policy_is_tried_on_what_there_is(app: App) -> None:
    # Both that were hard are suppressed by now.
    trial = try_policy(app, ReturnPolicy())
    assert (trial.suppressed, trial.news) == ({Kind.HARD: 2}, [])
    trial = try_policy(app, ReturnPolicy(sends=1, days=0))
    assert (trial.suppressed, trial.news) == ({Kind.HARD: 2, Kind.SOFT: 1}, ["b@quay.example"])
    shut_out(app.database, "b@quay.example")
    assert try_policy(app, ReturnPolicy(sends=1, days=0)).news == []


def test_the_commands_show_it(app: App) -> None:
    run = CliRunner()
    shown = run.invoke(returns, ["report", "--by", "provider"], obj=app)
    assert "quay.example" in shown.output and "█" in shown.output and "554 5.7.1 Blocked" in shown.output
    data = json.loads(run.invoke(returns, ["report", "--json"], obj=app).stdout)
    assert data["lines"][0]["name"] and data["unproved"] == 1
    tried = run.invoke(returns, ["policy", "--try", "--soft", "1/0d"], obj=app)
    assert "hard 2, soft 1" in tried.output and "b@quay.example" in tried.output
    tried = run.invoke(returns, ["policy", "--try", "--soft", "1/0d", "--blocked", "count"], obj=app)
    assert "blocked 1" in tried.output and "d@tide.example" in tried.output
    assert json.loads(run.invoke(returns, ["policy", "--json"], obj=app).stdout)["kinds"]["soft"]
    assert run.invoke(returns, ["policy", "--soft", "often"], obj=app).exit_code
