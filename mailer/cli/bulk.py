"""Commands that change many people at once: they ask with the numbers, and keep how everybody was before."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mailer.cli.terminal import ask
from mailer.errors import PlanRefused

if TYPE_CHECKING:
    from mailer.bootstrap import App

Command = TypeVar("Command", bound=Callable[..., Any])


def bulk_options(command: Command) -> Command:
    """Give a command `--dry-run` and `--yes`, which `agreed` wants to know."""
    yes = click.option("--yes", is_flag=True, help="Do not ask.")
    dry_run = click.option("--dry-run", is_flag=True, help="Say how many it would change; change nobody.")
    return dry_run(yes(command))


def agreed(app: App, command: str, ids: Sequence[int], doing: str, *, dry_run: bool, yes: bool) -> bool:
    """Whether to change the people with these ids now; if so, how they were before is in a file by then.

    `doing` says what is about to happen, with its numbers: `tag 1,204 people as press`. `command` stands in
    the file's name. Whoever says no ends the command with 0; PlanRefused where nobody can be asked.
    """
    from mailer.services.export import keep_before

    if not ids or dry_run:
        click.echo(f"Would {doing}. Nothing was changed." if ids else "Nobody is to be changed.", err=True)
        return False
    if not yes:
        ask(
            f"{doing[0].upper()}{doing[1:]}?",
            PlanRefused(
                f"this would {doing}, and there is no terminal to ask on; nothing was changed",
                next_step=shlex.join(["mailer", *sys.argv[1:], "--yes"]),
            ),
        )
    path = keep_before(app.database, app.root / "subscribers", command, ids, app.now())
    click.echo(f"As they were: {path}", err=True)
    return True
