"""What the README and the how-to pages have people type, typed: in order, each page in a new workspace."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from harbour_workspace import Workspace
from PIL import Image

from mailer.sandbox.process import running_sandbox
from mailer.settings.reading import load_settings

ROOT = Path(__file__).parents[2]
# Those are followed by tests/docs, which has the exports and whatever else they take; of what they have root
# type, or Podman and Kubernetes do, tests/packaging tries the files.
ELSEWHERE_TRIED = (
    "feeds.md",
    "from-",
    "local-time.md",
    "notices.md",
    "preferences.md",
    "recurring-issues.md",
    "run-as-a-service.md",
    "run-in-containers.md",
    "send-by-cron.md",
    "sequences.md",
    "sign-up.md",
    "staged-rollout.md",
)
HOW_TO = sorted((ROOT / "docs" / "how-to").glob("*.md"))
PAGES = [ROOT / "README.md", *(page for page in HOW_TO if not page.name.startswith(ELSEWHERE_TRIED))]
BLOCK = re.compile(r"^```(console|sh|text)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SETTING = re.compile(r"^([A-Z][A-Z_]+)=", re.MULTILINE)
# What is not run, by how it begins, and why.
NOT_RUN = {
    "make ": "the demo has a test of its own, and this one is a part of `make test`",
    "pip install ": "it asks a package index",
    "pipx install ": "it asks a package index",
    "uv tool install ": "it asks a package index",
    "mailer sandbox": "it runs until it is stopped; these tests have one of their own",
    "mailer serve ": "it runs until it is stopped; tests/web has it run",
    "mailer preview harbour --serve": "it runs until it is stopped; tests/preview has it run",
    "mailer machines --watch": "it runs until it is stopped",
    "mailer returns listen": "it runs until it is stopped; tests/e2e/test_e2e_returns.py has it run",
    "mailer login microsoft": "it asks a provider; tests/e2e/test_e2e_login.py has one of its own",
    "mailer login custom": "the same",
    "sudo -u postgres ": "it makes a database on this machine's own server",
    "mailer db move postgresql": "it leads to a server elsewhere; tests/store has one of its own",
    "pg_dump ": "the same; test_e2e_postgresql types what `mailer backup` prints",
    "pg_restore ": "the same",
    "mailer doctor --dns ": "it asks a name server elsewhere; tests/doctor has one of its own",
    "mailer subscribers clean --list weekly --online": "the same; tests/services has one of its own",
    "mailer subscribers clean --online": "the same",
}
# Settings of another program.
NOT_OURS = "MAILTO"
# Settings that lead out of this machine: they are read, and no more.
ELSEWHERE = ("SMTP_", "DATABASE_URL")
INSTEAD = {
    "/srv/backups/": "",
    "/var/mail/": "",
    "your-domain.example": "gazette.example",  # a key signs for the sender's domain
    "2026-12-01": "2126-12-01",
}
# The exit code that a page tells of; of all others it is 0.
ENDS = {
    "mailer send-issue harbour --list weekly --limit 20": 75,
    "mailer subscribers import people.csv --list weekly --rejects subscribers/rejects.csv": 4,
}
# What a page says that a command shows.
SHOWS = {
    "mailer check harbour": "there is no POSTAL_ADDRESS",
    "mailer doctor": "nothing can leave this machine",
    "mailer deliveries harbour --revision b053c6": "ada.quint@quay.example",
    "head -3 try/000001-*.eml": "DKIM-Signature: ",
}


def stopped(workspace: Workspace) -> None:
    workspace.run("send-issue", "harbour", "--list", "weekly", "--yes", "--limit", 5, "--again", expect=75)


def edited(workspace: Workspace) -> None:
    (issue,) = (workspace.root / "issues").glob("*-harbour.md")
    issue.write_text(issue.read_text().replace("harbour clock", "church clock"))


def file(name: str, text: str) -> Callable[[Workspace], object]:
    return lambda workspace: (workspace.root / name).write_text(text)


def logo(workspace: Workspace) -> None:
    (workspace.root / "images").mkdir()
    Image.new("RGB", (240, 60)).save(workspace.root / "images" / "logo.png")


def described(workspace: Workspace) -> None:
    """Have the export and the description of it that the page shows."""
    page = (ROOT / "docs" / "how-to" / "describe-an-export.md").read_text(encoding="utf-8")
    shown = dict(re.findall(r"^```(text|toml)\n(.*?)^```", page, re.MULTILINE | re.DOTALL))
    file("crew.csv", shown["text"])(workspace)
    (workspace.root / "subscribers" / "formats").mkdir()
    file("subscribers/formats/harbour-office.toml", shown["toml"])(workspace)


def on_the_web(workspace: Workspace) -> None:
    workspace.settings["BASE_URL"] = "http://127.0.0.1:8000"


def from_before(workspace: Workspace) -> None:
    (workspace.root / "old").mkdir()
    file("old/2021-02-14-harbour.md", "---\ntitle: Ice in the harbour\n---\nIt is gone.\n")(workspace)
    date = "Date: Sun, 14 Mar 2021 08:00:00 +0000"
    file("old/2021-03-harbour.eml", f"{date}\nSubject: Herring\n\nThere are many.\n")(workspace)


def came_back(workspace: Workspace) -> None:
    for name in ("cur", "new", "tmp"):
        (workspace.root / "bounces" / "Maildir" / name).mkdir(parents=True)


# What a reader has or does without typing it: when a page begins, or before the command that begins so.
BEFORE: dict[str, Callable[[Workspace], object]] = {
    "README.md": lambda workspace: (workspace.root / ".env").unlink(),
    "after-a-crash.md": stopped,
    "archive.md": on_the_web,
    "change-a-template.md": logo,
    "bounces.md": came_back,
    "correct-a-mistake.md": stopped,
    "describe-an-export.md": described,
    "mailer send-issue harbour --corrected": edited,
    "send-through-a-provider.md": lambda workspace: workspace.people(30),
    "mailer archive import": from_before,
    "mailer resume harbour": stopped,
    "mailer returns read --explain": file("bounce.eml", "Subject: Out of the office\n\nUntil Monday.\n"),
    'mailer subscribers import people.csv --list weekly --map "Contact': file(
        "people.csv", "Contact,Full name\nrosa@quay.example,Rosa Brandt\n"
    ),
    "mailer subscribers import people.csv --list weekly --rejects": file(
        "people.csv", "email,name\nrosa@quay.example,Rosa Brandt\nnobody,Nobody\n"
    ),
    "mailer subscribers import people.csv --list weekly --status status": file(
        "people.csv", "email,status\nrosa@quay.example,active\nomar@quay.example,abgemeldet\n"
    ),
    "mailer subscribers import people.csv --list weekly --status status --unsubscribed-if": file(
        "people.csv", "email,status\nrosa@quay.example,reader\nomar@quay.example,former\n"
    ),
    "mailer subscribers merge bram": lambda workspace: workspace.run(
        "subscribers", "add", "bram@pier.example", "--list", "weekly"
    ),
    "mailer subscribers import left.csv": file("left.csv", "email\nolaf@quay.example\n"),
    "mailer subscribers import bounces.csv": file("bounces.csv", "email\nolga@quay.example\n"),
    "mailer suppressions import suppression_bounces.csv --dry-run": file(
        "suppression_bounces.csv", "email,status,reason,created\nolga@quay.example,5.1.1,550 no,1777629600\n"
    ),
    "mailer suppressions import column.txt": file("column.txt", "otto@quay.example\nomar@quay.example\n"),
    "mailer subscribers import blocklist.csv": file("blocklist.csv", "email\notto@quay.example\n"),
}


def steps(page: Path) -> Iterator[tuple[bool, str]]:
    """Yield what a page has people type, and whether it is to be run, or settings for `.env`."""
    for kind, text in BLOCK.findall(page.read_text(encoding="utf-8")):
        if kind == "console":
            yield from ((True, line) for line in re.findall(r"^\$ (.*)", text, re.MULTILINE))
        elif kind == "sh":
            yield True, text
        elif SETTING.match(text) and not text.startswith(NOT_OURS):
            yield False, text


class Reader:
    """Who does what a page says."""

    def __init__(self, workspace: Workspace, page: Path) -> None:
        self.workspace, self.page, self.revision = workspace, page, ""
        self.prepare(page.name)

    def prepare(self, begin: str) -> None:
        for of, does in BEFORE.items():
            if begin.startswith(of):
                does(self.workspace)

    def read(self) -> None:
        for to_run, text in steps(self.page):
            ours = re.sub("|".join(INSTEAD), lambda theirs: INSTEAD[theirs[0]], text)
            if not to_run:
                self.set(ours)
            elif not text.startswith(tuple(NOT_RUN)):
                self.prepare(text)
                self.type(ours)

    def set(self, block: str) -> None:
        env = self.workspace.root / ".env"
        before, names = env.read_text(), set(SETTING.findall(block))
        kept = [line for line in before.splitlines() if line.partition("=")[0] not in names]
        env.write_text("\n".join([*kept, block]))
        load_settings(self.workspace.root, {})
        if any(name.startswith(ELSEWHERE) for name in names):
            env.write_text(before)

    def type(self, command: str) -> None:
        if command.startswith("mailer "):
            said = self.call(command)
        else:
            said = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", command],
                cwd=self.workspace.root,
                check=True,
                stdout=subprocess.PIPE,
                text=True,
            ).stdout
        self.revision = self.revision or "".join(re.findall(r"rev ([0-9a-f]{6})", said)[:1])
        assert SHOWS.get(command, "") in said

    def call(self, command: str) -> str:
        said = re.sub(r"\s+# .*", "", command.replace("b053c6", self.revision))
        words = [found for word in shlex.split(said)[1:] for found in self.found(word)]
        asked = words[0] == "send-issue" and not {"--test", "--dry-run"} & {*words}
        answer = ["--yes"] if asked else ["--yes", words[2]] if words[:2] == ["lists", "delete"] else []
        done = self.workspace.run(*words, *answer, expect=ENDS.get(command, 0))
        return done.stderr + done.stdout

    def found(self, word: str) -> list[str]:
        """What a shell makes of a word."""
        there = self.workspace.root.glob(word) if "*" in word else ()
        return sorted(map(str, there)) or [word]


@pytest.fixture(scope="module")
def inbox_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with running_sandbox(tmp_path_factory.mktemp("inbox")) as sandbox:
        yield sandbox.smtp_port


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A new workspace with the sample list: what pages take for granted."""
    made = Workspace(tmp_path_factory.mktemp("begun"))
    made.run("init")
    made.run("lists", "create", "weekly", "--title", "Harbour Gazette")
    made.run("subscribers", "import", "subscribers/example.csv", "--list", "weekly")
    return made


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_has_people_type_does_what_it_says(
    page: Path, begun: Workspace, inbox_port: int, tmp_path: Path
) -> None:
    root = tmp_path / "gazette"
    shutil.copytree(begun.root, root)
    if any(text.startswith("mailer lists create weekly") for _, text in steps(page)):
        (root / "subscribers" / "mailer.db").unlink()
    Reader(Workspace(root, {"SMTP_PORT": str(inbox_port)}), page).read()


def test_no_exception_is_left_over() -> None:
    typed = [text for page in PAGES for to_run, text in steps(page) if to_run]
    begins = {*BEFORE, *NOT_RUN, *SHOWS, *ENDS} - {page.name for page in PAGES}
    assert [begin for begin in begins if not any(text.startswith(begin) for text in typed)] == []
