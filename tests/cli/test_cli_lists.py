"""`mailer lists`, as a person types it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from harbour_workspace import ISSUE, Workspace

from mailer.cli.terminal import width

pytestmark = pytest.mark.peers

LONG = "Harbour Gazette, 7 Pier Road, Old Customs House, North Mole, Port Example"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "issues").mkdir()
    made = Workspace(tmp_path, {"POSTAL_ADDRESS": "1 Quay Street", "SMTP_PORT": "1"})
    made.run("lists", "create", "weekly", "--title", "The Weekly", "--public", "--single-opt-in")
    made.issue()
    return made


def test_what_changes_is_shown_before_and_after(workspace: Workspace) -> None:
    changed = workspace.run("lists", "set", "weekly", "--language", "nb", "--no-archive", "--private")
    assert changed.stdout == (
        "weekly · The Weekly\n"
        "  shown           public -> private\n"
        "  archive         shown -> not shown\n"
        "  language        en (LANGUAGE) -> nb (list)\n"
    )
    again = workspace.run("lists", "set", "weekly", "--language", "nb")
    assert again.stdout == "weekly · The Weekly\n  Nothing changes.\n"
    taken_back = workspace.run("lists", "set", "weekly", "--unset", "language", "--unset", "title")
    assert taken_back.stdout == (
        "weekly · weekly\n"
        "  title           The Weekly -> weekly\n"
        "  language        nb (list) -> en (LANGUAGE)\n"
    )


def test_what_is_shown_is_data_too(workspace: Workspace) -> None:
    workspace.run("lists", "set", "weekly", "--from", "Desk <desk@quay.example>", "--param", "width=600")
    workspace.run("subscribers", "add", "ada@quay.example", "--list", "weekly")
    workspace.run("schedule", "add", "harbour", "--at", "2099-01-01 08:00")
    data = workspace.data("lists", "show", "weekly")
    assert data["mails"]["from"] == {"value": "Desk <desk@quay.example>", "by": "list"}
    assert data["mails"]["postal-address"] == {"value": "1 Quay Street", "by": "POSTAL_ADDRESS"}
    assert data["mails"]["param:width"] == {"value": 600, "by": "list"}
    assert (data["public"], data["double_opt_in"], data["in_archive"]) == (True, False, True)
    assert data["counts"]["subscribed"] == 1
    assert [each["issue"] for each in data["scheduled"]] == ["issues/2026-11-22-harbour.md"]
    assert data["sends"] == 0


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_lists_fit_the_terminal(workspace: Workspace, columns: int) -> None:
    narrow = replace(workspace, settings=workspace.settings | {"COLUMNS": str(columns)})
    narrow.run("lists", "create", "pilots", "--title", "The Paper of the Pilots of Port Example")
    narrow.run("lists", "set", "pilots", "--postal-address", LONG)
    shown = narrow.run("lists", "show", "pilots").stdout
    assert " ".join(LONG.split()) in " ".join(shown.split())
    for text in (shown, narrow.run("lists", "list").stdout):
        assert max(map(width, text.splitlines())) <= columns
        for word in ("subscribed", "paused", "unconfirmed", "unsubscribed", "suppressed"):
            assert word in text


def test_an_archived_list_is_refused_wherever_it_is_named(workspace: Workspace, tmp_path: Path) -> None:
    workspace.run("lists", "create", "daily")
    workspace.run("subscribers", "add", "ada@quay.example", "--list", "daily")
    workspace.run("schedule", "add", "harbour", "--at", "2099-01-01 08:00")
    said = workspace.run("lists", "archive", "weekly").stderr
    assert "next: mailer schedule remove 1" in said
    people = tmp_path / "people.csv"
    people.write_text("email\nbram@quay.example\n")
    for command, code in (
        (("send-issue", "harbour", "--yes"), 3),
        (("send-issue", "harbour", "--dry-run"), 3),
        (("schedule", "add", "harbour", "--at", "2099-02-01 08:00"), 3),
        (("subscribers", "import", people, "--list", "weekly"), 2),
        (("subscribers", "add", "bram@quay.example", "--list", "weekly"), 2),
        (("subscribers", "copy", "daily", "weekly", "--yes"), 2),
    ):
        refused = workspace.run(*command, expect=code)
        assert "the list weekly is archived" in refused.stderr
        assert "next: To take it up again: mailer lists archive weekly --undo" in refused.stderr
    assert workspace.data("lists", "show", "weekly")["counts"]["subscribed"] == 0
    assert workspace.data("issues", "list")[0]["problem"] == "list weekly archived"
    workspace.run("lists", "archive", "weekly", "--undo")
    workspace.run("subscribers", "add", "bram@quay.example", "--list", "weekly")


def test_a_list_is_not_deleted_unless_its_name_was_typed(workspace: Workspace) -> None:
    workspace.issue(ISSUE)
    workspace.run("subscribers", "add", "ada@quay.example", "--list", "weekly")
    unasked = workspace.run("lists", "delete", "weekly", expect=3)
    assert "subscribed 1" in unasked.stdout
    assert "next: mailer lists delete weekly --yes weekly" in unasked.stderr
    workspace.run("lists", "delete", "weekly", "--yes", "daily", expect=2)
    deleted = workspace.run("lists", "delete", "weekly", "--yes", "weekly").stderr
    (kept,) = workspace.root.glob("subscribers/before-delete-weekly-*.csv")
    assert f"next: and its people: mailer subscribers import {kept} --list weekly" in deleted
    assert "weekly" in kept.read_text()
    workspace.run("lists", "show", "weekly", expect=2)
