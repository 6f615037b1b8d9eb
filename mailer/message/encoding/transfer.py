"""Text in its transfer encoding (RFC 2045 6): 7-bit octets, CRLF, lines of at most 76.

Quoted-printable stretches begin at column 0 and leave off at column 0, so they can be joined in any order:
what a value does to its lines never reaches the lines of its neighbours. No line begins with a dot or with
`From `, so a body is the same octets after DATA and BDAT, and survives an mbox.
"""

from __future__ import annotations

import re
from binascii import a2b_qp, b2a_base64, b2a_qp
from itertools import chain
from struct import iter_unpack

LINE = 76
HARD_BREAK = b"\r\n"

# Lines (LF still, so 77 is one too many) that b2a_qp leaves unfit for the wire: it fills 76 columns and the
# soft break's `=` makes 77, and it quotes a space before a line end without counting.
_UNFIT = re.compile(rb"(?m)^(?:\.|From |.{77})")
_LEADING = {b".": b"=2E", b"From ": b"=46rom "}


def one_line_end(text: str) -> str:
    """Return `text` with every CRLF and lone CR as LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def encode_quoted_printable(text: str) -> bytes:
    """Return `text` as quoted-printable lines; where it ends in mid-line, a soft break ends the last."""
    quoted = b2a_qp(one_line_end(text).encode(), istext=True)
    if 0 < len(quoted) < LINE and b"\n" not in quoted and not quoted.startswith(tuple(_LEADING)):
        return quoted + b"=\r\n"  # as most values are, and what the long way comes to
    if quoted and not quoted.endswith(b"\n"):
        quoted += b"=\n"
    if _UNFIT.search(quoted):
        quoted = b"".join(_mended(line) for line in quoted.splitlines(keepends=True))
    return quoted.replace(b"\n", b"\r\n")


def one_line(plain: str) -> bytes:
    """Return what `encode_quoted_printable` does of a plain value: see `mailer.message.filling.escape`."""
    return plain.encode("ascii") + b"=\r\n"


def _mended(line: bytes) -> bytes:
    """Return a quoted `line` (with its LF) as one or more that are fit for the wire."""
    for start, quoted in _LEADING.items():
        if line.startswith(start):
            line = quoted + line[len(start) :]
    if len(line) <= LINE + 1:
        return line
    cut = LINE - 1
    escape = line.rfind(b"=", cut - 2, cut)  # an octet's three characters stay together
    cut = escape if escape > 0 else cut
    return line[:cut] + b"=\n" + _mended(line[cut:])


def decode_quoted_printable(wire: bytes) -> str:
    """Return the text in `wire`, its line ends as LF."""
    return a2b_qp(wire).decode().replace("\r\n", "\n")


def utf8_lines(text: str) -> bytes:
    """Return `text` in UTF-8, its line ends as CRLF."""
    return one_line_end(text).replace("\n", "\r\n").encode()


def base64_lines(octets: bytes) -> bytes:
    """Return `octets` in base64 lines of 76."""
    encoded = b2a_base64(octets, newline=False)
    whole = len(encoded) // LINE * LINE
    lines = [*chain.from_iterable(iter_unpack(f"{LINE}s", encoded[:whole])), encoded[whole:]]
    return HARD_BREAK.join([*lines, b""] if lines[-1] else lines)


def is_smaller_in_base64(text: str) -> bool:
    """Whether base64 makes fewer octets of `text` than quoted-printable does."""
    return len(base64_lines(utf8_lines(text))) < len(encode_quoted_printable(text))
