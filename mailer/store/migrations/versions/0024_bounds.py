"""Sign-ups are counted by where they came from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Make room for the network and the proof; of what was kept before neither is known."""
    for column in ("network", "proof"):
        op.add_column("signups", sa.Column(column, sa.Text()))
    op.create_index("uq_signups_proof", "signups", ["proof"], unique=True)
    op.create_index("ix_signups_at", "signups", ["at"])
    op.create_index("ix_signups_network_at", "signups", ["network", "at"])
