"""What alembic runs; the connection and its transaction come from the caller."""

from __future__ import annotations

from alembic import context

from mailer.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters a table by making it anew
)
context.run_migrations()
