"""`mailer rehearse`: everyone gets it, by a server that makes trouble, and nothing is changed."""

from __future__ import annotations

from pathlib import Path
from shlex import join

import pytest
from harbour_workspace import Workspace

from mailer.bootstrap import App
from mailer.cli.rehearse import LEVELS as CHOICES
from mailer.sandbox.rehearsal import judged
from mailer.sandbox.trouble import LEVELS
from mailer.sandbox.troublemaker import ACCEPTED, DEEDS
from mailer.services.report import report_on

PEOPLE = 300


@pytest.fixture
def peopled(workspace: Workspace) -> Workspace:
    workspace.people(PEOPLE)
    return workspace


def test_without_trouble_everyone_gets_one_copy(peopled: Workspace) -> None:
    segments = ["--segment", "name is known", "--exclude-segment", 'email begins with "reader2"']
    text = peopled.run("rehearse", "harbour", "--trouble", "none", *segments).stdout
    those = [n for n in range(PEOPLE) if n % 3 and not str(n).startswith("2")]
    assert f"  {len(those)} got exactly one copy\n" in text
    assert "the server" not in text
    assert text.endswith(f"  next: {join(['mailer', 'send-issue', 'harbour', *segments])}\n")


def test_in_much_trouble_all_are_accounted_for(peopled: Workspace) -> None:
    said = peopled.data("rehearse", "harbour", "--trouble", "much", "--seed", 2)
    states = said["states"]
    assert states["accepted"] + states["failed"] + states["uncertain"] == PEOPLE == said["audience"]
    assert states["failed"] <= said["troubles"]["refused messages for good"]
    assert sum(said["troubles"].values()) > 0
    assert said["doubtful_copies"] <= states["uncertain"]
    assert said["wrong"] == []


def test_nothing_of_the_workspace_changes(peopled: Workspace) -> None:
    database = peopled.root / "subscribers" / "mailer.db"
    before = database.read_bytes()
    peopled.run("rehearse", "harbour", "--trouble", "much")
    assert database.read_bytes() == before
    assert "Nothing was sent yet." in peopled.run("status").stderr


def test_who_has_the_issue_already_is_rehearsed_with_again(begun: Workspace) -> None:
    said = begun.data("rehearse", "harbour", "--trouble", "none")
    assert said["states"]["accepted"] == 10
    assert begun.data("status")[0]["states"]["accepted"] == 4


def test_how_long_it_takes_is_told_by_the_settings(peopled: Workspace) -> None:
    peopled.settings["MAIL_RATE"] = "2"
    assert (
        "the real send takes about 2m30s: 2 a second, MAIL_RATE" in peopled.run("rehearse", "harbour").stdout
    )
    peopled.settings["MAIL_WARMUP"] = "50,100"
    said = peopled.data("rehearse", "harbour", "--trouble", "none")["estimate"]
    assert said == {"seconds": 2 * 86_400, "because": "the warm-up 50,100"}


def test_every_level_of_trouble_can_be_asked_for() -> None:
    assert (*LEVELS,) == CHOICES  # which the command knows without loading what makes it


def test_without_people_it_says_how_to_get_some(workspace: Workspace) -> None:
    (workspace.root / "subscribers" / "mailer.db").unlink()
    assert "mailer subscribers import" in workspace.run("rehearse", "harbour", expect=2).stderr
    assert not (workspace.root / "subscribers" / "mailer.db").exists()


def test_a_list_is_needed(workspace: Workspace) -> None:
    workspace.issue("# No list\n\nWords.\n", "none.md")
    assert "Add --list L" in workspace.run("rehearse", "none", expect=2).stderr


def test_what_is_wrong_would_be_seen(peopled: Workspace, server: object, tmp_path: Path) -> None:
    """The judge itself: the logs of another server than the one that was sent to."""
    peopled.run("send-issue", "harbour", "--yes", "-q")
    app = App(peopled.root, peopled.settings)
    (send,) = app.ledger.sends()
    heard = [f"reader{n}@inbox.example <{n}@gazette.example>\n" for n in range(1, PEOPLE)]
    (tmp_path / ACCEPTED).write_text(
        "".join([*heard, heard[0], "stranger@inbox.example <s@gazette.example>\n"])
    )
    (tmp_path / DEEDS).write_text("1 1 content reader1@inbox.example taken\n")
    wrong = judged(app, report_on(app, send), None, tmp_path).wrong
    assert wrong == [
        "1 got more than one copy: reader1@inbox.example",
        "1 got a message and should not have: stranger@inbox.example",
        "1 are accepted, and got nothing: reader0@inbox.example",
    ]
