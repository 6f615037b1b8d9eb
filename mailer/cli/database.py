"""`mailer backup`, `mailer restore` and `mailer db`: look after the database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mailer.bootstrap import App

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("backup")
@click.argument("file", type=FILE)
@click.pass_obj
def copy(app: App, file: Path) -> None:
    """Copy the database to FILE, as of one moment, while it is in use."""
    from mailer.services.database import back_up

    octets = back_up(app, file)
    click.echo(f"{file}: {octets:,} octets. It holds addresses: keep it as safe as the database.")


@click.command("restore")
@click.argument("file", type=FILE)
@click.pass_obj
def put_back(app: App, file: Path) -> None:
    """Put the backup FILE in the database's place; the old database is put aside, not deleted.

    What was sent after the backup was taken is learned from the journals beside the database, so that nobody
    gets it again; who left since, and who got what of sequences, from the database as it was.
    """
    from mailer.services.database import RESTORE, file_of, restore

    database = file_of(app, RESTORE, file)
    done = restore(file, database, app.journals, app.now())
    learned = done.learned
    if done.aside:
        click.echo(f"The database as it was: {done.aside}")
    click.echo(f"Restored {database} from {file}.")
    if done.left:
        people, stay = ("1 person", "stays") if done.left == 1 else (f"{done.left:,} people", "stay")
        click.echo(f"  {people} left since the backup was taken and {stay} away.")
    if done.erased:
        again = "1 person was" if done.erased == 1 else f"{done.erased:,} people were"
        click.echo(f"  {again} erased since the backup was taken, and erased again.")
    if done.left is None:
        click.echo(
            "  The database as it was can't be read: who left since the backup was taken is not known."
        )
    if learned.settled:
        messages = "1 message was" if learned.settled == 1 else f"{learned.settled:,} messages were"
        click.echo(f"  {messages} sent since the backup was taken; the journals tell of it.")
    for name in done.paused:
        click.echo(f"  Who got which step of the sequence {name} since is not known, so it is paused.")
        click.echo(f"  next: to let it go on all the same: mailer sequences activate {name}")
    for about in learned.unknown:
        if about.slug.startswith("sequence:"):
            continue  # its steps are known, or it is paused
        click.echo(
            f"  {about.slug} was begun on {about.created_at[:16]} UTC, after the backup; sent no more."
        )


@click.group()
def db() -> None:
    """Look after the database."""


@db.command("move")
@click.argument("url")
@click.pass_obj
def move_to(app: App, url: str) -> None:
    """Copy all there is to an empty database, and prove it.

    People, ledger and journals go to the one at URL, from SQLite to PostgreSQL or back. The database of now
    stays as it is, and in use until .env names the other one.
    """
    from mailer.cli.progress import bar
    from mailer.cli.terminal import print_table
    from mailer.services.moving import move

    done = move(app, url, lambda rows: bar("moving", rows))
    print_table(
        ("table", "rows", "hash of all rows, on both sides"),
        [(each.table, each.rows, each.digest[:32] if each.rows else "") for each in done.tables],
    )
    click.echo(f"\nAll of {done.source} is in {done.target}, too.")
    if done.journals:
        click.echo(f"Journals copied: {done.journals:,}.")
    click.echo("Now let .env say, before anything else is done:\n")
    click.echo(f"  DATABASE_URL={done.url}\n")
    if "***" in done.url:
        click.echo("with the password in the place of ***.")


@db.command("upgrade")
@click.pass_obj
def upgrade_tables(app: App) -> None:
    """Bring the database to this version's tables.

    If there is none, make it. Any other command does so too on first use; this one says what it did.
    """
    from mailer.services.database import upgrade

    done = upgrade(app)
    if done.before == done.now:
        click.echo(f"{done.label} is at revision {done.now} already.")
    else:
        before = f"revision {done.before}" if done.before else "nothing"
        click.echo(f"{done.label}: from {before} to revision {done.now}.")
