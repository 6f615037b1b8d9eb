"""What a written value is, for a field of a type: `1250` a number or a text, `90d ago` a day."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from mailer.domain.field import FieldError, FieldType, convert
from mailer.domain.fold import caseless
from mailer.domain.segment.conditions import Literal, Span, Spelling
from mailer.domain.segment.vocabulary import DIRECTIONS, UNITS

AWAY = re.compile(r"(\d{1,4})\s*([a-z]+)\s+([a-z]+)", re.IGNORECASE)
FIGURES = 15  # of a number: so many mean the same to every database
FIRST, LAST = date(1000, 1, 1), date(9000, 1, 1)

Value = str | int | float | date


@dataclass(frozen=True, slots=True)
class Today:
    """The day on which a segment is asked for, and the zone that it is that day in."""

    day: date
    zone: ZoneInfo

    @classmethod
    def at(cls, moment: datetime, zone: ZoneInfo) -> Today:
        """Return the day that `moment` (aware) is in, in this zone."""
        return cls(moment.astimezone(zone).date(), zone)

    def begins(self, day: date) -> datetime:
        """Return when a day begins in this zone, in UTC."""
        return datetime.combine(min(max(day, FIRST), LAST), time(), self.zone).astimezone(UTC)

    def anniversaries(self) -> tuple[str, ...]:
        """Return the months and days that are celebrated on this day, as `11-29`.

        Who was born on 29 February has it on the 28th where there is no 29th.
        """
        own = f"{self.day:%m-%d}"
        leaps = monthrange(self.day.year, 2)[1] == 29
        return (own, "02-29") if own == "02-28" and not leaps else (own,)


class Misfit(ValueError):
    """Something in a definition can't be meant: what (`problem`), what to do (`hint`), where (`at`)."""

    def __init__(self, problem: str, at: Span, hint: str | None = None) -> None:
        super().__init__(problem)
        self.problem, self.at, self.hint = problem, at, hint


def read_value(literal: Literal, kind: FieldType, today: Today) -> Value:
    """Return what a literal means for a field of this type; texts without case. Misfit if nothing."""
    match kind:
        case FieldType.NUMBER:
            return _number(literal)
        case FieldType.DATE:
            return _day(literal, today.day)
        case _:
            return caseless(literal.text)


def _number(literal: Literal) -> int | float:
    try:
        value = convert(literal.text, FieldType.NUMBER)
    except FieldError as error:
        raise Misfit(str(error), literal.at) from None
    assert isinstance(value, int | float)
    if len(re.sub(r"\D", "", literal.text)) > FIGURES:
        raise Misfit(f"a number here has {FIGURES} figures at most", literal.at)
    return value


def _day(literal: Literal, today: date) -> date:
    if literal.spelling is Spelling.AWAY:
        return _away(literal, today)
    if literal.text.casefold() == "today":
        return today
    try:
        return date.fromisoformat(str(convert(literal.text, FieldType.DATE)))
    except FieldError:
        raise Misfit(
            f"{literal.text!r} is not a day",
            literal.at,
            "Write it like 2026-11-23, 90d ago, 2 weeks ahead or today.",
        ) from None


def _away(literal: Literal, today: date) -> date:
    found = AWAY.fullmatch(literal.text)
    assert found, literal
    number = int(found[1]) * DIRECTIONS[found[3].casefold()]
    try:
        match UNITS[found[2][0].casefold()]:
            case "day":
                return today + timedelta(days=number)
            case "week":
                return today + timedelta(weeks=number)
            case "month":
                return _months(today, number)
            case _:
                return _months(today, 12 * number)
    except (OverflowError, ValueError):
        raise Misfit(f"{literal.text} is further away than there are days", literal.at) from None


def _months(day: date, number: int) -> date:
    """Return the same day of the month so many months later, or the last that the month has."""
    year, month = divmod(day.year * 12 + day.month - 1 + number, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
