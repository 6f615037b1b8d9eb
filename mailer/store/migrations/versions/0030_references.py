"""No foreign keys to lists and to sources of consent: neither is ever deleted, and imports looked up each."""

from __future__ import annotations

import re

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"

LIFTED = (
    ("subscriptions", "fk_subscriptions_list_id_lists"),
    ("consents", "fk_consents_source_id_consent_sources"),
)
FOREIGN_KEY = r"FOREIGN KEY\s*\(\w+\) REFERENCES \w+ \(\w+\)(?: ON DELETE CASCADE)?"


def upgrade() -> None:
    """Lift the two foreign keys."""
    if op.get_bind().dialect.name == "sqlite":
        _rewrite()
        return
    for table, key in LIFTED:
        op.drop_constraint(key, table, type_="foreignkey")


def _rewrite() -> None:
    """Take them out of what SQLite reads a table's make from, which leaves millions of rows as they are.

    The steps are those of its documentation (ALTER TABLE, section 7, for changes that no row depends on).
    """
    connection = op.get_bind()
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema=ON")
    for table, key in LIFTED:
        make = connection.scalar(
            sa.text("SELECT sql FROM sqlite_master WHERE name = :table"), {"table": table}
        )
        lifted = re.sub(rf",\s*CONSTRAINT {key} {FOREIGN_KEY}", "", make)
        values = {"table": table, "make": lifted}
        connection.execute(sa.text("UPDATE sqlite_master SET sql = :make WHERE name = :table"), values)
    connection.exec_driver_sql(f"PRAGMA schema_version={version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema=OFF")
