"""Segments as people work with them: kept by name, counted, explained.

A segment is asked for by its name, or by a definition in the words of docs/segments.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mailer.bootstrap import App
from mailer.domain.segment.conditions import Condition, Not, parts_of
from mailer.domain.segment.counted import Count
from mailer.domain.segment.named import KeptSegment, Segment, is_name
from mailer.domain.segment.values import Today
from mailer.domain.segment.words import in_plain_words
from mailer.domain.segment.writing import written
from mailer.errors import UsageError
from mailer.ledger.schedules import TO_COME
from mailer.people.segments.counting import count, count_each, count_people
from mailer.people.segments.doubts import doubts
from mailer.people.segments.facts import terms
from mailer.people.segments.grammar import parse
from mailer.people.segments.statement import sql_of
from mailer.people.segments.stored import asked_for, known_to, named_in, statement


@dataclass(frozen=True, slots=True)
class Line:
    """One condition of a segment: how deep it stands, in words, how many people it holds for by itself."""

    depth: int
    words: str
    people: int


@dataclass(frozen=True, slots=True)
class ExplainedSegment:
    """What a segment says, line by line; the SQL that finds its people."""

    lines: tuple[Line, ...]
    people: int
    sql: str


def delete(app: App, name: str) -> Segment:
    """Forget a segment and return it; UsageError while another one, a schedule that waits, or a sequence that
    is in force names it.
    """
    from mailer.services.sequences import standings

    for each in app.schedules.all(*TO_COME):
        asked = filter(None, (each.audience.segment, *each.audience.exclude_segments))
        if _names(asked, name):
            raise UsageError(
                f"schedule {each.id} sends to the segment {name}",
                next_step=f"To take it back: mailer schedule remove {each.id}",
            )
    for one in standings(app):
        if one.active and one.rules and _names(one.rules.segments, name):
            raise UsageError(
                f"the sequence {one.name} asks who is in the segment {name}",
                next_step=f"See how: mailer sequences preview {one.name}",
            )
    return app.segments.delete(name)


def _names(asked: Iterable[str], name: str) -> bool:
    return any(name in ([text] if is_name(text) else named_in(text)) for text in asked)


def today(app: App) -> Today:
    """Return the day that it is in the workspace's zone."""
    return Today.at(app.now(), app.settings.zone)


def kept(app: App, asked: Sequence[tuple[str, bool]]) -> tuple[KeptSegment, ...]:
    """Return segments as they stand now, each asked for and whether it is excluded: for whom to send to, to
    list, to export or to change (`mailer.people.segments.selecting.selected` makes the WHERE).

    UsageError for one that isn't there, SegmentError.
    """
    return app.segments.keep(asked, today(app))


def create(app: App, name: str, definition: str, description: str) -> list[str]:
    """Keep a segment; return what may not be meant in it."""
    now = app.now()
    app.segments.create(Segment(name, definition.strip(), description, now, now), today(app))
    return doubts_about(app, name)


def change(app: App, name: str, values: Mapping[str, str]) -> list[str]:
    """Give a segment another `definition` or `description`; return what may not be meant in it."""
    app.segments.change(name, app.now(), today(app), **values)
    return doubts_about(app, name)


def doubts_about(app: App, asked: str) -> list[str]:
    """Return what may not be meant in a segment: texts, tags and issues that nobody has."""
    with app.database.connect() as connection:
        known = known_to(connection, today(app))
        return list(doubts(connection, asked_for(asked, known), known, statement(connection, known)))


def counted(app: App, asked: str) -> Count:
    """Return how many people are in a segment, and on which lists."""
    with app.database.connect() as connection:
        known = known_to(connection, today(app))
        return count(connection, asked_for(asked, known), known, app.now())


def number(app: App, asked: str) -> int:
    """Return how many people are in a segment, and nothing else of them."""
    with app.database.connect() as connection:
        known = known_to(connection, today(app))
        return count_people(connection, asked_for(asked, known), known)


def definition_of(app: App, asked: str) -> str:
    """Return the definition of a segment, on one line; one that is a definition is its own."""
    return written(parse(app.segments.named(asked).definition)) if is_name(asked) else asked


def explained(app: App, asked: str) -> ExplainedSegment:
    """Return what a segment says, and how many people each of its conditions holds for."""
    with app.database.connect() as connection:
        known, read_by = known_to(connection, today(app)), terms(connection, today(app))
        condition = asked_for(asked, known)
        nested = list(_nested(condition))
        counts = count_each(connection, [each for _, each in nested], known)
        lines = tuple(
            Line(depth, in_plain_words(each, read_by), people)
            for (depth, each), people in zip(nested, counts, strict=True)
        )
        where = statement(connection, known).where(condition)
        return ExplainedSegment(lines, counts[0], sql_of(connection, where))


def _nested(condition: Condition, depth: int = 0) -> Iterator[tuple[int, Condition]]:
    yield depth, condition
    # What is denied stands in the line that denies it.
    made_of = condition.part if isinstance(condition, Not) else condition
    for part in parts_of(made_of):
        yield from _nested(part, depth + 1)
