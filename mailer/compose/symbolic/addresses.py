"""Which recipients' values are part of an address: in the text part nothing but the words around tells it."""

from __future__ import annotations

import re

from mailer.compose.symbolic.tokens import Refusal, Token, Tokens
from mailer.domain import recipient_names
from mailer.message.expression.expression import Name

_SCHEME = r"(?:https?:/*|mailto:|//)"
_BEGUN = re.compile(r"(?<![A-Za-z0-9+.-])(?:https?://|(?:mailto|tel):)", re.IGNORECASE)
_ENDS = re.compile(r"[\s<>\"]")
_ONLY_SCHEME = re.compile(rf"[^A-Za-z0-9]*{_SCHEME}", re.IGNORECASE)


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
