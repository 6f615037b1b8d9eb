"""Bring a database to the newest revision."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from mailer.store.schema import metadata


def migrate(connection: Connection) -> None:
    """Apply every missing migration inside the transaction of `connection`: all of them or none."""
    command.upgrade(alembic_config(connection), "head")


def make(connection: Connection) -> None:
    """Make the tables as they are now, in an empty database, and take all migrations for done.

    The first ones are for what there was before, and for SQLite alone.
    """
    metadata.create_all(connection)
    command.stamp(alembic_config(connection), "head")


def alembic_config(connection: Connection | None = None) -> Config:
    """Return alembic's configuration; it needs no ini file, the scripts lie beside this module."""
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config
