"""`mailer backup` and `mailer restore`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mailer.bootstrap import App

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("file", type=FILE)
@click.pass_obj
def backup(app: App, file: Path) -> None:
    """Copy the database to FILE, as of one moment, while it is in use."""
    from mailer.services.backup import back_up

    app.database.dispose()
    back_up(app.database_file, file)
    click.echo(
        f"{file}: {file.stat().st_size:,} octets. It holds addresses: keep it as safe as the database."
    )


@click.command()
@click.argument("file", type=FILE)
@click.pass_obj
def restore(app: App, file: Path) -> None:
    """Put the backup FILE in the database's place; the old database is put aside, not deleted.

    What was sent after the backup was taken is learned from the journals beside the database, so that nobody
    gets it again; who left since, from the database as it was.
    """
    from mailer.services.backup import restore as put_back

    done = put_back(file, app.database_file, app.journals, app.now())
    learned = done.learned
    if done.aside:
        click.echo(f"The database as it was: {done.aside}")
    click.echo(f"Restored {app.database_file} from {file}.")
    if done.left:
        people, stay = ("1 person", "stays") if done.left == 1 else (f"{done.left:,} people", "stay")
        click.echo(f"  {people} left since the backup was taken and {stay} away.")
    if done.left is None:
        click.echo(
            "  The database as it was can't be read: who left since the backup was taken is not known."
        )
    if learned.settled:
        messages = "1 message was" if learned.settled == 1 else f"{learned.settled:,} messages were"
        click.echo(f"  {messages} sent since the backup was taken; the journals tell of it.")
    for about in learned.unknown:
        click.echo(
            f"  {about.slug} was begun on {about.created_at[:16]} UTC, after the backup; sent no more."
        )
