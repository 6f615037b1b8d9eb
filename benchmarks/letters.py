"""What is sent and to whom: an issue of a wanted size with personal links, workspaces of made-up people."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path

from benchmarks.instruments import BUILD

LINKS = 20
SENTENCE = "The ferry of half past nine leaves from the north mole, and the tide is an hour late on Thursday."
SETTINGS = {
    "POSTAL_ADDRESS": "Harbour Gazette, 1 Quay Street",
    "SECRET_KEY": "bench-bench-bench-bench-bench-be",
    "BASE_URL": "http://127.0.0.1:8000",
    "SMTP_CONNECTIONS": "20",
}
# For a message of 3 KB the usual layout is too large by itself.
NOTE_HTML = """<!doctype html>
<html lang="en"><head><title>{{ issue.title }}</title></head>
<body>{{ content }}<p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p></body></html>
"""
NOTE_TEXT = "{{ content }}\n\n{{ unsubscribe_url }}\n"


@dataclass(frozen=True, slots=True)
class Letter:
    """An issue with as many sentences as make its message about so many octets."""

    layout: str
    sentences: int
    octets: int

    def issue(self) -> str:
        """Return the issue file's text."""
        links = "\n".join(f"[{n}](https://g.example/{n}?r={{{{ subscriber.member }}}})" for n in range(LINKS))
        front = f"---\ntitle: The harbour clock\nlist: weekly\ntemplate: {self.layout}\n---\n"
        news = "\n\n".join([SENTENCE] * self.sentences)
        return f'{front}Good morning, {{{{ subscriber.name|default("reader") }}}}.\n\n{links}\n\n{news}\n'


def letter(layout: str, octets: int) -> Letter:
    """Return an issue whose message is as near to `octets` as whole sentences come."""
    with people(1) as crowd:
        empty, full = (_size(crowd, Letter(layout, n, octets)) for n in (0, 20))
    return Letter(layout, max(0, round((octets - empty) / (full - empty) * 20)), octets)


@dataclass(frozen=True, slots=True)
class Crowd:
    """A workspace with a list of `count` people, to be copied for each run."""

    root: Path
    count: int

    @contextmanager
    def copy(self, letter: Letter) -> Iterator[Path]:
        """Yield a new workspace of the same people with this issue."""
        with tempfile.TemporaryDirectory(dir=BUILD) as folder:
            root = Path(folder) / "workspace"
            shutil.copytree(self.root, root)
            (root / "issues" / "harbour.md").write_text(letter.issue())
            yield root


@contextmanager
def people(count: int) -> Iterator[Crowd]:
    """Yield a workspace whose list `weekly` has `count` people."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD) as folder:
        root = Path(folder)
        for name in ("issues", "templates/email"):
            (root / name).mkdir(parents=True)
        (root / ".env").write_text("".join(f"{name}={value}\n" for name, value in SETTINGS.items()))
        (root / "templates/email/note.html").write_text(NOTE_HTML)
        (root / "templates/email/note.txt").write_text(NOTE_TEXT)
        listed = root / "people.csv"
        with listed.open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["email", "name", "member"])
            rows.writerows((f"reader{n}@inbox.example", f"Reader {n}", f"m{n:07}") for n in range(count))
        mailer(root, "lists", "create", "weekly")
        mailer(root, "subscribers", "import", str(listed), "--list", "weekly", "--type", "member=text")
        listed.unlink()
        yield Crowd(root, count)


def mailer(root: Path, *arguments: str) -> str:
    """Run `mailer` in a workspace and return what it prints; SystemExit if it fails."""
    command = [sys.executable, "-m", "mailer", "-C", str(root), *arguments]
    done = subprocess.run(command, env=bare_environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"mailer {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr}{done.stdout}")
    return done.stdout


def bare_environment() -> dict[str, str]:
    """Return the environment without settings: those of the workspace are to hold."""
    ours = ("SMTP_", "MAIL_", "DKIM_", "DATABASE_URL", "BASE_URL", "SECRET_KEY", "POSTAL_ADDRESS")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def _size(crowd: Crowd, written: Letter) -> int:
    with crowd.copy(written) as root:
        octets: int = json.loads(mailer(root, "send-issue", "harbour", "--dry-run", "--json"))["octets"]
    return octets


def as_jinja(crowd: Crowd, written: Letter) -> dict[str, str]:
    """Return the very same mail as templates for the rivals: `html` and `text`, styles inlined already."""
    with crowd.copy(written) as root:
        mailer(root, "send-issue", "harbour", "--dry-run", "-o", str(root / "out"))
        first = min((root / "out").glob("*.eml"))
        message = message_from_bytes(first.read_bytes(), policy=policy.default)
    parts = {part.get_content_subtype(): part.get_content() for part in message.iter_parts()}
    return {
        name: parts[subtype].replace("m0000000", "{{ member }}").replace("Reader 0", "{{ name }}")
        for name, subtype in (("html", "html"), ("text", "plain"))
    }
