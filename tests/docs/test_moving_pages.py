"""The pages about moving in are followed, command by command, on made-up exports, and print what is shown."""

from __future__ import annotations

import datetime
import io
import re
import shlex
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import xlsxwriter

from mailer.cli import main

ROOT = Path(__file__).parents[2]
EXPORTS = ROOT / "tests" / "data" / "imports"
pages = {path.name for path in (ROOT / "docs" / "how-to").glob("from-*.md")}
CONSOLE = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
CREW = [
    ["Crew of the harbour"],
    [],
    ["First name", "Surname", "E-mail", "Mobile", "Newsletter", "Signed up"],
    ["Ada", "Quint", "ada@quay.example", "0044 7700 900123", "yes", datetime.date(2024, 1, 2)],
    ["Bram", "Okafor", "Bram Okafor <bram@quay.example>", "", "no", datetime.date(2024, 2, 2)],
    ["Cee", "", "mailto:cee@quay.example", "", "yes"],
]


def steps(page: str) -> Iterator[tuple[str, str]]:
    """The commands of a page, each with what it prints as the page shows it; empty where it shows nothing."""
    for block in CONSOLE.findall((ROOT / "docs" / "how-to" / page).read_text(encoding="utf-8")):
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, printed = step.partition("\n")
            yield command, printed


@pytest.fixture
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with what each of the systems gave out."""
    for name in ("MAILER_WORKSPACE", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "issues").mkdir()
    monkeypatch.chdir(tmp_path)
    with zipfile.ZipFile("audience.zip", "w") as audience:
        for file in sorted((EXPORTS / "mailchimp").iterdir()):
            audience.write(file, file.name)
    renamed = {
        "substack.csv": "email_list.csv",
        "ghost.csv": "members.csv",
        "listmonk.json": "subscribers.json",
        "listmonk.csv": "confirmed.csv",
    }
    for name, there in renamed.items():
        Path(there).write_bytes((EXPORTS / name).read_bytes())
    Path("left.csv").write_text("email\nfay@quay.example\n")
    with xlsxwriter.Workbook("crew.xlsx", {"default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet("Crew")
        for number, row in enumerate(CREW):
            sheet.write_row(number, 0, row)
    return tmp_path


@pytest.mark.peers
@pytest.mark.parametrize("page", sorted(pages))
def test_a_page_about_moving_in_can_be_followed(
    space: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], page: str
) -> None:
    for command, printed in steps(page):
        monkeypatch.setattr(sys, "argv", shlex.split(command))
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"dan@quay.example\n")))
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        stopped = printed.startswith("Error: ")
        assert ended.value.code == (3 if stopped else 0), said.err
        assert (said.err if stopped else said.out).startswith(printed), command


def test_the_five_commonest_changes_have_a_page() -> None:
    assert pages == {
        f"from-{name}.md" for name in ("mailchimp", "substack", "ghost", "listmonk", "a-spreadsheet")
    }
