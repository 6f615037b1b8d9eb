"""Text with tokens, read as what it stands for: static stretches, values, and groups of one `if` or `for`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from mailer.compose.symbolic.refusal import Refusal
from mailer.compose.symbolic.tokens import Role, Token, Tokens
from mailer.message.filling.residual import Branch, Hole, Loop, Static, Tree


@dataclass(slots=True)
class Branching:
    """One `if` or `for`: its first token, its number in reading order, what stands in its two branches."""

    opening: Token
    number: int
    branches: tuple[list[Piece], list[Piece]] = field(default_factory=lambda: ([], []))


Piece = str | Token | Branching
# A group and the way to it: the groups around it by number, with the branch it is in.
Found = tuple[Branching, tuple[tuple[int, int], ...]]


def read_structure(text: str, tokens: Tokens) -> list[Piece]:
    """Return the pieces of `text`; raises Refusal if a group is not closed where it was opened."""
    whole: list[Piece] = []
    target, open_groups, numbers = whole, list[tuple[Branching, list[Piece]]](), 0
    for piece in tokens.split(text):
        if isinstance(piece, str) or piece.role is Role.VALUE:
            target.append(piece)
        elif piece.role in (Role.IF, Role.FOR):
            group = Branching(piece, numbers)
            numbers += 1
            target.append(group)
            open_groups.append((group, target))
            target = group.branches[0]
        else:
            if not open_groups or open_groups[-1][0].opening.group != piece.group:
                raise torn(piece)
            group, outer = open_groups[-1] if piece.role is Role.ELSE else open_groups.pop()
            target = group.branches[1] if piece.role is Role.ELSE else outer
    if open_groups:
        raise torn(open_groups[-1][0].opening)
    return whole


def torn(token: Token) -> Refusal:
    """Return the refusal of an `if` or `for` whose halves don't stand in the same place."""
    return Refusal(
        "the beginning and the end of a recipient's if or for stand in different elements or attributes",
        next_step="Put both around the whole element, or both inside it",
        origin=token.origin,
    )


def groups(pieces: Iterable[Piece]) -> Iterator[Found]:
    """Yield every group in `pieces`, in reading order, those inside others too."""
    for piece in pieces:
        if isinstance(piece, Branching):
            yield piece, ()
            for branch in (0, 1):
                for inner, way in groups(piece.branches[branch]):
                    yield inner, ((piece.number, branch), *way)


def choose(pieces: Iterable[Piece], choice: Mapping[int, int]) -> str:
    """Return the text with only the chosen branches; its values stay tokens.

    `choice` says for each group's number how often its first branch is taken (an `if`: 0 or 1), 1 by default.
    """
    parts = []
    for piece in pieces:
        if isinstance(piece, str):
            parts.append(piece)
        elif isinstance(piece, Token):
            parts.append(piece.word)
        else:
            times = choice.get(piece.number, 1)
            parts.append(
                choose(piece.branches[0], choice) * times if times else choose(piece.branches[1], choice)
            )
    return "".join(parts)


def grow(pieces: Iterable[Piece], hole: Callable[[Token], Hole]) -> Tree:
    """Return the residual tree of `pieces`; `hole` is called for each value, in reading order."""
    return tuple(_grow_piece(piece, hole) for piece in pieces)


def _grow_piece(piece: Piece, hole: Callable[[Token], Hole]) -> Static | Hole | Branch | Loop:
    if isinstance(piece, str):
        return Static(piece)
    if isinstance(piece, Token):
        return hole(piece)
    first, second = (grow(branch, hole) for branch in piece.branches)
    expression = piece.opening.expression
    assert expression is not None
    if piece.opening.role is Role.IF:
        return Branch(expression, first, second)
    return Loop(piece.opening.names, expression, first, second)
