"""Parameters of MIME header fields (RFC 2045 5.1), and names of files in them, in any script (RFC 2231)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from urllib.parse import quote

from mailer.message.encoding.header import FOLD, HeaderError, fold, pack, refuse_controls

FALLBACK = 60  # characters of a file's name for programs that know ASCII names only

# Quotes and backslashes are read in more than one way, and some programs decode whatever looks encoded.
_PLAIN = re.compile(r"(?!.*=\?)[ !#-\[\]-~]+")
_ATTRIBUTE_CHAR = "!#$&+-.^_`{|}~"  # of RFC 2231 7, besides letters and digits
_CHARSET = "utf-8''"


def parametrised(field: str, value: str, parameters: Mapping[str, str]) -> bytes:
    """Return `field: value; name="…"`, folded between parameters.

    A value that isn't plain ASCII, or is too long for a line, is written as RFC 2231 has it. Raises
    HeaderError for control characters.
    """
    words = [value]
    for name, text in parameters.items():
        refuse_controls(f"{field} {name}", text)
        words[-1] += ";"
        words += [f" {each}" for each in _parameter(name, text)]
    return fold(field, words)


def ascii_name(name: str) -> str:
    """Return a file's name in letters, digits, spaces and `._-`, without its accents, its ending kept."""
    path = PurePath(_ascii(name))
    ending = path.suffix[:FALLBACK]
    stem = path.stem[: FALLBACK - len(ending)].strip(" ._")
    return f"{stem or 'attachment'}{ending}"


def _ascii(name: str) -> str:
    bare = unicodedata.normalize("NFKD", name)
    bare = "".join(char for char in bare if not unicodedata.combining(char))
    return re.sub(r"[^A-Za-z0-9 ._-]+", "_", bare)


def _parameter(name: str, text: str) -> list[str]:
    """Return one parameter, or its sections if it is too long for a line (RFC 2231 3)."""
    plain = f'{name}="{text}"'
    if _PLAIN.fullmatch(text) and len(plain) < FOLD:
        return [plain]
    # Octets of one character stay together: not every parser joins the sections before it decodes them.
    units = [quote(char, safe=_ATTRIBUTE_CHAR) for char in text]
    room = FOLD - len(name) - len(" *99*=;")
    runs = list(pack(units, room - len(_CHARSET), room))
    if len(runs) == 1:
        return [f"{name}*={_CHARSET}{''.join(runs[0])}"]
    return list(_sections(name, runs))


def _sections(name: str, runs: list[list[str]]) -> Iterator[str]:
    if len(runs) > 100:
        raise HeaderError(f"{name}: has {sum(map(len, runs)):,} characters, which no parameter holds")
    for number, run in enumerate(runs):
        charset = "" if number else _CHARSET
        end = "" if number == len(runs) - 1 else ";"
        yield f"{name}*{number}*={charset}{''.join(run)}{end}"
