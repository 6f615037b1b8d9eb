"""How alembic looks at a database, for a test to compare it with the tables that there should be."""

from __future__ import annotations

from alembic.migration import MigrationContext
from sqlalchemy import Connection

from mailer.store.search import NAME


def context(connection: Connection) -> MigrationContext:
    """Without the index of the archive's words, which is no table of ours."""
    wanted = {"include_object": lambda item, name, *_: not str(name).startswith(NAME)}
    return MigrationContext.configure(connection, opts=wanted)
