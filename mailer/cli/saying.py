"""What is printed for a person: commands in it mean the workspace that `-C` named, wherever they are run."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from shlex import quote

import click

# Commands that need no workspace, or make one.
_ANYWHERE = ("init", "demo", "sandbox")


def say(text: object, *, err: bool = False) -> None:
    """Print `text`; commands in it are made to work where the person is."""
    click.echo(from_here(str(text)), err=err)


def from_here(text: str) -> str:
    """Return `text` with `-C DIR` in its commands, if they would mean another workspace without it."""
    context = click.get_current_context(silent=True)
    chosen = context.find_root().params.get("workspace") if context else None
    return _commands().sub(rf"\1mailer -C {quote(str(chosen))} ", text) if _is_elsewhere(chosen) else text


def _is_elsewhere(chosen: Path | None) -> bool:
    from mailer.bootstrap import find_workspace

    try:
        return chosen is not None and chosen.is_dir() and chosen.resolve() != find_workspace(None)
    except FileNotFoundError:  # the current folder is gone
        return True


@cache
def _commands() -> re.Pattern[str]:
    from mailer.cli import COMMANDS

    names = "|".join(name for name in COMMANDS if name not in _ANYWHERE)
    return re.compile(rf"(^ *|: |`)mailer (?=(?:{names})\b(?! answers))", re.MULTILINE)
