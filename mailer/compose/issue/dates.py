"""Dates as site generators and people write them; which day is meant, never which of two."""

from __future__ import annotations

import re
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from typing import Any

# Month names in English only. `3/4/2021` is a day in March or in April, so it is none here.
_FORMATS = (
    "%Y/%m/%d",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%d.%m.%Y",
    "%d %B %Y",
    "%d %b %Y",
    "%B %d, %Y",
    "%b %d, %Y",
    "%A, %d %B %Y",
    "%A, %B %d, %Y",
)


def read_date(value: Any) -> datetime | None:
    """Return the date that a front matter value says, naive if it names no zone; None if it is none."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 -- the file names no zone
    text = " ".join(str(value).split())
    # `2021-03-04 10:00:00 -0500`, as Jekyll writes it, and Go's `… +0000 UTC`.
    iso = re.sub(r" +(?=[-+]\d\d:?\d\d$|Z$)", "", re.sub(r" (?:UTC|GMT|[A-Z]{3,4})$", "", text))
    iso = re.sub(r"^(\d{4})-(\d)-", r"\1-0\2-", iso)
    iso = re.sub(r"^(\d{4}-\d\d)-(\d)(?!\d)", r"\1-0\2", iso)
    for read in (datetime.fromisoformat, _in_words, parsedate_to_datetime):
        try:
            return read(iso if read == datetime.fromisoformat else text)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None


def _in_words(text: str) -> datetime:
    text = re.sub(r"(?<=\d)(?:st|nd|rd|th)\b", "", text)
    for form in _FORMATS:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 -- the file names no zone
        except ValueError:
            continue
    raise ValueError(text)
