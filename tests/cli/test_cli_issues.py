"""Which issue a command means, and what `mailer issues list` says of each."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from mailer.bootstrap import App
from mailer.cli import mailer
from mailer.errors import UsageError
from mailer.services.issues import issue_file, sends_of

FILES = {
    "2026-11-22-harbour.md": "---\ntitle: The harbour\nlist: weekly\n---\nText.",
    "2026-11-01-news.md": "---\ntitle: News\nslug: tides\n---\nText.",
    "2026-11-08-news.txt": "News of the week\n\nText.",
    "spring.md": "---\ntitle: Spring\ndraft: true\n---\nText.",
    "2026-12-01-spring-tide.html": "---\nslug: Low\n---\n<h1>Spring tide</h1><p>Text.</p>",
    "broken.md": "Titel: Nichts\nListe: weekly\n\nText.",
    "tides.md": "---\ntitle: Spring\nslug: spring\n---\nText.",
    "pier/index.md": "---\ntitle: The pier\n---\nText.",
    "Ebbe-für-Anfänger.md": "# Ebbe\n\nText.",
}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        file = tmp_path / "issues" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("named", "wanted"),
    [
        ("issues/2026-11-22-harbour.md", "2026-11-22-harbour.md"),
        ("2026-11-22-harbour.md", "2026-11-22-harbour.md"),
        ("2026-11-22-harbour", "2026-11-22-harbour.md"),
        ("harbour", "2026-11-22-harbour.md"),
        ("Harbour", "2026-11-22-harbour.md"),
        ("2026-11-01-news", "2026-11-01-news.md"),
        ("Low", "2026-12-01-spring-tide.html"),
        ("low", "2026-12-01-spring-tide.html"),
        ("spring-tide", "2026-12-01-spring-tide.html"),
        ("pier", "pier/index.md"),
        ("issues/pier", "pier/index.md"),
        ("issues/pier/", "pier/index.md"),
        # The slug that a command prints comes before a file that happens to have the name.
        ("tides", "2026-11-01-news.md"),
        ("tides.md", "tides.md"),
        ("ebbe-für-anfänger", "Ebbe-für-Anfänger.md"),
        ("broken", "broken.md"),
    ],
)
def test_an_issue_is_found_by_any_of_its_names(root: Path, named: str, wanted: str) -> None:
    assert issue_file(App(root), named).resolve() == root / "issues" / wanted


@pytest.mark.parametrize(
    ("named", "hint"),
    [
        ("harbor", "2026-11-22-harbour.md"),
        ("2026-11-22-harbor.md", "2026-11-22-harbour.md"),
        ("tide", "tides.md"),
        ("zzzz", "mailer issues list"),
        ("x" * 300, "mailer issues list"),
    ],
)
def test_what_is_nowhere_is_told_what_is_near(root: Path, named: str, hint: str) -> None:
    with pytest.raises(UsageError, match="no such issue") as caught:
        issue_file(App(root), named)
    assert hint in str(caught.value.next_step)
    with pytest.raises(UsageError, match="was ever sent"):
        sends_of(App(root), named)


def test_a_name_of_several_names_them_all(root: Path) -> None:
    (root / "issues/2026-11-15-news.md").write_text("# More news\n\nText.")
    with pytest.raises(UsageError, match="any of 2 issues") as caught:
        issue_file(App(root), "news")
    assert "2026-11-08-news.txt" in str(caught.value.next_step)
    assert "2026-11-15-news.md" in str(caught.value.next_step)


@pytest.mark.parametrize(
    "command", ["preview", "check", "send-issue", "status", "deliveries", "verify", "pause"]
)
def test_every_command_refuses_a_name_of_several(root: Path, command: str) -> None:
    (root / "issues/2026-11-15-news.md").write_text("# More news\n\nText.")
    with pytest.raises(UsageError, match="any of 2 issues"):
        CliRunner().invoke(mailer, ["-C", str(root), command, "news"], catch_exceptions=False)


def listed(root: Path, *options: str, columns: int = 80) -> str:
    done = CliRunner().invoke(
        mailer,
        ["-C", str(root), "issues", "list", *options],
        env={"COLUMNS": str(columns)},
        catch_exceptions=False,
    )
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_list_says_what_became_of_each(root: Path) -> None:
    found = {each["path"]: each for each in json.loads(listed(root, "--json"))}
    assert found.keys() == {f"issues/{name}" for name in FILES}
    assert found["issues/2026-11-22-harbour.md"] == {
        "path": "issues/2026-11-22-harbour.md",
        "slug": "harbour",
        "title": "The harbour",
        "date": None,
        "lang": "en",
        "draft": False,
        "lists": ["weekly"],
        "problem": None,
        "sends": [],
        "scheduled": [],
    }
    assert found["issues/spring.md"]["problem"] == "same slug as another"
    assert found["issues/broken.md"]["problem"] == "unreadable"
    assert not (root / "subscribers").exists()


def test_an_issue_that_was_just_begun_has_no_text_yet(root: Path) -> None:
    CliRunner().invoke(mailer, ["-C", str(root), "new", "Low tide"], catch_exceptions=False)
    assert "  Low tide  " in listed(root, columns=120)
    assert "no text yet" in listed(root)


@pytest.mark.parametrize("columns", [80, 120])
def test_the_list_fits_the_terminal(root: Path, columns: int) -> None:
    (root / "issues/long.md").write_text(f"# {'A very long title ' * 9}\n\nText.")
    lines = listed(root, columns=columns).splitlines()
    assert max(map(len, lines)) <= columns
    assert any("…" in line for line in lines)


def test_no_issue_at_all_is_said(tmp_path: Path) -> None:
    assert listed(tmp_path) == ""


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        (["send-issue", "harbour", "--list", "daily", "--yes"], "mailer -C {root} lists create daily"),
        (["issues", "list"], ""),
        (["status", "zzz"], "mailer -C {root} send-issue ISSUE"),
        (["new", "It's late"], "mailer -C {root} check"),
        (["lists", "list"], "mailer -C {root} lists create NAME"),
        (["check", "harbour"], "mailer -C {root} lists create NAME"),
    ],
)
def test_a_printed_command_means_the_workspace_that_was_named(
    root: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], printed: str
) -> None:
    CliRunner().invoke(mailer, ["-C", str(root), "lists", "create", "monthly"], catch_exceptions=False)
    (root / "elsewhere").mkdir()
    if words == ["lists", "list"]:
        (root / "subscribers/mailer.db").unlink()

    def said(folder: Path) -> str:
        monkeypatch.chdir(folder)
        try:
            return CliRunner().invoke(mailer, ["-C", str(root), *words], catch_exceptions=False).output
        except UsageError as error:
            return f"next: {error.next_step}"

    assert printed.format(root=root) in said(root.parent)
    # Where the workspace is the nearest anyway, nothing has to be said of it.
    (root / "issues").joinpath("again").mkdir()
    assert "-C" not in said(root / "elsewhere")
