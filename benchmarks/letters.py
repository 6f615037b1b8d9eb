"""What is sent and to whom: an issue of a wanted size with personal links, workspaces of made-up people."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path

from benchmarks.instruments import BUILD, HERE
from benchmarks.postgresql import Server
from benchmarks.programs import HERE_AND_NOW, Program, bare_environment

LINKS = 20
IMPORTED = 100_000  # people at most: of more the importer would take too long
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
<body>{{ content }}<p>{{ sender.postal_address }}
<a href="{{ unsubscribe_url }}">Unsubscribe</a></p></body></html>
"""
NOTE_TEXT = "{{ content }}\n\n{{ sender.postal_address }}\n{{ unsubscribe_url }}\n"
BRANCH = """{% if subscriber.mole == "north" %}
The north mole is closed to walkers until the paint is dry.
{% else %}
The south mole is open to walkers again.
{% endif %}

"""


@dataclass(frozen=True, slots=True)
class Letter:
    """An issue with as many sentences as make its message about so many octets; `varied`, with an `if`."""

    layout: str
    sentences: int
    octets: int
    varied: bool = False

    def issue(self) -> str:
        """Return the issue file's text."""
        links = "\n".join(f"[{n}](https://g.example/{n}?r={{{{ subscriber.member }}}})" for n in range(LINKS))
        front = f"---\ntitle: The harbour clock\nlist: weekly\ntemplate: {self.layout}\n---\n"
        news = (BRANCH if self.varied else "") + "\n\n".join([SENTENCE] * self.sentences)
        return f'{front}Good morning, {{{{ subscriber.name|default("reader") }}}}.\n\n{links}\n\n{news}\n'


def letter(layout: str, octets: int, *, varied: bool = False) -> Letter:
    """Return an issue whose message is as near to `octets` as whole sentences come."""
    with people(1) as crowd:
        empty, full = (_size(crowd, Letter(layout, n, octets, varied)) for n in (0, 20))
    return Letter(layout, max(0, round((octets - empty) / (full - empty) * 20)), octets, varied)


@dataclass(frozen=True, slots=True)
class Crowd:
    """A workspace of a `program` with a list of `count` people, to be copied for each run.

    With a `server` its database is there, and has the name of the workspace's folder.
    """

    root: Path
    count: int
    program: Program = HERE_AND_NOW
    server: Server | None = None

    @contextmanager
    def copy(self, letter: Letter) -> Iterator[Path]:
        """Yield a new workspace of the same people with this issue."""
        with tempfile.TemporaryDirectory(dir=BUILD, prefix="copy-") as folder:
            root = Path(folder)
            shutil.copytree(self.root, root, dirs_exist_ok=True)
            (root / "issues" / "harbour.md").write_text(letter.issue())
            if self.server is None:
                yield root
                return
            with self.server.database(root.name, like=self.root.name) as url:
                _write_settings(root, url)
                yield root


@contextmanager
def people(
    count: int,
    program: Program = HERE_AND_NOW,
    server: Server | None = None,
    *,
    varied: bool = False,
    imported: int = IMPORTED,
) -> Iterator[Crowd]:
    """Yield a workspace whose list `weekly` has `count` people; `varied`, half of the names have accents.

    Where they are more than `imported`, only the first one is, and the others become like that one.
    """
    BUILD.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD, prefix="people-") as folder, ExitStack() as stack:
        root = Path(folder)
        for name in ("issues", "templates/email"):
            (root / name).mkdir(parents=True)
        _write_settings(root, stack.enter_context(server.database(root.name)) if server else "")
        (root / "templates/email/note.html").write_text(NOTE_HTML)
        (root / "templates/email/note.txt").write_text(NOTE_TEXT)
        listed = root / "people.csv"
        with listed.open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["email", "name", "member", "mole"])
            rows.writerows(person(n, varied=varied) for n in range(count if count <= imported else 1))
        program.run(root, "lists", "create", "weekly")
        types = ("--type", "member=text", "--type", "mole=text")
        program.run(root, "subscribers", "import", str(listed), "--list", "weekly", *types)
        listed.unlink()
        if count > imported:
            _multiply(root, count, varied=varied)
        yield Crowd(root, count, program, server)


def _multiply(root: Path, count: int, *, varied: bool) -> None:
    words = [sys.executable, "-m", "benchmarks.populating", root, str(count), *(["varied"] if varied else [])]
    subprocess.run(words, cwd=HERE.parent, env=bare_environment(), check=True)


def person(n: int, *, varied: bool) -> tuple[str, str, str, str]:
    """Return what is known of the `n`th person, from 0, in the columns of the file that is imported."""
    name = f"Zoë Ångström {n}" if varied and n % 2 else f"Reader {n}"
    return f"reader{n}@inbox.example", name, f"m{n:07}", "south" if n % 3 else "north"


def _write_settings(root: Path, database_url: str) -> None:
    settings = {**SETTINGS, "DATABASE_URL": database_url} if database_url else SETTINGS
    (root / ".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))


def _size(crowd: Crowd, written: Letter) -> int:
    with crowd.copy(written) as root:
        octets: int = json.loads(crowd.program.run(root, "send-issue", "harbour", "--dry-run", "--json"))[
            "octets"
        ]
    return octets


def as_jinja(crowd: Crowd, written: Letter) -> dict[str, str]:
    """Return the very same mail as templates for the rivals: `html` and `text`, styles inlined already."""
    with crowd.copy(written) as root:
        crowd.program.run(root, "send-issue", "harbour", "--dry-run", "-o", str(root / "out"))
        first = min((root / "out").glob("*.eml"))
        message = message_from_bytes(first.read_bytes(), policy=policy.default)
    parts = {part.get_content_subtype(): part.get_content() for part in message.iter_parts()}
    return {
        name: parts[subtype].replace("m0000000", "{{ member }}").replace("Reader 0", "{{ name }}")
        for name, subtype in (("html", "html"), ("text", "plain"))
    }
