"""What a list may say, as options of `mailer lists create` and `mailer lists set`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from mailer.services.list_settings import ListChanges

Command = TypeVar("Command", bound=Callable[..., Any])


def settings_options(command: Command) -> Command:
    """Give a command an option for each thing that a list says."""
    options = [
        click.option("--title", metavar="TEXT", help="What subscribers read; the name unless given."),
        click.option("--description", metavar="TEXT", help="What the list is about, in a sentence."),
        click.option("--public/--private", "is_public", default=None, help="Whether pages show it."),
        click.option(
            "--double-opt-in/--single-opt-in",
            "double_opt_in",
            default=None,
            help="Whether who signs up has to confirm it.",
        ),
        click.option("--from", "sender", metavar="MAILBOX", help="Who its mails are from; else MAIL_FROM."),
        click.option("--reply-to", metavar="MAILBOX", help="Where replies go; else MAIL_REPLY_TO."),
        click.option("--postal-address", metavar="TEXT", help="In the footer; else POSTAL_ADDRESS."),
        click.option("--language", metavar="TAG", help="Of issues that say none; else LANGUAGE."),
        click.option(
            "--param",
            "params",
            multiple=True,
            metavar="NAME=VALUE",
            help="For layouts, as params in front matter: accent=#0b5345; repeatable.",
        ),
        click.option(
            "--welcome", metavar="ISSUE", help="The issue file that those get once who come to be on it."
        ),
        click.option(
            "--confirmed-url", metavar="URL", help="The page that they are led to who have confirmed it."
        ),
        click.option(
            "--archive/--no-archive",
            "in_archive",
            default=None,
            help="Whether what it sent is shown on pages.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def changes(asked: Mapping[str, Any], unset: Sequence[str] = ()) -> ListChanges:
    """Return what was asked for by these options."""
    from mailer.services.list_settings import SWITCHES, TEXTS, ListChanges

    given = {column: value for column, value in asked.items() if value is not None}
    return ListChanges(
        {column: given[column] for column in TEXTS if column in given},
        {column: given[column] for column in SWITCHES if column in given},
        given["params"],
        unset,
    )
