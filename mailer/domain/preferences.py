"""What somebody may see and change of themselves by the link in a mail, and what they want of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mailer.domain.address import CONTROLS
from mailer.domain.field import FieldError, FieldType, OwnField, convert, to_text
from mailer.domain.form import LONGEST, Wrong
from mailer.domain.subscriber import Status

NAME, LANGUAGE = "name", "language"
OWN = (OwnField(NAME, FieldType.TEXT), OwnField(LANGUAGE, FieldType.TEXT))
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
_UNFIT = {FieldType.NUMBER: Wrong.NUMBER, FieldType.DATE: Wrong.DATE}


@dataclass(frozen=True, slots=True)
class ListPreference:
    """A list that they are on, or may be: None as the `status` of who never was.

    One that `asks` they get only once they confirm it by mail: who left it, or the list's own way.
    """

    id: int
    title: str
    description: str
    status: Status | None
    asks: bool

    @property
    def on(self) -> bool:
        """Whether they get it."""
        return self.status is Status.SUBSCRIBED


@dataclass(frozen=True, slots=True)
class Preferences:
    """How it stands: `values` are by field, name and language among them, in their types.

    `paused_until` is when mail comes again, if they pause. Who is `stopped` is never mailed on any list.
    """

    subscriber_id: int
    email: str
    lists: tuple[ListPreference, ...]
    fields: tuple[OwnField, ...]
    values: Mapping[str, Any]
    paused_until: datetime | None = None
    stopped: bool = False

    @property
    def language(self) -> str:
        """Theirs, empty if they have none."""
        return self.values.get(LANGUAGE) or ""

    def text(self, of: OwnField) -> str:
        """Return the value of a field as a person would type it."""
        return to_text(self.values.get(of.name))

    def read(self, texts: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, Wrong]]:
        """Return what was typed into fields, in their types, and what is wrong with which.

        Of fields that they may not change nothing is returned. None is for one that was left empty.
        """
        values: dict[str, Any] = {}
        wrong: dict[str, Wrong] = {}
        for each in (*OWN, *self.fields):
            if (text := texts.get(each.name)) is None:
                continue
            read = _read(each, text.strip())
            if isinstance(read, Wrong):
                wrong[each.name] = read
            else:
                values[each.name] = read
        return values, wrong


@dataclass(frozen=True, slots=True)
class Wishes:
    """What somebody wants who saves their preferences: lists (by id) to be `on` and `off`, texts by field.

    A list of which nothing is said stays as it is: what a page shows may be long over.
    """

    on: frozenset[int] = frozenset()
    off: frozenset[int] = frozenset()
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of wishes: titles of lists, and whether fields were changed.

    Lists that were `asked` for come once that is confirmed. `undo` takes back what was left; with what is
    `wrong`, by field, nothing was done.
    """

    left: tuple[str, ...] = ()
    joined: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    edited: bool = False
    undo: str = ""
    wrong: Mapping[str, Wrong] = field(default_factory=dict)


def _read(of: OwnField, text: str) -> Any:
    if len(text) > LONGEST or CONTROLS.search(text):
        return Wrong.TEXT
    if not text:
        return None
    if of.name == LANGUAGE and not _LANGUAGE.fullmatch(text):
        return Wrong.CHOICE
    try:
        return convert(text, of.type)
    except FieldError:
        return _UNFIT.get(of.type, Wrong.CHOICE)
