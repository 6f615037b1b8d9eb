"""The segments of a database: made, looked up, changed, and held against what there is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from difflib import get_close_matches

from sqlalchemy import Connection, Engine, delete, insert, select, update

from mailer.domain.field import FieldType
from mailer.domain.segment.conditions import Condition, Label, Labelled, each_of
from mailer.domain.segment.named import KeptSegment, Segment, is_name
from mailer.domain.segment.values import Today
from mailer.domain.segment.vocabulary import OWN_TYPES, declared
from mailer.domain.segment.writing import written
from mailer.errors import UsageError
from mailer.people.field_types import known_types
from mailer.people.segments.checking import Known, read
from mailer.people.segments.doubts import values_of
from mailer.people.segments.grammar import parse
from mailer.people.segments.statement import Statement
from mailer.people.suppressing import Suppressing
from mailer.store.schema import lists, segments


class Segments:
    """The segments of a database. Each method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def create(self, made: Segment, today: Today) -> None:
        """Keep a segment; UsageError for a name that is taken or can't be one, SegmentError."""
        if not is_name(made.name):
            raise UsageError(
                f"{made.name!r} can't name a segment: it may have 63 letters a to z, digits, - and _, and "
                "is no word of the language",
                next_step="Choose another name.",
            )
        with self._engine.begin() as connection:
            known = known_to(connection, today)
            if made.name in known.segments:
                step = f"See it with: mailer segments show {made.name}"
                raise UsageError(f"there is a segment {made.name} already", next_step=step)
            read(made.definition, known, made.name)
            connection.execute(
                insert(segments).values({each: getattr(made, each) for each in Segment.__slots__})
            )

    def change(self, name: str, now: datetime, today: Today, **values: str) -> Segment:
        """Give a segment another `definition` or `description`; UsageError, SegmentError."""
        with self._engine.begin() as connection:
            known = known_to(connection, today)
            if name not in known.segments:
                raise no_such_segment(name, list(known.segments))
            if "definition" in values:
                read(values["definition"], known, name)
            connection.execute(
                update(segments).where(segments.c.name == name).values(values | {"updated_at": now})
            )
        return self.named(name)

    def delete(self, name: str) -> Segment:
        """Forget a segment and return it; UsageError while another one names it."""
        found = self.named(name)
        if users := [each.name for each in self.all() if name in named_in(each.definition)]:
            raise UsageError(
                f"the segment {name} is part of {', '.join(users)}",
                next_step=f"See how: mailer segments show {users[0]}",
            )
        with self._engine.begin() as connection:
            connection.execute(delete(segments).where(segments.c.name == name))
        return found

    def named(self, name: str) -> Segment:
        """Return a segment; UsageError that names the nearest if there is none."""
        found = {each.name: each for each in self.all()}
        if name not in found:
            raise no_such_segment(name, list(found))
        return found[name]

    def all(self) -> list[Segment]:
        """Return every segment by name."""
        columns = [segments.c[each] for each in Segment.__slots__]
        with self._engine.connect() as connection:
            return [Segment(*row) for row in connection.execute(select(*columns).order_by(segments.c.name))]

    def keep(self, asked: Sequence[tuple[str, bool]], today: Today) -> tuple[KeptSegment, ...]:
        """Return segments as a send keeps them: what each is asked for by, and whether it is excluded."""
        with self._engine.connect() as connection:
            known = known_to(connection, today)
            return tuple(
                KeptSegment(each, written(asked_for(each, known)), today.day, today.zone.key, excluded)
                for each, excluded in asked
            )


def no_such_segment(name: str, known: Sequence[str]) -> UsageError:
    """Return the error for an unknown segment: it names the nearest one, or how to see them."""
    near = get_close_matches(name, known, n=1)
    mean = f"; did you mean {near[0]}?" if near else ""
    step = "See: mailer segments list" if known else "Make it with: mailer segments create NAME DEFINITION"
    return UsageError(f"there is no segment {name}{mean}", next_step=step)


def asked_for(asked: str, known: Known) -> Condition:
    """Return the condition of a segment asked for by its name, or by a definition."""
    if not is_name(asked):
        return read(asked, known)
    if asked not in known.segments:
        raise no_such_segment(asked, list(known.segments))
    return read(known.segments[asked], known, asked)


def known_to(connection: Connection, today: Today) -> Known:
    """Return what definitions can name in this database."""
    types = field_types(connection)
    return Known(
        types,
        frozenset(connection.scalars(select(lists.c.name).where(lists.c.deleted_at.is_(None)))),
        dict(connection.execute(select(segments.c.name, segments.c.definition)).all()),
        today,
        lambda name: values_of(connection, name, types[name]),
    )


def statement(connection: Connection, known: Known) -> Statement:
    """Return what makes SQL of conditions for this database."""
    return Statement(known.types, known.today, Suppressing.of(connection))


def field_types(connection: Connection) -> dict[str, FieldType]:
    """Return the types of all fields by the names that conditions have."""
    return {declared(name): kind for name, kind in known_types(connection).items()} | OWN_TYPES


def named_in(definition: str) -> set[str]:
    """Return the segments that a definition names."""
    labelled = (each for each in each_of(parse(definition)) if isinstance(each, Labelled))
    return {each.name for each in labelled if each.label is Label.SEGMENT}
