"""Lists are made and looked at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from mailer.domain.subscriber import SubscriberList
from mailer.people.lists import Lists


@dataclass(frozen=True, slots=True)
class NewList:
    """A list to make: `name` is what commands say, `title` what subscribers read (the name unless given)."""

    name: str
    title: str = ""
    description: str = ""


def create_list(database: Engine, new: NewList, now: datetime) -> SubscriberList:
    """Make a list; UsageError for a name that is taken or can't be one."""
    return Lists(database).create(new.name, now, new.title, new.description)


def all_lists(database: Engine) -> list[SubscriberList]:
    """Return every list by name, each with how many people have which status or are suppressed."""
    return Lists(database).all()


def list_named(database: Engine, name: str) -> SubscriberList:
    """Return one list; UsageError that names the nearest if there is none."""
    return Lists(database).named(name)
