"""What every mailbox gives, and what is done with a message of it once it was taken in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, NamedTuple, Protocol

MOST = 512 * 1024  # octets of a message that are read: what it says comes first, the copy of ours last
BATCH = 400  # messages that are in memory at once,
BATCH_OCTETS = 16 * 1024 * 1024  # and their octets, about

State = dict[str, Any]  # how far a mailbox was read, as JSON holds it; empty: it shows by itself


class Incoming(NamedTuple):
    """A message: the mailbox's own name for it, where a person finds it, and its first octets."""

    key: Any
    place: str
    octets: bytes


def batched(messages: Iterable[Incoming]) -> Iterator[list[Incoming]]:
    """Yield messages together, as many as may be in memory at once."""
    batch, octets = list[Incoming](), 0
    for each in messages:
        batch.append(each)
        octets += len(each.octets)
        if len(batch) == BATCH or octets >= BATCH_OCTETS:
            yield batch
            batch, octets = [], 0
    if batch:
        yield batch


class Filing(Enum):
    """Where a message goes that was taken in."""

    UNDERSTOOD = auto()  # moved to a folder, or marked as seen; deleted only where that is wished
    UNKNOWN = auto()  # moved to a folder for people to look at
    LEFT = auto()  # as it was: a person wrote it


@dataclass(frozen=True, slots=True)
class FilingWishes:
    """Names of folders; without a `folder` what was understood stays, marked as seen. `delete` beats it."""

    folder: str = ""
    unknown: str = "unknown"
    delete: bool = False


class ReturnMailbox(Protocol):
    """Messages that are read once, in batches, and then put away."""

    name: str

    def batches(self, state: State) -> Iterator[Sequence[Incoming]]:
        """Yield what came since `state`."""

    def file(self, messages: Sequence[tuple[Incoming, Filing]]) -> None:
        """Put a batch away, which is taken in by now."""

    @property
    def state(self) -> State:
        """How far it is read and put away."""
