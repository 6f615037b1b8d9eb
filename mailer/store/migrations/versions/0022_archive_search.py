"""Issues from before are in the archive, too, and what is there is found by an index of words."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from mailer.store.schema import Key, Number, UtcTime
from mailer.store.search import make_search

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Make the table, and the index of both."""
    op.create_table(
        "imported_issues",
        sa.Column("id", Number, nullable=False),
        sa.Column("list_id", Number, nullable=False),
        sa.Column("slug", Key, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("title", "summary", "words")),
        *(sa.Column(name, UtcTime(), nullable=False) for name in ("sent_at", "taken_at")),
        *(sa.Column(name, sa.LargeBinary(), nullable=False) for name in ("digest", "content")),
        sa.PrimaryKeyConstraint("id", name="pk_imported_issues"),
        sa.ForeignKeyConstraint(["list_id"], ["lists.id"], name="fk_imported_issues_list_id_lists"),
        sa.UniqueConstraint("list_id", "slug", name="uq_imported_issues_list_id_slug"),
        sqlite_autoincrement=True,
    )
    make_search(op.get_bind())
