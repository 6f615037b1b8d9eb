"""What a feed has to say: entries, and by what each is known again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

# Feeds that move to TLS, or lose a slash, have their entries' addresses move along.
_SCHEME = re.compile(r"https?://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. `title`, `author` and `summary` are text on one line, `full` is HTML that was cleaned.

    `id` is what its feed calls it, `link` and `image` are absolute addresses of the web; each may be "".
    `date` is aware, in UTC; None where the feed says none that can be meant.
    """

    id: str
    title: str
    link: str
    date: datetime | None
    author: str
    summary: str
    full: str
    image: str

    def keys(self, feed: str) -> tuple[str, ...]:
        """Return by what it is known again, in the feed at the address `feed`, as hexadecimal digests.

        By what its feed calls it, else its link, else its words. An entry that is given a new id each time
        has the same link and title all the same; what is dated anew was never known by its date.
        """
        # An id that is no URI, such as "17", is that feed's own (RFC 4287 4.2.6 asks for URIs, RSS does not).
        own = [self.id] if ":" in self.id else [feed, self.id] if self.id else []
        named = own or ([self.link] if self.link else [feed, self.title, self.summary])
        renamed = [[self.link, self.title]] if self.link else []
        return tuple(dict.fromkeys(_digest(*each) for each in [named, *renamed]))


def _digest(*named: str) -> str:
    plain = (_SCHEME.sub("", each).strip().rstrip("/") for each in named)
    return sha256("\n".join(plain).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed as it was read: its entries in its own order; `language` as it says itself, if it does."""

    title: str
    link: str
    language: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class RawFeed:
    """A feed as its format has it: title as HTML, entries by the names of Entry's fields, and `base`."""

    title: str
    link: str
    language: str
    entries: list[dict[str, Any]]


class NoFeed(Exception):
    """What stands there is no feed; the message says what it is."""
