"""The tutorial, walked word for word: what each command is said to print, it prints."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from harbour_workspace import Workspace

from mailer.sandbox.process import running_sandbox

TUTORIAL = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
# What differs from one day and machine to the next; of the rest every letter counts.
VARIES = (
    (r"rev [0-9a-f]{6}", "rev R"),
    (r"\d{4}-\d\d-\d\d( \d\d:\d\d(:\d\d)?)?", "DAY"),
    (r"[\d,]+ octets", "N octets"),
    (r"[\d.]+s +[\d,]+/s", "SECONDS"),
    (r"message \d+", "message N"),
    (r"(?<=\.csv by ).*(?=\)$)", "LOGIN"),
    (r"/home/you/gazette|/tmp/low-tide\b", "FOLDER"),
)
# A person edits the issue where the text says so, before the command that begins so.
EDITS = {
    "mailer send-issue low-tide --list weekly --dry-run -o": {
        "{{ subscriber.name }}": '{{ subscriber.name|default("reader") }}'
    },
    "mailer send-issue low-tide --list weekly --limit": {
        "slug: low-tide": "slug: low-tide-2",
        "Good morning": "Good evening",
    },
}


def blocks() -> list[tuple[str, str]]:
    """Return kind and text of each block, from where workspace and inbox are there."""
    return BLOCK.findall(TUTORIAL.partition("## 4.")[2])


def plain(text: str, *folders: object) -> list[str]:
    for folder in folders:
        text = text.replace(str(folder), "FOLDER")
    for pattern, word in VARIES:
        text = re.sub(pattern, word, text, flags=re.MULTILINE)
    return [line for line in text.splitlines() if "[y/N]" not in line]


class Reader:
    """Who does what the tutorial says, in a workspace that is new."""

    def __init__(self, workspace: Workspace, out: Path) -> None:
        self.workspace, self.out, self.said = workspace, out, ""

    @property
    def issue(self) -> Path:
        (file,) = (self.workspace.root / "issues").glob("*-low-tide.md")
        return file

    def type(self, command: str) -> None:
        for begin, changes in EDITS.items():
            for old, new in changes.items() if command.startswith(begin) else ():
                self.issue.write_text(self.issue.read_text().replace(old, new))
        words = shlex.split(command.replace("/tmp/low-tide", str(self.out)))[1:]
        begins_one = words[0] == "send-issue" and not {"--yes", "--test", "--dry-run"} & {*words}
        # The dry run without a folder is the one that finds a name missing.
        refused = words[0] == "send-issue" and words[-1] == "--dry-run"
        expect = 75 if "--limit" in words else 3 if refused else 0
        done = self.workspace.run(*words, *["--yes"] * begins_one, expect=expect)
        self.said += done.stdout + done.stderr

    def read(self, kind: str, text: str) -> None:
        if kind == "console":
            self.said = ""
            for command in re.findall(r"^\$ (.*)", text, re.MULTILINE):
                self.type(command)
        elif kind == "yaml":
            self.issue.write_text(
                re.sub(r"^description: .*\n", text, self.issue.read_text(), flags=re.MULTILINE)
            )
        elif text.startswith("Good morning"):
            self.issue.write_text(self.issue.read_text() + text)
        else:
            said = plain(self.said, self.workspace.root, self.out)
            assert [line for line in plain(text) if line not in said] == []


def test_whoever_walks_the_tutorial_sees_what_it_shows(tmp_path):
    reader = Reader(Workspace(tmp_path / "gazette"), tmp_path / "out")
    reader.workspace.root.mkdir()
    reader.workspace.run("init")
    with running_sandbox(tmp_path / "inbox") as sandbox:
        reader.workspace.settings["SMTP_PORT"] = str(sandbox.smtp_port)
        for kind, text in blocks():
            reader.read(kind, text)
    assert sandbox.inbox.count() == 1 + 12 + 12
