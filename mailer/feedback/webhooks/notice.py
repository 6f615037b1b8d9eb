"""A webhook's request, and what is told in it, whoever's words it was told in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mailer.domain.returned import Kind


class Refused(Exception):
    """A request that isn't proved to be the provider's; `status` is the answer's, the words are the log's."""

    def __init__(self, words: str, status: int = 403) -> None:
        super().__init__(words)
        self.status = status


@dataclass(frozen=True, slots=True)
class HookRequest:
    """A request: fields by their names in small letters, its octets, what JSON they are, and when it came."""

    fields: Mapping[str, str]
    octets: bytes
    data: Any
    now: float

    def refuse_old(self, moment: float, most: float) -> None:
        """Refused if `moment` (Unix seconds) is more than `most` seconds from now, before or after."""
        if abs(self.now - moment) > most:
            raise Refused(f"its time is {abs(self.now - moment):.0f} s off")


@dataclass(frozen=True, slots=True)
class Notice:
    """What is told of one message to one address.

    `told` is the provider's own judgement. `token` is the text in which our token may stand; `queued` what
    the provider calls the message, as its 250 may have said. `id` names what is told, so that it counts once.
    """

    told: Kind
    address: str
    id: str = ""
    status: str = ""
    said: str = ""
    token: str = ""
    queued: str = ""


# Whether the request is the provider's, by the setting: returns by what a copy of it would be known, or
# nothing where the provider sends the same again and means no harm.
Prove = Callable[[HookRequest, str], str]


@dataclass(frozen=True, slots=True)
class HookProvider:
    """One provider. `setting` names what its proof goes by; `read` yields what is told in the data.

    `check` raises ValueError or Refused for a value of the setting that can't be used.
    """

    setting: str
    prove: Prove
    read: Callable[[Any], Iterator[Notice]]
    check: Callable[[str], object] = lambda _: None


def text(found: object) -> str:
    """Return a text as it stands, a number as one, and nothing for anything else."""
    return found if isinstance(found, str) else str(found) if isinstance(found, int) else ""


def under(found: object, *names: str) -> Any:
    """Return what stands under these names, one within the other; None where nothing does."""
    for name in names:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def each(found: object) -> Iterator[Mapping[str, Any]]:
    """Yield the objects in a list, or the one that stands in its place."""
    for one in found if isinstance(found, list) else [found]:
        if isinstance(one, Mapping):
            yield one
