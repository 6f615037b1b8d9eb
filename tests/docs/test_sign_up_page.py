"""The page about signing up is followed, command by command, and the form that it shows is one."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from mailer.cli import main
from mailer.services.forms import read_form

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "sign-up.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ mailer (.*)$", PAGE, re.MULTILINE)


def run(command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("sys.argv", ["mailer", *shlex.split(command)])
    try:
        main()
    except SystemExit as ended:
        assert not ended.code, f"{command}: {capsys.readouterr().err}"
    return capsys.readouterr().out


def test_the_page_works_as_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("MAILER_WORKSPACE", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "issues").mkdir()
    (tmp_path / "issues" / "welcome.md").write_text("---\ntitle: Welcome\n---\nGood morning.\n")
    (tmp_path / "forms").mkdir()
    (tmp_path / "forms" / "weekly.toml").write_text(PAGE.partition("```toml\n")[2].partition("```")[0])
    settings = (
        "SECRET_KEY=a key of the harbour\nBASE_URL=http://127.0.0.1:8000\nPOSTAL_ADDRESS=1 Quay Street\n"
    )
    (tmp_path / ".env").write_text(settings)
    run("lists create weekly", capsys, monkeypatch)
    said = {command: run(command, capsys, monkeypatch) for command in COMMANDS}
    assert "http://127.0.0.1:8000/join/weekly" in said["forms list"]
    assert "name, town, terms" in said["forms list"]
    form = said["forms snippet --list weekly --ref website"]
    assert 'action="http://127.0.0.1:8000/join/weekly?ref=website"' in form
    assert "<option>Port Example</option>" in form
    assert [each.name for each in read_form(tmp_path, "weekly").questions] == ["name", "town", "terms"]
