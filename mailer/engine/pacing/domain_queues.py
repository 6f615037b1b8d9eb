"""A queue for each domain that is held back, beside the rest, so that nobody waits for another's limit."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

Item = TypeVar("Item")
ENOUGH = 100  # in one queue: more of it is left where it came from until these have gone


class DomainQueues(Generic[Item]):
    """Items in the order they came; those of a scope that is held back stand in a queue of their own.

    `scope_of` names an item's scope. Memory is bounded by what is put in: see `full`.
    """

    def __init__(self, scope_of: Callable[[Item], str]) -> None:
        self._scope_of = scope_of
        self._open: deque[Item] = deque()
        self._held: dict[str, deque[Item]] = {}
        self._turn: deque[str] = deque()  # the scopes of `_held`, whose turn is next first

    @property
    def open(self) -> deque[Item]:
        """Those that nothing is known to hold back."""
        return self._open

    @property
    def held(self) -> list[str]:
        """The scopes that have a queue of their own."""
        return list(self._held)

    @property
    def full(self) -> list[str]:
        """The scopes of which enough wait."""
        return [scope for scope, queue in self._held.items() if len(queue) >= ENOUGH]

    def put(self, items: Iterable[Item]) -> None:
        """Add at the end."""
        self._open.extend(items)

    def put_back(self, item: Item) -> None:
        """Add one that was taken, where it is the next of its kind."""
        self._held.get(self._scope_of(item), self._open).appendleft(item)

    def take(self, ready: Callable[[str], bool]) -> Item | None:
        """Return the next item whose scope is `ready`; the queues and the rest take turns."""
        for _ in range(len(self._turn)):
            scope = self._turn[0]
            self._turn.rotate(-1)
            if not scope:
                if (item := self._from_open(ready)) is not None:
                    return item
            elif ready(scope):
                return self._from_queue(scope)
        return None if self._turn else self._from_open(ready)

    def _from_queue(self, scope: str) -> Item:
        queue = self._held[scope]
        item = queue.popleft()
        if not queue:
            self._close(scope)
        return item

    def _close(self, scope: str) -> None:
        del self._held[scope]
        self._turn.remove(scope)
        if not self._held:
            self._turn.clear()

    def _from_open(self, ready: Callable[[str], bool]) -> Item | None:
        while self._open:
            item = self._open.popleft()
            scope = self._scope_of(item)
            # Behind others of its kind, so that they keep their order.
            if scope not in self._held and ready(scope):
                return item
            self._hold(scope, item)
        return None

    def _hold(self, scope: str, item: Item) -> None:
        if not self._turn:
            self._turn.append("")  # everybody else's turn
        if scope not in self._held:
            self._held[scope] = deque()
            self._turn.append(scope)
        self._held[scope].append(item)

    @property
    def everyone(self) -> list[Item]:
        """All that wait."""
        return [*self._open, *(item for queue in self._held.values() for item in queue)]

    def keep(self, stays: Callable[[Item], bool]) -> None:
        """Let go of those that don't stay."""
        for queue in (self._open, *self._held.values()):
            kept = [item for item in queue if stays(item)]
            queue.clear()
            queue.extend(kept)
        for scope in [scope for scope, queue in self._held.items() if not queue]:
            self._close(scope)
