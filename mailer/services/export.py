"""People as a CSV file, with all that is known of them: an import reads the same back."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from sqlalchemy import Engine

from mailer.domain.field import to_text
from mailer.domain.spreadsheet import STATES, csv_line, write_lists
from mailer.domain.subscriber import OWN_FIELDS, Status
from mailer.people.directory import Directory


def export_people(
    database: Engine, list_name: str | None = None, status: Status | None = None
) -> Iterator[str]:
    """Yield people as lines of CSV, the header first: of one list, of one status (there, or on any list).

    A file of everyone loses nobody who must not be mailed: addresses that are suppressed and no subscriber's
    are in it, too.
    """
    directory = Directory(database)
    people = directory.subscribers(list_name, status)
    if list_name is None and status is None:
        people = chain(people, directory.shut_out())
    free = directory.field_names()
    yield csv_line((*OWN_FIELDS, *free, *STATES))
    for each in people:
        own = (each.email, each.name, each.language, each.timezone, to_text(each.tags))
        fields = (to_text(each.fields.get(key)) for key in free)
        yield csv_line((*own, *fields, write_lists(each.lists), each.suppressed))
