"""All that is held of one person, for them to have: as data, and to read."""

from __future__ import annotations

from typing import Any

from mailer.bootstrap import App
from mailer.domain.address import Address
from mailer.people.person import required
from mailer.people.personal_data import held


def personal_data(app: App, address: Address) -> dict[str, list[dict[str, Any]]]:
    """Return every row that is about somebody, by table; UsageError for an address that is nobody's."""
    with app.database.connect() as connection:
        return held(connection, required(connection, address.key))
