"""`mailer --help` answers at once: it imports no command, and nothing heavy."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mailer.cli import COMMANDS, mailer

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
)
SCRIPT = """
import sys
from mailer.cli import main
try:
    main()
finally:
    print(sorted(set(sys.modules) & set({heavy!r})), file=sys.stderr)
"""


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


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_loads_and_has_help(name):
    command = mailer.get_command(None, name)
    assert command is not None
    assert command.help


def test_a_command_mistyped_is_a_usage_error():
    done = subprocess.run(
        [sys.executable, "-m", "mailer", "sned"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "sned" in done.stderr
