"""`mailer fields` and `mailer lists reasons`, as a person types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from harbour_workspace import Workspace

from mailer.bootstrap import App
from mailer.domain.consent import Source, SourceKind
from mailer.domain.leaving import Explanation, LeavingReason
from mailer.domain.signed_links import LinkToken
from mailer.services.unsubscribe_link import UnsubscribeLinks

pytestmark = pytest.mark.peers


@pytest.fixture
def workspace(database_url: str, tmp_path: Path) -> Workspace:
    workspace = Workspace(tmp_path, {"DATABASE_URL": database_url})
    workspace.run("lists", "create", "weekly")
    workspace.run("subscribers", "add", "ada@quay.example", "--list", "weekly", "--field", "home_port=Bay")
    return workspace


def test_a_field_gets_a_title_and_may_be_changed_by_readers(workspace: Workspace) -> None:
    listed = ["name       type  title  editable", "home_port  text         no"]
    assert workspace.run("fields", "list").stdout.splitlines() == listed
    said = workspace.run("fields", "set", "Home Port", "--title", "Where you live", "--editable").stderr
    assert said == "home_port (Where you live, text): readers change it themselves.\n"
    untitled = workspace.run("fields", "set", "home_port", "--title", "").stderr
    assert untitled.startswith("home_port (home port, text)")
    assert json.loads(workspace.run("fields", "list", "--json").stdout) == [
        {"name": "home_port", "type": "text", "title": "", "is_editable": True}
    ]
    workspace.run("fields", "set", "home_port", "--not-editable")
    assert workspace.run("fields", "list").stdout.splitlines() == listed


def test_what_can_not_be_said_is_refused(workspace: Workspace) -> None:
    refused = {
        ("homeport", "--editable"): "there is no field homeport; did you mean home_port?",
        ("name", "--editable"): "there is no field name",
        ("home_port", "--title", "a\x1bb"): "a field's title has a control character in it",
        ("home_port",): "say what is to change: --title TEXT, --editable or --not-editable",
    }
    for typed, said in refused.items():
        assert said in workspace.run("fields", "set", *typed, expect=2).stderr


def test_reasons_are_counted_and_shown(workspace: Workspace) -> None:
    assert workspace.run("lists", "reasons", "weekly").stderr == "Nobody has said why they left weekly.\n"
    app = App(workspace.root, workspace.settings)
    links, page = UnsubscribeLinks(lambda: app.database, b"k", app.now), Source(SourceKind.LINK, "a page")
    token = LinkToken(9, 1, 1)
    word = links.leave(token, page)
    assert links.explain(token, word, Explanation(LeavingReason.OFTEN, "Once a week would do"), page)
    app.let_go()
    shown = workspace.run("lists", "reasons").stdout.splitlines()
    assert shown[0] == "weekly · too often 1"
    assert shown[1].endswith("  Once a week would do")
    (data,) = json.loads(workspace.run("lists", "reasons", "weekly", "--json").stdout)
    assert (data["list"], data["reasons"]) == ("weekly", {"too often": 1})
    for command in ("consent", "show"):
        told = workspace.run("subscribers", command, "ada@quay.example").stdout
        assert "explained" in told
        assert "too often: Once a week would do" in told
