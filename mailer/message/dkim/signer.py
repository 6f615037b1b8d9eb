"""DKIM signatures (RFC 6376, 8301, 8463): relaxed/relaxed, the whole body, every field that matters."""

from __future__ import annotations

import re
from base64 import b64encode
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Generic, TypeVar

from mailer.errors import SettingsError
from mailer.message.dkim.key import SigningKey

# Named once more than they stand in the header, so that one added later breaks the signature: a reader
# shows whichever it likes (RFC 6376 5.4.2 and 8.15).
OVERSIGNED = (
    "From",
    "Reply-To",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "List-Post",
)
# A relay may add one of its own; Gmail heeds a Feedback-ID only if it is signed.
SIGNED = ("Precedence", "Feedback-ID")
FIELDS = OVERSIGNED + SIGNED

FOLD = 76
Made = TypeVar("Made")


class Signer:
    """Signs messages for one domain (an A-label), with each of its keys.

    `fields` are the header fields to cover; `warnings` say what is amiss with the keys. A signer remembers
    what it made of the message before: most pieces of the next one are the same objects.
    """

    def __init__(
        self,
        domain: str,
        keys: Sequence[SigningKey],
        fields: Sequence[str] = FIELDS,
        warnings: Sequence[str] = (),
    ) -> None:
        self.domain = domain
        self.keys = tuple(keys)
        self.warnings = tuple(warnings)
        self._fields = tuple(fields)
        self._header = Recollection(relaxed_fields)
        self._body = Recollection(relaxed_lines)

    def signatures(self, header: Sequence[bytes], body: Sequence[bytes], moment: int) -> bytes:
        """Return a DKIM-Signature field for each key, to put in front of the header.

        `header` and `body` are pieces of a message, whole lines with CRLF; `moment` is in Unix seconds.
        """
        names, lines = self._covered(header)
        body_hash = sha256(relaxed_body(self._body.each(body))).digest()
        tags = f"t={moment}; bh={b64encode(body_hash).decode()};\r\n h={_folded(names)};\r\n b="
        return b"".join(self._signature(key, tags, lines) for key in self.keys)

    def require_alignment(self, author_domain: str) -> None:
        """Raise SettingsError if DMARC would not count our signature for mail from `author_domain`."""
        if not is_aligned(self.domain, author_domain):
            raise SettingsError(
                f"DKIM_DOMAIN = {self.domain} doesn't belong to mail from {author_domain}: "
                "receivers would not count the signature (DMARC)",
                next_step=f"Set DKIM_DOMAIN to {author_domain}, or send from an address at {self.domain}.",
            )

    def _covered(self, header: Sequence[bytes]) -> tuple[tuple[str, ...], bytes]:
        """Return the `h=` names, and the relaxed lines they stand for."""
        found: defaultdict[bytes, list[bytes]] = defaultdict(list)
        for fields in self._header.each(header):
            for name, line in fields:
                found[name].append(line)
        names: list[str] = []
        lines: list[bytes] = []
        for field in self._fields:
            of_this_name = found.get(_lower(field), ())
            names += [field] * (len(of_this_name) + (field in OVERSIGNED))
            lines += reversed(of_this_name)  # the last is the first signed (RFC 6376 5.4.2)
        return tuple(names), b"\r\n".join([*lines, b""])

    def _signature(self, key: SigningKey, tags: str, lines: bytes) -> bytes:
        field = (
            f"DKIM-Signature: v=1; a={key.algorithm}; c=relaxed/relaxed;\r\n"
            f" d={self.domain}; s={key.selector};\r\n {tags}"
        ).encode("ascii")
        # The field signs itself too, as it is before the signature is put in (RFC 6376 3.7).
        ((_, relaxed),) = relaxed_fields(field)
        signature = b64encode(key.sign(lines + relaxed))
        return field + b"\r\n ".join(_cut(signature, FOLD - len(" b="))) + b"\r\n"


class Recollection(Generic[Made]):
    """A function of octets that remembers its results for one message, until the next."""

    def __init__(self, make: Callable[[bytes], Made]) -> None:
        self._make = make
        self._last: dict[bytes, Made] = {}

    def each(self, pieces: Sequence[bytes]) -> list[Made]:
        """Return the result for each of `pieces`."""
        last, make = self._last, self._make
        made = {piece: last[piece] if piece in last else make(piece) for piece in pieces}
        self._last = made
        return [made[piece] for piece in pieces]


def is_aligned(signing_domain: str, author_domain: str) -> bool:
    """Whether both are one domain, or one is below the other (RFC 7489 3.1.1, relaxed mode).

    Which domains are open to registration is not looked up: nobody has a key at one of those.
    """
    one, other = sorted((signing_domain, author_domain), key=len)
    return one == other or ("." in one and other.endswith(f".{one}"))


@lru_cache(maxsize=64)
def _lower(field: str) -> bytes:
    return field.lower().encode("ascii")


@lru_cache(maxsize=16)
def _folded(names: tuple[str, ...]) -> str:
    """Return names with colons between, folded after some."""
    lines = [names[0]]
    for name in names[1:]:
        if len(lines[-1]) + len(name) + len(" h=:;") > FOLD:
            lines.append(name)
        else:
            lines[-1] += f":{name}"
    return ":\r\n ".join(lines)


def _cut(octets: bytes, length: int) -> Iterator[bytes]:
    return (octets[start : start + length] for start in range(0, len(octets), length))


# The relaxed forms of header and body (RFC 6376 3.4.2 and 3.4.4). They take octets that are whole lines,
# ended by CRLF, so a message may come in pieces.
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
