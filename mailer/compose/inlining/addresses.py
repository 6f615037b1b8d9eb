"""Recipients' values that are part of an address, or begin one, which decides what it can lead to."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mailer.compose.symbolic.refusal import Refusal
from mailer.compose.symbolic.structure import Piece
from mailer.compose.symbolic.tokens import Role, Token, Tokens
from mailer.domain import recipient_names
from mailer.message.expression.expression import Name
from mailer.message.filling.escape import SCHEMES

_SCHEME = r"(?:https?:/*|mailto:|//)"
_BEGUN = re.compile(r"(?<![A-Za-z0-9+.-])(?:https?://|(?:mailto|tel):)", re.IGNORECASE)
_ENDS = re.compile(r"[\s<>\"]")
_ONLY_SCHEME = re.compile(rf"[^A-Za-z0-9]*{_SCHEME}", re.IGNORECASE)
# RFC 3986 4.2: the first of these ends the scheme, or tells that there is none.
_SETTLED = re.compile(r"[:/?#]")


def read_addresses(text: str, tokens: Tokens) -> dict[str, bool]:
    """Return the words of the values that are part of an address in a text; True for one that begins it.

    Raises Refusal for a whole address behind a scheme.
    """
    found: dict[str, bool] = {}
    before = ""  # what was read since the last blank or angle bracket, with that one
    for piece in tokens.split(text):
        if isinstance(piece, str):
            last = max((end.start() for end in _ENDS.finditer(piece)), default=None)
            before = before + piece if last is None else piece[last:]
        elif piece.is_value:
            refuse_second_scheme(piece, before)
            if _BEGUN.search(before):
                found[piece.word] = False
            elif before == "<":
                found[piece.word] = True
            before += piece.word
    return found


def refuse_second_scheme(token: Token, before: str) -> None:
    """Raise Refusal if a value that is a whole address stands behind a scheme (`https://https://…`)."""
    match token.expression:
        case Name(name) if name in recipient_names.LINKS and _ONLY_SCHEME.fullmatch(before):
            raise Refusal(
                f"{name} is a whole address, with a scheme of its own",
                next_step=f"Take out what stands before it: {{{{ {name} }}}}",
                origin=token.origin,
            )


def link_starts(pieces: Iterable[Piece]) -> set[str]:
    """Return the words of the values in a link that begin it, and so bring its scheme.

    Raises Refusal if what stands before a value leaves open which scheme the link has, or has one that is
    not allowed.
    """
    starts = set[str]()
    _follow(pieces, {""}, starts)
    return starts


def _follow(pieces: Iterable[Piece], before: set[str], starts: set[str]) -> set[str]:
    """Return what the link may begin with after `pieces`: "", half a scheme, or ":" once that is settled."""
    for piece in pieces:
        if isinstance(piece, str):
            before = {_extend(start, piece) for start in before}
        elif isinstance(piece, Token):
            before = _add_value(piece, before, starts)
        else:
            first = _follow(piece.branches[0], before, starts)
            if piece.opening.role is Role.FOR:
                first |= _follow(piece.branches[0], first, starts)
            before = first | _follow(piece.branches[1], before, starts)
    return before


def _extend(start: str, text: str) -> str:
    if start == ":":
        return start
    start = (start + text).lstrip()
    return ":" if _SETTLED.search(start) and _allowed(start) else start


def _allowed(start: str) -> bool:
    scheme, mark, _ = start.partition(":")
    if mark and not _SETTLED.search(scheme) and scheme.lower() not in SCHEMES:
        raise Refusal(
            f"a link with recipients' values can't begin with {scheme}:",
            next_step=f"Links begin with {', '.join(f'{name}:' for name in sorted(SCHEMES))}",
        )
    return True


def _add_value(token: Token, before: set[str], starts: set[str]) -> set[str]:
    if before == {":"}:
        return before
    if before != {""}:
        raise Refusal(
            "what stands before this value leaves open what the link leads to",
            next_step="Write the beginning (https://…) right before it, or let the value be a whole link",
            origin=token.origin,
        )
    starts.add(token.word)
    return {":"}
