"""People get a tag, or lose it, many at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, select, update

from mailer.store.schema import subscribers


def lacking(connection: Connection, ids: Sequence[int], tag: str, *, put: bool) -> dict[int, list[str]]:
    """Return the tags that those of these people should have who have to be changed, by id.

    At most some thousand at once. `put`: the tag is to be there; else it is not.
    """
    p = subscribers.c
    rows = connection.execute(select(p.id, p.tags).where(p.id.in_(ids)).order_by(p.id))
    had = {row.id: list(row.tags or ()) for row in rows if (tag in (row.tags or ())) is not put}
    return {
        number: [*tags, tag] if put else [each for each in tags if each != tag]
        for number, tags in had.items()
    }


def write_tags(connection: Connection, tags: dict[int, list[str]], now: datetime) -> None:
    """Give people these tags, by id."""
    if tags:
        change = update(subscribers).where(subscribers.c.id == bindparam("which"))
        connection.execute(
            change.values(tags=bindparam("put"), updated_at=now),
            [{"which": number, "put": found or None} for number, found in tags.items()],
        )
