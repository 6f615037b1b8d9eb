"""The relaxed forms in which DKIM hashes a header and a body (RFC 6376 3.4.2 and 3.4.4).

Both take octets that are whole lines, ended by CRLF, so a message may come in pieces.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_FOLD = re.compile(rb"\r\n(?=[ \t])")
_WHITE_SPACE = re.compile(rb"[ \t]+")


def relaxed_fields(lines: bytes) -> list[tuple[bytes, bytes]]:
    """Return the name in lower case and the relaxed line, without its line end, of each field in `lines`."""
    fields = [line.partition(b":") for line in _FOLD.sub(b"", lines).split(b"\r\n") if line]
    return [_relaxed_field(name, value) for name, _, value in fields]


def relaxed_lines(lines: bytes) -> bytes:
    """Return lines of a body with each run of white space as one space, and none before a line end."""
    lines = lines.replace(b"\t", b" ")
    while b"  " in lines:
        lines = lines.replace(b"  ", b" ")
    return lines.replace(b" \r\n", b"\r\n")


def relaxed_body(pieces: Iterable[bytes]) -> bytes:
    """Return the body that pieces from `relaxed_lines` make: without the empty lines at its end."""
    body = b"".join(pieces)
    end = len(body)
    while body.endswith(b"\r\n", 0, end):
        end -= 2
    return body[:end] + b"\r\n" if end else b""


def _relaxed_field(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    name = name.rstrip(b" \t").lower()
    return name, name + b":" + _WHITE_SPACE.sub(b" ", value).strip(b" ")
