"""Why people left a list, counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from sqlalchemy import Engine

from mailer.domain.leaving import LeavingReason
from mailer.people.leaving_reasons import LeavingNote, told
from mailer.people.lists import all_ids, list_ids


@dataclass(frozen=True, slots=True)
class ListReasons:
    """What people said when they left a list: how many gave which reason; their own `lines`, latest first."""

    list_name: str
    counts: Counter[LeavingReason] = field(default_factory=Counter)
    lines: list[LeavingNote] = field(default_factory=list)


def reasons(database: Engine, name: str | None = None) -> list[ListReasons]:
    """Return it for the list of this name, else for each that has any; UsageError for an unknown one."""
    with database.connect() as connection:
        wanted = list_ids(connection, [name]) if name else tuple(all_ids(connection).values())
        found = {name: ListReasons(name)} if name else {}
        for each in told(connection, wanted):
            of_list = found.setdefault(each.list_name, ListReasons(each.list_name))
            of_list.counts[each.said.reason] += 1
            if each.said.line:
                of_list.lines.append(each)
    return [found[each] for each in sorted(found)]
