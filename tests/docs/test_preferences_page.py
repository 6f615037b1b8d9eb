"""The page about preferences is followed, command by command, and prints what is shown."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest
from harbour_workspace import Workspace
from test_moving_pages import steps

from mailer.bootstrap import App
from mailer.domain.consent import Source, SourceKind
from mailer.domain.leaving import Explanation, LeavingReason
from mailer.domain.signed_links import LinkToken
from mailer.services.unsubscribe_link import UnsubscribeLinks

KNOWN = ("berths=3", "district=Quay", "member=yes")


@pytest.mark.peers
def test_the_page_about_preferences_can_be_followed(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, {"DATABASE_URL": "sqlite:///mailer.db"})
    workspace.run("lists", "create", "weekly")
    given = [part for each in KNOWN for part in ("--field", each)]
    workspace.run("subscribers", "add", "ada@quay.example", "--list", "weekly", *given)
    app = App(tmp_path, workspace.settings)
    links = UnsubscribeLinks(lambda: app.database, b"k", lambda: datetime(2026, 11, 29, 8, tzinfo=UTC))
    page, token = Source(SourceKind.LINK, "preferences page"), LinkToken(9, 1, 1)
    said = Explanation(LeavingReason.OFTEN, "Once a week would do")
    assert links.explain(token, links.leave(token, page), said, page)
    app.let_go()
    followed = [*steps("preferences.md")]
    for command, printed in followed:
        done = workspace.run(*shlex.split(command)[1:])
        assert f"{done.stdout}{done.stderr}".split() == printed.split()
    assert len(followed) == 3
