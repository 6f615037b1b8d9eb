"""Look after the database: mailer db."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mailer.bootstrap import App


@click.group()
def db() -> None:
    """Look after the database."""


@db.command()
@click.pass_obj
def upgrade(app: App) -> None:
    """Bring the database to this version's tables.

    If there is none, make it. Any other command does so too on first use; this one says what it did.
    """
    from mailer.store.database import HEAD, database_path, open_upgraded

    url = app.settings.database_url.get_secret_value()
    engine, before = open_upgraded(url, app.root)
    engine.dispose()
    path = database_path(url, app.root)
    if before == HEAD:
        click.echo(f"{path} is at revision {HEAD} already.")
    else:
        click.echo(f"{path}: from {f'revision {before}' if before else 'nothing'} to revision {HEAD}.")
