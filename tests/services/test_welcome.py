"""The issue that a list is to welcome with is looked at when it is set: nobody is there when it goes out."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailer.bootstrap import App
from mailer.errors import IssueError, MailerError, PlanRefused, UsageError
from mailer.services.list_settings import ListChanges, change, create

GOOD = "---\ntitle: Welcome aboard\n---\nGood morning.\n"
WELCOME = ListChanges({"welcome": "issues/welcome.md"}, {})


@pytest.fixture
def app(tmp_path: Path) -> App:
    (tmp_path / "issues").mkdir()
    made = App(tmp_path, {"POSTAL_ADDRESS": "1 Quay Street, Port Example"})
    made.lists.create("weekly", made.now())
    return made


@pytest.mark.parametrize(
    ("text", "error", "problem"),
    [
        (None, UsageError, "there is no such file"),
        (GOOD.replace("aboard\n", "aboard\ndraft: true\n"), UsageError, "which is a draft"),
        (GOOD.replace("morning", "morning {{ subscirber.name }}"), IssueError, "subscirber"),
        (GOOD.replace("Good morning.", "![](tide.png)"), MailerError, "tide.png"),
    ],
)
def test_one_that_is_not_fit_to_go_out_is_refused(
    app: App, text: str | None, error: type[MailerError], problem: str
) -> None:
    if text:
        (app.root / "issues" / "welcome.md").write_text(text)
    for said in (lambda: change(app, "weekly", WELCOME), lambda: create(app, "tides", WELCOME)):
        with pytest.raises(error, match=problem):
            said()
    assert [(each.name, each.welcome) for each in app.lists.all()] == [("weekly", "")]


def test_one_with_errors_is_refused_as_a_send_would_be(app: App) -> None:
    (app.root / "issues" / "welcome.md").write_text(GOOD.replace("morning", "morning, *|FNAME|*"))
    with pytest.raises(PlanRefused, match="merge-tag"):
        change(app, "weekly", WELCOME)


def test_a_good_one_is_kept_and_taken_back(app: App) -> None:
    (app.root / "issues" / "welcome.md").write_text(GOOD)
    assert change(app, "weekly", WELCOME)[1].welcome == "issues/welcome.md"
    assert change(app, "weekly", ListChanges({}, {}, unset=("welcome",)))[1].welcome == ""


@pytest.mark.parametrize("url", ["thank-you", "javascript:alert(1)", "https://", "https://u@site.example/"])
def test_the_page_for_who_has_confirmed_is_one_of_the_web(app: App, url: str) -> None:
    with pytest.raises(UsageError, match="is not the address of a page"):
        change(app, "weekly", ListChanges({"confirmed_url": url}, {}))
