"""A list of millions: `python -m benchmarks.populating WORKSPACE COUNT` makes COUNT people of the first one.

The importer would take long. So it takes in the first, and what it wrote of that one is written of each of
the others, with what is their own.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import select

from benchmarks.letters import person
from mailer.bootstrap import App
from mailer.domain.address import Address
from mailer.people.suppressing import Hashing
from mailer.store.dialect import load, never_give
from mailer.store.schema import consents, subscribers, subscriptions

BATCH = 50_000  # people in a transaction

Row = Mapping[str, Any]


def multiply(app: App, count: int, *, varied: bool = False) -> None:
    """Let there be so many people where there is only the first of them."""
    with app.database.connect() as connection:
        someone, joined, agreed = (
            connection.execute(select(table)).mappings().one()
            for table in (subscribers, subscriptions, consents)
        )
        hashing = Hashing.known(connection)
    assert hashing is not None
    first = someone["id"]
    for begin in range(1, count, BATCH):
        numbers = range(begin, min(begin + BATCH, count))
        with app.database.begin() as connection:
            people = [_other(someone, number, hashing, varied=varied) for number in numbers]
            load(connection, subscribers, [tuple(row.values()) for row in people])
            load(
                connection,
                subscriptions,
                [tuple({**joined, "subscriber_id": first + number}.values()) for number in numbers],
            )
            load(connection, consents, [_agreed(agreed, number) for number in numbers])
            for table in (subscribers, consents):
                never_give(connection, table, first + numbers[-1])


def _agreed(agreed: Row, number: int) -> tuple[Any, ...]:
    """Return what the ledger of consent has of the person of this number, a line further each."""
    own = {name: agreed[name] + number for name in ("id", "subscriber_id", "line")}
    return tuple({**agreed, **own}.values())


def _other(someone: Row, number: int, hashing: Hashing, *, varied: bool) -> Row:
    """Return the row of the person of this number, who is else as `someone`, the one of number 0."""
    email, name, *values = person(number, varied=varied)
    address = Address.parse(email)
    own = {"id": someone["id"] + number, "email": address.typed, "email_key": address.key, "name": name}
    own["address_hash"] = hashing.of(address.key)
    return {**someone, **own, "fields": dict(zip(someone["fields"], values, strict=True))}


if __name__ == "__main__":
    multiply(App(Path(sys.argv[1])), int(sys.argv[2]), varied=bool(sys.argv[3:]))
