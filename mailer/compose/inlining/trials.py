"""Which branches to try, so that styling all of them at once is shown to be right for each recipient."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import combinations, product

from mailer.compose.symbolic.structure import Branching, Found, Piece, groups
from mailer.compose.symbolic.tokens import Role

ROUNDS = (0, 1, 2, 3)

# The selectors that premailer inlines and that look at what stands beside an element, not only around it.
_BESIDE = re.compile(r"[+~]|:(?:first|last)-child")
_ATTRIBUTE = re.compile(r"\[[^\]]*\]")

# A group, for messages, and how often each group's first branch is taken (by default once), by its number.
Trial = tuple[Branching, dict[int, int]]


def count_beside(selectors: Iterable[str]) -> int:
    """Return how often at most one of `selectors` looks beside an element: `p + p` once, `p` never."""
    return max((len(_BESIDE.findall(_ATTRIBUTE.sub("", selector))) for selector in selectors), default=0)


def trials(pieces: list[Piece], *, beside: bool) -> Iterator[Trial]:
    """Yield the choices of branches to try; some may come to the same text.

    Every group is taken in every way, with all others once or not at all. If selectors look `beside` an
    element, every two groups are tried next to each other as well, with nothing between that can be left out.
    """
    found = list(groups(pieces))
    for group, way in found:
        yield group, {other.number: 0 for other, _ in found} | _reach(way)
        for times in ROUNDS if group.opening.role is Role.FOR else ROUNDS[:2]:
            yield group, _reach(way) | {group.number: times}
    if beside:
        yield from _neighbours(pieces, found)


def _neighbours(pieces: list[Piece], found: list[Found]) -> Iterator[Trial]:
    quiet: dict[int, int] = {}
    _quieten(pieces, quiet)
    for (group, way), (other, other_way) in combinations([*found, *found[:1]], 2):
        for taken, other_taken in product((0, 1), repeat=2):
            reached = quiet | _reach(way) | _reach(other_way)
            yield group, reached | {group.number: taken, other.number: other_taken}


def _reach(way: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Return the choice that leads to the branches on `way`: the first is taken once, or not at all."""
    return {number: 1 - branch for number, branch in way}


def _quieten(pieces: Iterable[Piece], choice: dict[int, int]) -> bool:
    """Choose branches without elements where there are such; return whether `pieces` have none then."""
    quiet = True
    for piece in pieces:
        if isinstance(piece, str):
            quiet &= "<" not in piece
        elif isinstance(piece, Branching):
            first, second = (_quieten(branch, choice) for branch in piece.branches)
            choice[piece.number] = 1 if first and not second else 0
            quiet &= first or second
    return quiet
