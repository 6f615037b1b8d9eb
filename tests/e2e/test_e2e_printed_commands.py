"""Every command that is printed as the next step is run as it stands, and is one that mailer takes."""

from __future__ import annotations

import re
import shlex

import pytest
from forked_mailer import run_mailer

from mailer.cli import COMMANDS
from mailer.errors import ExitCode
from mailer.sandbox.scripted_server import Act, Stage

# The slug is not the file's name, and the file names no list.
ISSUE = "---\ntitle: The tides\nslug: low-tide\ndescription: High water at nine.\n---\nThe ferry sails.\n"
NAMES = "|".join(COMMANDS)
PRINTED = re.compile(rf"(?:: |^ +|`)(mailer (?:{NAMES})\b[^\n`]*)", re.MULTILINE)
# They go on until they are stopped, or only stand for a program.
LASTING = ("mailer run", "mailer serve", "mailer sandbox", "mailer tick")


ASKED = [
    ("send-issue", "harbour", "--yes"),
    ("send-issue", "harbour", "--list", "monthly", "--yes"),
    ("send-issue", "harbour", "--list", "weeky", "--yes"),
    ("send-issue", "harbour", "--list", "zz top", "--yes"),
    ("send-issue", "herring", "--yes"),
    ("status", "herring"),
    ("lists", "create", "weekly"),
    ("lists", "show", "monthlier"),
    ("subscribers", "unsubscribe", "o'neill@quay.example", "--list", "weekly"),
    ("schedule", "remove", "7"),
    ("preview", "harbour"),
    ("new", "It's low tide"),
    ("new", "two\nlines"),
]


class Person:
    """Types commands, and what they print."""

    def __init__(self, workspace) -> None:
        self.workspace = workspace

    def types(self, *words: object) -> str:
        done = run_mailer(*words, env=self.workspace.environment(), cwd=self.workspace.root)
        said = (done.stdout + done.stderr).decode()
        assert done.returncode != ExitCode.INTERNAL, said
        assert "Traceback" not in said
        self.code = done.returncode
        return said

    def follows(self, said: str) -> int:
        """Run every command in `said`; return how many there were."""
        found = [each for each in PRINTED.findall(said) if not each.startswith(LASTING)]
        for command in reversed(found):  # the last of several ways first: the first would leave nothing to do
            words = shlex.split(command.partition(" & ")[0], comments=True)[1:]
            words += ["--yes"] * (words[0] in ("send-issue", "cancel") and "--yes" not in words)
            words = [word for word in words if word != "--serve"]
            answer = self.types(*words)
            assert self.code not in (ExitCode.USAGE, ExitCode.INTERNAL), f"{command}\n{answer}"
        return len(found)


@pytest.fixture
def person(workspace, server):
    (workspace.root / "issues/2026-11-22-harbour.md").unlink()
    workspace.issue(ISSUE, "2026-11-29-harbour.md")
    workspace.people(3)
    return Person(workspace)


def sends(person: Person, *options: str) -> str:
    return person.types("send-issue", "harbour", "--list", "weekly", "--yes", *options)


def test_a_send_that_was_halted_goes_on(person: Person, server, tmp_path) -> None:
    sends(person, "--limit", "1")
    paused = person.types("pause", "harbour")
    assert person.follows(sends(person)) == 1  # refused; may be resumed
    person.types("pause", "low-tide")
    assert person.follows(paused) == 1
    person.types("pause", "2026-11-29-harbour.md")
    assert person.follows(person.types("resume", "harbour")) == 1
    assert len(server.taken) == 3
    person.types("cancel", "low-tide", "--yes")
    assert person.follows(person.types("cancel", "harbour", "--yes")) == 1  # nothing is left of it
    sends(person, "--again", "--limit", "1")
    person.types("cancel", "issues/2026-11-29-harbour.md", "--yes")
    assert person.follows(sends(person)) >= 1
    assert person.follows(person.types("status")) >= 1


def test_a_send_of_an_issue_that_lies_elsewhere_goes_on(person: Person, server, tmp_path) -> None:
    elsewhere = tmp_path / "drafts and more" / "tide's.md"
    elsewhere.parent.mkdir()
    elsewhere.write_text(ISSUE)
    said = person.types("send-issue", elsewhere, "--list", "weekly", "--yes", "--limit", "1")
    assert person.follows(said) == 2
    assert len(server.taken) == 3


def test_uncertain_and_failed_ones_are_looked_at_and_decided(person: Person, server) -> None:
    server.script = lambda stage, count: Act.LOSE if stage is Stage.CONTENT and count == 2 else None
    person.workspace.settings["SMTP_CONNECTIONS"] = "1"
    said = sends(person)
    assert "uncertain 1" in said
    server.script = lambda stage, count: None
    assert person.follows(said) == 3
    server.script = lambda stage, count: "450 4.2.1 later" if stage is Stage.RCPT else None
    assert person.follows(sends(person, "--again")) == 1


def test_what_was_asked_wrongly_is_told_commands_that_can_be_run(person: Person) -> None:
    for words in ASKED:
        said = person.types(*words)
        told = [each for each in PRINTED.findall(said) if not re.search(r"\b[A-Z]{2,}\b", each)]
        for file in person.workspace.root.glob("issues/*low-tide.md"):
            file.write_text(ISSUE)
        person.follows("\n".join(f": {command}" for command in told))


def test_what_check_refuses_can_be_looked_at(person: Person) -> None:
    person.workspace.issue(ISSUE.replace("title:", "draft: true\ntitle:"), "2026-11-29-harbour.md")
    (command,) = PRINTED.findall(sends(person))
    person.types(*shlex.split(command)[1:])
    assert person.code == ExitCode.REFUSED  # it is still a draft


def test_the_first_steps_of_a_new_workspace_are_taken(person: Person, tmp_path) -> None:
    said = person.types("init", tmp_path / "my news")
    person.workspace.root = tmp_path / "my news"
    person.workspace.settings["POSTAL_ADDRESS"] = "1 Quay Street, Port Example"
    assert [person.follows(line) for line in said.splitlines()[-3:]] == [1, 1, 1]
