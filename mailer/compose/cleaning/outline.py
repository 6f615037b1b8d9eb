"""Headings in order: below the mail's one h1 every level is there, whatever levels were typed."""

from __future__ import annotations


class Outline:
    """Gives headings their levels, in reading order.

    The title is the mail's h1. With `title_in_body` the body shows it itself: its first heading of level 1.
    """

    def __init__(self, *, title_in_body: bool) -> None:
        self._title_comes = title_in_body
        self._above: list[int] = []

    def level(self, typed: int) -> int:
        """Return the level (1 to 6) for a heading that was typed with the level `typed`."""
        if typed == 1 and self._title_comes:
            self._title_comes = False
            return 1
        while self._above and self._above[-1] >= typed:
            self._above.pop()
        self._above.append(typed)
        return min(6, 1 + len(self._above))
