"""Called from a folder that was removed meanwhile, every command says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailer.cli import COMMANDS, main

WORDS = {
    "init": "init",
    "new": "new Tides",
    "lists": "lists list",
    "subscribers": "subscribers list",
    "preview": "preview harbour",
    "check": "check",
    "send-issue": "send-issue harbour --yes",
    "rehearse": "rehearse harbour",
    "sandbox": "sandbox --smtp-port 0 --http-port 0",
    "deliveries": "deliveries harbour",
    "verify": "verify harbour",
    "why": "why ada.quint@quay.example",
    "pause": "pause harbour",
    "resume": "resume harbour",
    "cancel": "cancel harbour",
    "schedule": "schedule list",
    "serve": "serve --port 0",
    "backup": "backup monday.db",
    "restore": "restore monday.db",
    "db": "db upgrade",
    "issues": "issues list",
    "archive": "archive list",
    "segments": "segments list",
    "suppressions": "suppressions list",
    "fields": "fields list",
    "forms": "forms list",
    "returns": "returns report",
    "notices": "notices list",
    "sequences": "sequences list",
    "login": "login status",
}


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("MAILER_WORKSPACE", raising=False)
    folder.rmdir()
    yield
    monkeypatch.chdir(tmp_path)


@pytest.mark.peers
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.usefixtures("nowhere")
def test_it_says_that_the_folder_is_gone(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["mailer", *WORDS.get(command, command).split()])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert "the current folder is gone" in said
    assert "next: Change to a folder that is there" in said


@pytest.mark.usefixtures("nowhere")
def test_a_workspace_that_is_named_works_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "workspace").mkdir()
    monkeypatch.setattr("sys.argv", ["mailer", "-C", str(tmp_path / "workspace"), "status"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0


@pytest.mark.usefixtures("nowhere")
def test_what_is_to_be_done_next_is_said_there_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "workspace").mkdir()
    monkeypatch.setattr("sys.argv", ["mailer", "-C", str(tmp_path / "workspace"), "verify", "harbour"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert f"mailer -C {tmp_path / 'workspace'} send-issue" in capsys.readouterr().err
