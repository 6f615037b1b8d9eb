"""What shows a person how something long proceeds."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol


class Watch(Protocol):
    """Shows how sending proceeds: entered with a title and a total, told of each few that are settled."""

    def __call__(self, title: str, total: int) -> AbstractContextManager[Callable[[int], None]]:
        """Return what is told, for a block."""


def unwatched(title: str, total: int) -> AbstractContextManager[Callable[[int], None]]:  # noqa: ARG001
    """Show nothing."""
    return nullcontext(lambda settled: None)  # noqa: ARG005
