"""LDIF, in which directories and address books are handed on (RFC 2849)."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Iterator
from typing import ClassVar

from mailer.people.importing.sources.encoding import lines
from mailer.people.importing.sources.folded import unfold
from mailer.people.importing.sources.keyed_file import KeyedFile, KeyedRow
from mailer.people.importing.sources.origin import FileOrigin
from mailer.people.importing.sources.row_file import UnreadableRow

LEFT_OUT = frozenset(
    {"version", "dn", "objectclass", "userpassword", "jpegphoto", "changetype", "usercertificate"}
)


class LdifFile(KeyedFile):
    """A file of LDIF. An attribute's second value stands in a column of its own: `mail 2`."""

    __slots__ = ()
    kind: ClassVar[str] = "LDIF"

    @staticmethod
    def people(origin: FileOrigin, encoding: str) -> Iterator[KeyedRow | UnreadableRow]:
        """Yield the entries; a change to one that is no addition is unreadable."""
        begun, entry = 0, {}  # type: int, dict[str, list[str]]
        for number, line in _ending(unfold(lines(origin, encoding))):
            if line.startswith("#"):
                continue
            if line:
                begun = begun or number
                name, value = _attribute(line)
                entry.setdefault(name, []).append(value)
            elif begun:
                if entry.keys() - {"version"}:
                    yield _person(begun, entry)
                begun, entry = 0, {}


def _ending(found: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Yield the lines and a blank one at the end."""
    yield from found
    yield 0, ""


def _attribute(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    name = name.partition(";")[0].strip().lower()
    if value.startswith("<"):  # stands elsewhere
        return name, ""
    return name, _decoded(value[1:]) if value.startswith(":") else value.strip()


def _decoded(text: str) -> str:
    try:
        return b64decode(text).decode()
    except (binascii.Error, ValueError):
        return ""  # a picture or the like


def _person(line: int, entry: dict[str, list[str]]) -> KeyedRow | UnreadableRow:
    change = entry.get("changetype", ["add"])[0]
    if change != "add":
        return UnreadableRow(line, "".join(entry.get("dn", [])), f"is no entry but a change to one: {change}")
    values = {
        f"{name} {place}" if place > 1 else name: value
        for name, found in entry.items()
        if name and name not in LEFT_OUT
        for place, value in enumerate(found, 1)
    }
    return KeyedRow(line, values)
