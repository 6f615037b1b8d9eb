"""What people and spreadsheets put round what a cell means."""

from __future__ import annotations

import re
from urllib.parse import unquote

from mailer.domain.address import BLANKS, Address, AddressError, Mailbox

_LINK = re.compile(r'=HYPERLINK\(\s*"([^"]*)".*', re.IGNORECASE | re.DOTALL)
_MAILTO = re.compile(r"mailto:([^?]*)(?:\?.*)?", re.IGNORECASE | re.DOTALL)
_EDGES = BLANKS + ".,;:"
_QUOTES = ("''", '""', "<>", "()", "[]", "\u201c\u201d", "\u2018\u2019", "«»")


def read_address(text: str) -> tuple[Address, str]:
    """Return the address in a cell, and the name that stands before it: `Ada Quint <ada@quay.example>`.

    A link to it is as good, and quotes, brackets, commas and dots round it are no part of it. AddressError.
    """
    try:
        return Address.parse(text), ""  # nearly always
    except AddressError:
        bare = _bare(text)
        if bare == text and "<" not in bare:
            raise
    if "<" in bare:
        mailbox = Mailbox.parse(bare)
        return mailbox.address, mailbox.name
    return Address.parse(bare), ""


def _bare(text: str) -> str:
    if link := _LINK.fullmatch(text):
        text = link[1]
    if mailto := _MAILTO.fullmatch(text):
        text = unquote(mailto[1])
    text = text.strip(_EDGES)
    return text[1:-1].strip(_EDGES) if text[:1] + text[-1:] in _QUOTES else text
