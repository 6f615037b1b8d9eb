"""What answers at once imports no more than it needs: help nothing heavy, a look at the database little."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime

import click
import pytest
from click.testing import CliRunner

from mailer.bootstrap import App
from mailer.cli import COMMANDS, mailer

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)

HEAVY = (
    "sqlalchemy",
    "alembic",
    "pydantic",
    "jinja2",
    "premailer",
    "starlette",
    "uvicorn",
    "apscheduler",
    "rich",
    "lxml",
    "xlsxwriter",
    "dns",
)
SCRIPT = """
import sys
from mailer.cli import main
try:
    main()
finally:
    print(sorted(set(sys.modules) & set({heavy!r})), file=sys.stderr)
"""


@pytest.mark.peers
@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], ["send-issue", "--help"], ["check", "--help"], ["init", "--help"]],
)
def test_help_imports_nothing_heavy(arguments):
    script = SCRIPT.format(heavy=HEAVY)
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "[]"
    assert "mailer" in done.stdout


# What compiles, sends, checks and shows mail: a look into the database needs none of it, nor does a tick that
# finds nothing to do, once a minute all year.
NOT_FOR_LOOKING = (
    *(name for name in HEAVY if name not in ("sqlalchemy", "pydantic")),
    "babel",
    "cryptography",
    "cssutils",
    "tinycss2",
    "email_validator",
    "markdown_it",
    "mailer.compose",
    "mailer.people.enrol",
    "mailer.smtp",
    "sqlalchemy.dialects.postgresql",
    "nh3",
    "PIL",
    "yaml",
)


@pytest.mark.peers
@pytest.mark.parametrize(
    "words",
    ["tick", "status", "why ada@quay-press.org", "lists list", "subscribers list"],
)
def test_looking_at_the_database_imports_little(tmp_path, words):
    App(tmp_path, {}).lists.create("weekly", NOW)
    script = SCRIPT.format(heavy=NOT_FOR_LOOKING)
    done = subprocess.run(
        [sys.executable, "-c", script, "-C", str(tmp_path), *words.split()],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr.splitlines()[-1] == "[]"


@pytest.mark.peers
def test_a_command_that_ends_looks_for_no_garbage():
    # What was registered first is called last.
    script = """
import atexit, gc
atexit.register(lambda: print(gc.get_count()[0] < gc.get_freeze_count()))
from mailer.cli import main
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", script, "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "True"


@pytest.mark.peers
def test_no_garbage_is_looked_for_while_a_send_is_loaded(tmp_path):
    App(tmp_path, {}).lists.create("weekly", NOW)
    (tmp_path / "harbour.md").write_text("---\ntitle: Harbour\nlist: nowhere\n---\nGood morning.\n")
    script = """
import atexit, gc
from mailer.cli import main
looks = []
gc.callbacks.append(lambda phase, about: looks.append(about["generation"]))
atexit.register(lambda: print(len(looks), gc.isenabled()))
main()
"""
    words = ["-C", str(tmp_path), "send-issue", str(tmp_path / "harbour.md"), "--yes"]
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=False)
    assert "no list nowhere" in done.stderr
    assert done.stdout == "0 True\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_loads_and_has_help(name):
    command = mailer.get_command(None, name)
    assert command is not None
    assert command.help


def every_command(command=mailer, words=()):
    """Return the words of each command that there is, and the command."""
    yield words, command
    for name in getattr(command, "commands", None) or (COMMANDS if command is mailer else ()):
        yield from every_command(command.get_command(None, name), (*words, name))


@pytest.mark.parametrize(
    ("words", "command"), [pytest.param(*each, id=" ".join(each[0])) for each in every_command()]
)
def test_help_fits_a_terminal_of_eighty_columns_and_breaks_no_sentence_off(words, command):
    shown = CliRunner().invoke(mailer, [*words, "--help"], terminal_width=80).output
    assert shown.startswith(f"Usage: {' '.join(('mailer', *words))} ")
    broken_off = re.compile(r"\w\.\.\.$")
    assert [line for line in shown.splitlines()[1:] if len(line) > 80 or broken_off.search(line)] == []
    assert [each.name for each in command.params if isinstance(each, click.Option) and not each.help] == []


@pytest.mark.peers
def test_a_command_mistyped_is_a_usage_error():
    done = subprocess.run(
        [sys.executable, "-m", "mailer", "sned"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "sned" in done.stderr
