"""vCards, one after the other: RFC 6350, and what phones still write of versions 2.1 and 3.0."""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterable, Iterator
from typing import ClassVar, NamedTuple

from mailer.people.importing.sources.encoding import lines
from mailer.people.importing.sources.folded import unfold
from mailer.people.importing.sources.keyed_file import KeyedFile, KeyedRow
from mailer.people.importing.sources.origin import FileOrigin
from mailer.people.importing.sources.row_file import UnreadableRow

# What of a card tells of somebody, and how the column is headed.
TOLD = {
    "EMAIL": "email",
    "FN": "name",
    "N": "n",
    "NICKNAME": "nickname",
    "ORG": "organisation",
    "TITLE": "job",
    "ROLE": "role",
    "BDAY": "birthday",
    "TEL": "phone",
    "ADR": "post",
    "URL": "url",
    "NOTE": "note",
    "LANG": "language",
    "CATEGORIES": "tags",
}
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_DAY = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?:T.*)?", re.ASCII)
_PARTS = re.compile(r"(?<!\\);")


class VcardFile(KeyedFile):
    """A file of vCards. A second address or the like stands in a column of its own: `email 2`."""

    __slots__ = ()
    kind: ClassVar[str] = "vCard"

    @staticmethod
    def people(origin: FileOrigin, encoding: str) -> Iterator[KeyedRow | UnreadableRow]:
        """Yield the cards; what stands in none is unreadable."""
        begun, card = 0, list[_Property]()
        for number, line in unfold(_joined(lines(origin, encoding))):
            found = _property(line)
            if found.name == "BEGIN":
                if begun:
                    yield UnreadableRow(begun, "BEGIN:VCARD", "the card has no END")
                begun, card = number, []
            elif found.name == "END" and begun:
                yield KeyedRow(begun, dict(_values(card)))
                begun = 0
            elif begun and found.name in TOLD and found.value.strip(";"):
                card.append(found)
            elif line.strip() and not begun:
                yield UnreadableRow(number, line[:100], "stands in no card")
        if begun:
            yield UnreadableRow(begun, "BEGIN:VCARD", "the card has no END")


class _Property(NamedTuple):
    name: str
    params: str  # in capitals
    value: str


def _joined(found: Iterable[str]) -> Iterator[str]:
    """Yield lines, those that quoted-printable of version 2.1 breaks joined as RFC 6350 would have it."""
    soft = False
    for line in found:
        yield f" {line}" if soft and not line.startswith((" ", "\t")) else line
        text = line.rstrip("\r\n")
        soft = text.endswith("=") and (soft or "QUOTED-PRINTABLE" in text.upper())


def _property(line: str) -> _Property:
    head, _, value = line.partition(":")
    name, _, params = head.upper().partition(";")
    if "QUOTED-PRINTABLE" in params:
        value = _unquoted(value, params)
    return _Property(name.rpartition(".")[2].strip(), params, value)


def _unquoted(value: str, params: str) -> str:
    charset = re.search(r"CHARSET=((?:UTF-8|ISO-8859|WINDOWS|US-ASCII|KOI8|SHIFT|GB|BIG5|EUC)[\w-]*)", params)
    octets = quopri.decodestring(re.sub(r"=(?![0-9A-Fa-f]{2})", "", value).encode())
    try:
        return octets.decode(charset[1] if charset else "utf-8")
    except (LookupError, UnicodeError):
        return octets.decode("latin-1")


def _values(card: list[_Property]) -> Iterator[tuple[str, str]]:
    """Yield columns and texts, what is preferred first."""
    counts: dict[str, int] = {}
    for found in sorted(card, key=lambda each: "PREF" not in each.params):
        if found.name == "N":
            family, given = [*map(_text, _PARTS.split(found.value)), "", ""][:2]
            yield from {"first_name": given, "last_name": family}.items()
            continue
        counts[found.name] = place = counts.get(found.name, 0) + 1
        text = ", ".join(filter(None, map(_text, _PARTS.split(found.value))))
        if found.name == "BDAY" and (day := _DAY.fullmatch(text)):
            text = "-".join(day.groups())
        yield (f"{TOLD[found.name]} {place}" if place > 1 else TOLD[found.name]), text


def _text(value: str) -> str:
    return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value).strip()
