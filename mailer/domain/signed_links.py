"""Where a mail's links lead, and what is signed in them: the contract between mail that is out and `serve`.

The token of a delivery's link, one a recipient, send and purpose, is good for that purpose alone: under the
path of another one it is none. It is base64url(three varints: send, subscriber, list; then 16 octets of a
MAC over them), so it names subscriber and list by itself: unsubscribing works even when the send's rows are
gone. It never expires: a person may leave by an old mail. Where it would end in - or _, which programs that
look for links in a text leave out, it has one octet of the MAC more, and then it ends in none.

The MAC of unsubscribing is HMAC-SHA256. Those of the other pages are octets of their own of one keyed
BLAKE2b, since a text that has one of these links mostly has all: to who has no key they are as good as
random, and tell nothing of each other.

The token of an image says which file, and what was in it when the mail was made: base64url(9 octets of the
content's SHA-256; then 12 of HMAC-SHA256 over them and the path). So only files that a mail shows can be
asked for, whatever a path says; a file that was changed since keeps its address in old mails.

The word by which somebody takes back that they left is given out by the page on which they did. It is good
for an hour, for one person, and for what that one press of a button changed; the link in the mail alone
brings nobody back. It reads `1795435200000.0.3-4.` and 32 hexadecimal digits: the moment, whether all mail
was refused, the lists, and HMAC-SHA256 over these and the person.
"""

from __future__ import annotations

import binascii
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import Enum
from hashlib import blake2b, sha256
from html import unescape
from typing import NamedTuple
from urllib.parse import quote, unquote

from mailer.domain.subscriber import Left
from mailer.domain.varints import read_varints, varint


class Purpose(Enum):
    """What a delivery's link is for; the value is the path of the page that it leads to, up to the token."""

    UNSUBSCRIBE = "/u/"
    VIEW = "/view/"
    PREFERENCES = "/p/"


# And whatever mail programs make of the end of a link.
UNSUBSCRIBE, VIEW, PREFERENCES = (f"{each.value}{{token:rest}}" for each in Purpose)
_IMAGES = "/images/"
IMAGES = f"{_IMAGES}{{token}}/{{path:rest}}"


def link_url(base_url: str, purpose: Purpose, token: str) -> str:
    """Return the address of the page for `token`; `base_url` may have a path of its own."""
    return f"{base_url.rstrip('/')}{purpose.value}{token}"


def image_url(base_url: str, token: str, path: str) -> str:
    """Return the address of the image at `path` in the workspace."""
    return f"{base_url.rstrip('/')}{_IMAGES}{token}/{quote(path)}"


MAC_OCTETS = 16
_LONGER = MAC_OCTETS + 1  # of a token that would end in a dash otherwise
SPARE_OCTETS = 32 - _LONGER
SHORTEST, LONGEST = 26, 128  # characters
LINK_PURPOSE = b"mailer/delivery-link/1:"
PAGES_PURPOSE = b"mailer/page-links/1"
PAGE_OCTETS = {Purpose.VIEW: 0, Purpose.PREFERENCES: _LONGER}  # where those of each begin in the hash
DASHES = "-_"
_DASHES = tuple(DASHES)
_URL_SAFE = bytes.maketrans(b"+/", b"-_")  # RFC 4648 5
_BLOCK = 64  # octets of SHA-256
_INNER, _OUTER = (bytes(octet ^ pad for octet in range(256)) for pad in (0x36, 0x5C))  # RFC 2104 2
ENCODINGS = 4  # of one link, at most: each program on its way may add one

_READ = 1024  # characters, of whatever stands in the place of a token
_BEFORE = 100  # characters of a token's kind in front of it, at most
# Breaks that mail programs put into a long link: blanks, soft line breaks, and what has no width.
_BREAKS = re.compile(r"[=\s\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_FOREIGN = re.compile(r"[^A-Za-z0-9_-]+")
_OCTET = re.compile(r"=([0-9A-Fa-f]{2})")  # in quoted-printable, RFC 2045 6.7


class LinkToken(NamedTuple):
    """What a link in a mail says: which send, whom, and the first list that brought them in."""

    send_id: int
    subscriber_id: int
    list_id: int


def sign_token(key: bytes, token: LinkToken, purpose: Purpose = Purpose.UNSUBSCRIBE) -> str:
    """Return the token's text (URL-safe, no padding), signed with `key`."""
    payload = b"".join(map(varint, token))
    return _text(payload, _mac(key, payload, purpose))


class LinkSigner:
    """Signs the links of one send: what is the same in all is made once, for this runs for every message."""

    def __init__(self, key: bytes, send_id: int, list_id: int) -> None:
        # The two hashes of HMAC (RFC 2104 2), begun: to copy both takes a third of what `hmac` takes.
        block = (key if len(key) <= _BLOCK else sha256(key).digest()).ljust(_BLOCK, b"\0")
        self._inner = sha256(block.translate(_INNER) + LINK_PURPOSE)
        self._outer = sha256(block.translate(_OUTER))
        self._pages = blake2b(key=_pages_key(key))
        self._send, self._list = varint(send_id), varint(list_id)

    def payload(self, subscriber_id: int) -> bytes:
        """Return what a person's tokens say, for the methods that sign it."""
        return self._send + varint(subscriber_id) + self._list

    def sign(self, payload: bytes) -> tuple[str, bytes]:
        """Return the token by which to unsubscribe, and the SPARE_OCTETS of its HMAC that stand in no token.

        The spare ones may be published: to who has no key, HMAC-SHA256 is a random function (RFC 2104, NIST
        SP 800-107), and some octets of a random value tell nothing of its others. They are as unique as
        send, subscriber and list are together.
        """
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(payload)
        outer.update(inner.digest())
        digest = outer.digest()
        return _text(payload, digest[:_LONGER]), digest[_LONGER:]

    def sign_pages(self, payload: bytes) -> bytes:
        """Return what `page_token` makes the tokens for the other pages of."""
        mac = self._pages.copy()
        mac.update(payload)
        return mac.digest()


def page_token(payload: bytes, digest: bytes, begin: int) -> str:
    """Return the token for the page of a purpose, of which the octets `begin` there (PAGE_OCTETS)."""
    return _text(payload, digest[begin : begin + _LONGER])


def read_token(key: bytes, text: str, purpose: Purpose = Purpose.UNSUBSCRIBE) -> LinkToken | None:
    """Return the token in `text`; None if `key` did not sign it for this, or it is not in its one form."""
    if not text.isascii() or not SHORTEST <= len(text) <= LONGEST:
        return None
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return None
    # Base64 has spare bits and ignores foreign characters: only the text that we would write is good.
    found = _parsed(raw) if _written(raw) == text else None
    if found is None:
        return None
    token, payload, mac = found
    return token if hmac.compare_digest(mac, _mac(key, payload, purpose)[: len(mac)]) else None


def find_token(key: bytes, text: str, purpose: Purpose = Purpose.UNSUBSCRIBE) -> LinkToken | None:
    """Return the token in what came of a link on its way: with remains about it, encoded, broken apart.

    Mail programs take the full stop behind a link for a part of it, or a bracket, or a quotation mark; they
    break it and quote its second half, encode it once more, put a backslash in, or leave out a dash at its
    end. Whatever `key` signed for this purpose stands for itself.
    """
    return next(filter(None, (read_token(key, each, purpose) for each in _candidates(text))), None)


def _mac(key: bytes, payload: bytes, purpose: Purpose) -> bytes:
    """Return the octets that a token may have."""
    if purpose is Purpose.UNSUBSCRIBE:
        return hmac.digest(key, LINK_PURPOSE + payload, "sha256")[:_LONGER]
    begin = PAGE_OCTETS[purpose]
    return blake2b(payload, key=_pages_key(key)).digest()[begin : begin + _LONGER]


def _pages_key(key: bytes) -> bytes:
    return hmac.digest(key, PAGES_PURPOSE, "sha512")  # as many octets as BLAKE2b takes (RFC 7693 2.9)


def _text(payload: bytes, mac: bytes) -> str:
    text = _written(payload + mac[:MAC_OCTETS])
    return _written(payload + mac) if text.endswith(_DASHES) else text


def _candidates(text: str) -> Iterator[str]:
    yield text  # as it was given out, which it nearly always is
    text = text[:_READ]
    for _ in range(ENCODINGS):
        text = unescape(unquote(text))
    for plain in dict.fromkeys([text, _OCTET.sub(lambda octet: chr(int(octet[1], 16)), text)]):
        unbroken = _BREAKS.sub("", plain)
        for instead in ("", *DASHES):
            yield from _shaped_as_tokens(_FOREIGN.sub(instead, f"{unbroken}."))


def _shaped_as_tokens(text: str) -> Iterator[str]:
    for start in range(min(len(text) - SHORTEST + 1, _BEFORE)):
        numbers = urlsafe_b64decode(text[start : start + LONGEST][: (len(text) - start) // 4 * 4])
        if octets := _payload_octets(numbers):
            for all_octets in (octets + _LONGER, octets + MAC_OCTETS):
                yield text[start : start + (all_octets * 4 + 2) // 3]


def _payload_octets(raw: bytes) -> int:
    """Return how many octets three varints take at the beginning of `raw`, or 0 if there are none."""
    ends = [place for place, octet in enumerate(raw, 1) if octet < 0x80][: len(LinkToken._fields)]
    return ends[-1] if len(ends) == len(LinkToken._fields) else 0


def _parsed(raw: bytes) -> tuple[LinkToken, bytes, bytes] | None:
    """Return token, payload and HMAC in `raw`, or None if it has not the shape of a token."""
    found = read_varints(raw, len(LinkToken._fields))
    if found is None or len(found[1]) not in (MAC_OCTETS, _LONGER):
        return None
    numbers, mac = found
    return LinkToken(*numbers), raw[: -len(mac)], mac


def _written(raw: bytes) -> str:
    return binascii.b2a_base64(raw, newline=False).translate(_URL_SAFE, b"=").decode("ascii")


IMAGE_PURPOSE = b"mailer/image/1:"
DIGEST_OCTETS = 9
IMAGE_MAC_OCTETS = 12
IMAGE_TOKEN_LENGTH = (DIGEST_OCTETS + IMAGE_MAC_OCTETS) // 3 * 4


def sign_image(key: bytes, digest: bytes, path: str) -> str:
    """Return the token (28 URL-safe characters) of the file at `path`; `digest` is its content's SHA-256."""
    digest = digest[:DIGEST_OCTETS]
    mac = hmac.digest(key, IMAGE_PURPOSE + digest + path.encode(), "sha256")[:IMAGE_MAC_OCTETS]
    return urlsafe_b64encode(digest + mac).decode("ascii")


def read_image_token(key: bytes, token: str, path: str) -> bytes | None:
    """Return the beginning of the content's digest; None if `key` did not sign this `token` for `path`."""
    if not token.isascii() or len(token) != IMAGE_TOKEN_LENGTH:
        return None
    try:
        digest = urlsafe_b64decode(token)[:DIGEST_OCTETS]
        good = hmac.compare_digest(sign_image(key, digest, path), token)
    except ValueError:  # no base64, or a path with lone surrogates
        return None
    return digest if good else None


UNDO_PURPOSE = b"mailer/undo/1:"
UNDO_GOOD_FOR = timedelta(hours=1)
UNDO_MAC_DIGITS = 32
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def sign_undo(key: bytes, subscriber_id: int, left: Left) -> str:
    """Return the word that takes back what this person left."""
    moment = (left.at - EPOCH) // MILLISECOND  # cut off, as where it is kept
    text = f"{moment}.{left.everywhere:d}.{'-'.join(map(str, left.lists))}"
    return f"{text}.{_undo_mac(key, subscriber_id, text)}"


def read_undo(key: bytes, subscriber_id: int, word: str, now: datetime) -> Left | None:
    """Return what may be taken back; None if `key` did not sign it for this person, or too long ago."""
    text, _, mac = word.rpartition(".")
    if not (word.isascii() and hmac.compare_digest(_undo_mac(key, subscriber_id, text), mac)):
        return None
    moment, everywhere, lists = text.split(".")
    at = EPOCH + int(moment) * MILLISECOND
    if now - at > UNDO_GOOD_FOR:
        return None
    return Left(at, tuple(map(int, filter(None, lists.split("-")))), everywhere == "1")


def _undo_mac(key: bytes, subscriber_id: int, text: str) -> str:
    return hmac.digest(key, UNDO_PURPOSE + f"{subscriber_id}:{text}".encode(), "sha256").hex()[
        :UNDO_MAC_DIGITS
    ]
