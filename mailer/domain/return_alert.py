"""When what comes back is more than a sender may let happen: shares of a send, and providers that block."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from mailer.domain.returned import Kind


class AlertKind(StrEnum):
    """What is wrong."""

    COMPLAINTS = "complaints"
    BOUNCES = "bounces"
    BLOCKED = "blocked"


class ReturnAlert(NamedTuple):
    """What is wrong, with which send or mailbox provider (`about`), in words for a person."""

    kind: AlertKind
    about: str
    words: str

    @property
    def key(self) -> str:
        """What it is known by: it is told once."""
        return f"{self.kind}:{self.about}"


@dataclass(frozen=True, slots=True)
class AlertBounds:
    """Shares of the copies that were accepted, above which something is wrong; 0: never.

    Gmail and Yahoo want complaints below 0.1 %, and never 0.3 %. What is fewer than `least` is chance.
    """

    complaints: float = 0.001
    bounces: float = 0.02
    blocked: int = 10
    least: int = 5

    def of_send(self, about: str, sent: int, kinds: Counter[Kind]) -> list[ReturnAlert]:
        """Return what is wrong with a send of which so many copies were accepted."""
        found = []
        for kind, bound, counted in (
            (AlertKind.COMPLAINTS, self.complaints, kinds[Kind.COMPLAINT]),
            (AlertKind.BOUNCES, self.bounces, kinds[Kind.HARD]),
        ):
            if bound and counted >= self.least and counted > bound * sent:
                share = f"{counted / sent:.2%}" if sent else "all"
                words = f"{about}: {counted:,} {_NAMES[kind]} of {sent:,} ({share}, over {bound:.2%})"
                found.append(ReturnAlert(kind, about, words))
        return found

    def of_provider(self, provider: str, blocked: int, said: str) -> list[ReturnAlert]:
        """Return what is wrong with a mailbox provider that blocked so many copies, in its words."""
        if not self.blocked or blocked < self.blocked:
            return []
        words = f"{provider} blocks our mail: {blocked:,} copies, with the words: {said}"
        return [ReturnAlert(AlertKind.BLOCKED, provider, words)]


_NAMES = {AlertKind.COMPLAINTS: "complaints", AlertKind.BOUNCES: "hard bounces"}
