"""As whom an issue is shown, to which lists, and what stands in where there is nobody yet."""

from __future__ import annotations

from pathlib import Path

import pytest
from harbour_issue import HARBOUR
from members import part, shut_out

from mailer.bootstrap import App
from mailer.errors import IssueError, PlanRefused, SettingsError, UsageError
from mailer.proof.readers import BARE
from mailer.proof.sample import Sample
from mailer.services.preview import PreviewRequest, preview

ISSUE = "issues/2026-11-22-harbour.md"
WITH_TOWN = HARBOUR + "\nYou live in {{ subscriber.town }}.\n"


def shown(app: App, typed: str = "", lists: tuple[str, ...] = (), subject: str | None = None) -> Sample:
    return preview(app, PreviewRequest(app.root / ISSUE, typed, lists, subject))


def rewrite(app: App, text: str) -> None:
    (app.root / ISSUE).write_text(text, encoding="utf-8")


def test_without_a_list_it_is_someone_made_up_and_nothing_is_made(app: App) -> None:
    rewrite(app, WITH_TOWN)
    sample = shown(app)
    assert "Good morning, Ada Quint." in sample.text
    assert "You live in [town]." in sample.text
    assert sample.field("List-Id") == "weekly <weekly.gazette.example>"
    assert "unknown-list" in [finding.rule for finding in sample.findings]
    assert not app.has_database
    assert not (app.root / "subscribers").exists()


def test_someone_made_up_has_values_that_fit(app: App) -> None:
    rewrite(app, HARBOUR + "\n{% if subscriber.berths > 3 %}\nA harbour of your own!\n{% endif %}\n")
    assert "A harbour of your own!" in shown(app).text


def test_someone_made_up_reads_the_language_of_the_workspace(root: Path) -> None:
    with (root / ".env").open("a") as settings:
        settings.write("LANGUAGE=de\n")
    app = App(root, {})
    rewrite(app, HARBOUR + "\nSprache: {{ subscriber.language }}\n")
    assert "Sprache: de" in shown(app).text


def test_an_issue_that_names_no_list_gets_one(app: App) -> None:
    rewrite(app, HARBOUR.replace("list: weekly\n", ""))
    sample = shown(app)
    assert sample.field("List-Id") == "Newsletter <newsletter.gazette.example>"
    assert "names no list" in sample.remarks[0]


def test_the_only_list_is_taken_where_the_issue_names_none(peopled: App) -> None:
    rewrite(peopled, HARBOUR.replace("list: weekly\n", ""))
    sample = shown(peopled)
    assert sample.field("List-Id") == "Harbour Gazette <weekly.gazette.example>"
    assert sample.remarks == ()


def test_of_several_lists_the_first_is_taken_and_said(peopled: App) -> None:
    peopled.lists.create("daily", peopled.now(), title="Daily")
    rewrite(peopled, HARBOUR.replace("list: weekly\n", ""))
    sample = shown(peopled)
    assert sample.field("List-Id") == "Daily <daily.gazette.example>"
    assert "names no list, so it is shown as daily gets it" in sample.remarks[0]
    assert shown(peopled, lists=("weekly",)).remarks == ()


def test_the_first_subscriber_is_shown_unless_another_is_asked_for(peopled: App) -> None:
    assert shown(peopled).field("To") == "Ada Quint <ada@quay.example>"
    assert "Good morning, Bruno Cove." in shown(peopled, "BRUNO@quay.example").text
    assert "Good morning, reader." in shown(peopled, "room@library.example").text


def test_who_left_or_is_suppressed_is_not_the_first(peopled: App) -> None:
    part(peopled.database, "ada@quay.example", "weekly")
    assert shown(peopled).reader.email == "bruno@quay.example"
    shut_out(peopled.database, "bruno@quay.example")
    assert shown(peopled).reader.email == "room@library.example"


def test_an_address_that_is_nobodys_is_shown_with_an_examples_values(peopled: App) -> None:
    rewrite(peopled, WITH_TOWN)
    sample = shown(peopled, "new@shore.example")
    assert "new@shore.example" in sample.field("To")
    assert "You live in Port Example." in sample.text
    assert sample.known is None


def test_nobody_in_particular_shows_what_has_no_fallback(peopled: App) -> None:
    assert "Good morning, reader." in shown(peopled, BARE).text
    rewrite(peopled, WITH_TOWN)
    with pytest.raises(PlanRefused, match=r"reader@quay\.example: subscriber\.town has no value") as refused:
        shown(peopled, BARE)
    assert "default(" in (refused.value.next_step or "")


def test_lists_and_subject_may_be_asked_for(peopled: App) -> None:
    peopled.lists.create("monthly", peopled.now(), title="Monthly")
    sample = shown(peopled, lists=("monthly",), subject="Another subject")
    assert sample.field("Subject") == "Another subject"
    assert sample.field("List-Id") == "Monthly <monthly.gazette.example>"
    with pytest.raises(UsageError, match="did you mean monthly"):
        shown(peopled, lists=("monhtly",))


def test_a_list_that_is_asked_for_has_to_be_there(app: App) -> None:
    with pytest.raises(UsageError, match="there is no list weekly"):
        shown(app, lists=("weekly",))
    assert not app.has_database


def test_what_is_wrong_is_said_as_a_send_would_say_it(app: App) -> None:
    with pytest.raises(UsageError, match="'nonsense' is no address"):
        shown(app, "nonsense")
    rewrite(app, HARBOUR.replace("subscriber.name", "subscirber.name"))
    with pytest.raises(IssueError) as refused:
        shown(app)
    assert refused.value.line == 7
    broken = App(app.root, {"MAIL_FROM": "nobody"})
    with pytest.raises(SettingsError, match="MAIL_FROM"):
        shown(broken)


def test_findings_and_notices_come_along(app: App) -> None:
    rewrite(app, HARBOUR.replace("list:", "titel: x\nlist:") + "\nA long line. " * 12_000)
    sample = shown(app)
    assert [finding.rule for finding in sample.findings if finding.rule == "html-size"] == ["html-size"]
    assert "unknown-key" in [finding.rule for finding in sample.findings]
    assert sample.html_octets > 102_400


def test_the_file_may_lie_anywhere(app: App, tmp_path: Path) -> None:
    file = tmp_path / "elsewhere.txt"
    file.write_text("Title: Elsewhere\n\nPlain words.\n")
    assert "Plain words." in preview(app, PreviewRequest(file)).text
