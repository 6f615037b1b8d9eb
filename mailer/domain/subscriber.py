"""People and the lists they are on. One address is one person (`Address.key`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

# Fields with a meaning of their own; any other column of a file is a field by its own name.
OWN_FIELDS = ("email", "name", "language", "timezone", "tags")


class Status(StrEnum):
    """What a subscriber is on one list. Only the subscribed are mailed."""

    SUBSCRIBED = "subscribed"
    UNCONFIRMED = "unconfirmed"
    UNSUBSCRIBED = "unsubscribed"


PAUSED = "paused"  # who is subscribed, and gets nothing before a date


@dataclass(frozen=True, slots=True)
class SubscriberList:
    """A list: `name` is what commands say, `title` what subscribers read, `counts` people by status.

    Those who are never mailed are `suppressed`, whatever their status, and counted nowhere else; so are the
    `paused`, who are subscribed and get nothing yet. What its mails say from `sender` to `params` (of the
    layout, by name) the settings say where it is empty. It is put away since `archived_at`, and was set last
    at `changed_at`. Those who come to be on it
    get `welcome`, an issue file by its path in the workspace; who has confirmed it is led to `confirmed_url`.
    """

    id: int
    name: str
    title: str
    description: str = ""
    counts: Mapping[Status, int] = field(default_factory=dict)
    suppressed: int = 0
    paused: int = 0
    is_public: bool = False
    double_opt_in: bool = True
    sender: str = ""
    reply_to: str = ""
    postal_address: str = ""
    language: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    in_archive: bool = True
    archived_at: datetime | None = None
    changed_at: datetime | None = None
    welcome: str = ""
    confirmed_url: str = ""


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A person as kept: `email` as typed, `fields` in their types (dates as ISO text).

    `lists` are by name, and so is until when they get nothing from one that they `paused`.
    """

    id: int
    email: str
    name: str | None = None
    language: str | None = None
    timezone: str | None = None
    tags: tuple[str, ...] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)
    lists: Mapping[str, Status] = field(default_factory=dict)
    paused: Mapping[str, datetime] = field(default_factory=dict)
    suppressed: str | None = None  # the reason, if this address is never mailed


@dataclass(frozen=True, slots=True)
class ListChoice:
    """One list on the page behind an unsubscribe link."""

    id: int
    title: str
    subscribed: bool


@dataclass(frozen=True, slots=True)
class Choices:
    """What the page behind an unsubscribe link shows a person about themselves."""

    email: str
    lists: tuple[ListChoice, ...]
    language: str = ""
    others: bool = False  # whether the sender has other lists


@dataclass(frozen=True, slots=True)
class Left:
    """A departure that can be taken back: when, from which lists, and whether all mail was refused."""

    at: datetime
    lists: tuple[int, ...]
    everywhere: bool = False
