"""What stands at an address of the web that somebody else named: guarded, bounded, and only if it is new."""

from __future__ import annotations

import asyncio
import ssl
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import SplitResult, urldefrag, urljoin, urlsplit

import h11

from mailer import __version__
from mailer.online.public import Network
from mailer.online.request import HEAD_OCTETS, Unreachable, connected, permission, place, said

SECONDS = 20.0  # for one document with all its redirects
REDIRECTS = 5
AT_ONCE = 8
MOST_SAID = 1_000  # characters of an ETag
_PERMANENT = frozenset({HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.PERMANENT_REDIRECT})
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Wanted:
    """An address, and what its server said of the document that was read last: ETag and Last-Modified."""

    address: str
    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """What was found; `octets` is None where it is what it was.

    `address` is where it was, `moved_to` where the server says that it is from now on, "" if nowhere else.
    """

    address: str
    moved_to: str
    octets: bytes | None
    content_type: str
    etag: str
    last_modified: str


@dataclass(frozen=True, slots=True)
class Failed:
    """It can't be had: the words say why."""

    words: str


def read_documents(
    wanted: Sequence[Wanted],
    most: int,
    *,
    allowed: Sequence[Network] = (),
    context: ssl.SSLContext | None = None,
    seconds: float = SECONDS,
) -> list[Document | Failed]:
    """Return what stands at each address, side by side, of at most `most` octets.

    It has to be https, but for the networks that are `allowed`, which alone of all private ones are entered,
    whatever a name or a redirect says. To be called where there is no event loop.
    """
    reader = _Reader(most, allowed, context or ssl.create_default_context(), seconds)
    return asyncio.run(reader.all(wanted))


@dataclass(frozen=True)
class _Reader:
    most: int
    allowed: Sequence[Network]
    context: ssl.SSLContext
    seconds: float

    async def all(self, wanted: Sequence[Wanted]) -> list[Document | Failed]:
        room = asyncio.Semaphore(AT_ONCE)
        return await asyncio.gather(*(self._one(each, room) for each in wanted))

    async def _one(self, wanted: Wanted, room: asyncio.Semaphore) -> Document | Failed:
        try:
            async with room, asyncio.timeout(self.seconds):
                return await self._follow(wanted)
        except Unreachable as error:
            return Failed(str(error))
        except TimeoutError:
            return Failed(f"no answer in {self.seconds:g} s")
        except ssl.SSLError as error:
            return Failed(f"its certificate is not trusted ({error.reason or error})")
        except (OSError, EOFError):
            return Failed("there is no answer")
        except (ValueError, h11.ProtocolError, zlib.error) as error:
            return Failed(f"its answer can't be read: {error}")

    async def _follow(self, wanted: Wanted) -> Document:
        address, moved_to, still = wanted.address, "", True
        for _ in range(REDIRECTS + 1):
            answer = await self._ask(urlsplit(urldefrag(address).url), wanted)
            if answer.status == HTTPStatus.NOT_MODIFIED:
                return Document(address, moved_to, None, "", wanted.etag, wanted.last_modified)
            if answer.status == HTTPStatus.OK:
                octets = unzipped(answer.body, self.most)
                etag, date = (_sayable(answer.field(name)) for name in ("etag", "last-modified"))
                return Document(address, moved_to, octets, answer.field("content-type"), etag, date)
            if not (300 <= answer.status < 400 and answer.field("location")):
                raise Unreachable(said(answer.status))
            address = urljoin(address, answer.field("location"))
            # A way that leads on for good, up to the first turn that holds for today only.
            still = still and answer.status in _PERMANENT
            moved_to = address if still else moved_to
        raise Unreachable(f"it is redirected more than {REDIRECTS} times")

    async def _ask(self, url: SplitResult, wanted: Wanted) -> _Answer:
        async with connected(url, permission(url, self.allowed), self.context) as (reader, writer):
            connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_OCTETS)
            writer.write(connection.send(_request(url, wanted)) or b"")
            await writer.drain()
            answer = _Answer()
            while not answer.whole:
                event = connection.next_event()
                if event is h11.NEED_DATA:
                    connection.receive_data(await reader.read(HEAD_OCTETS))
                else:
                    answer.take(event, self.most)
            return answer


class _Answer:
    """An answer as it comes in."""

    def __init__(self) -> None:
        self.status = 0
        self.body = b""
        self.whole = False
        self._fields: dict[str, str] = {}

    def field(self, name: str) -> str:
        """Return the value of a field, "" if there is none."""
        return self._fields.get(name, "")

    def take(self, event: object, most: int) -> None:
        """Take in what comes next; Unreachable if it is too much or ends too soon."""
        match event:
            case h11.Response():
                self.status = event.status_code
                self._fields = {name.decode(): value.decode("latin-1") for name, value in event.headers}
                self.whole = self.status != HTTPStatus.OK  # nobody reads what it says beside that
            case h11.Data():
                self.body += event.data
                if len(self.body) > most:
                    raise _too_large(most)
            case h11.EndOfMessage():
                self.whole = True
            case h11.ConnectionClosed() | h11.PAUSED:
                raise Unreachable("its answer ends too soon")


def _request(url: SplitResult, wanted: Wanted) -> h11.Request:
    target, host = place(url)
    fields = [
        ("Host", host),
        ("User-Agent", f"mailer/{__version__} (reads feeds)"),
        (
            "Accept",
            "application/atom+xml, application/rss+xml, application/feed+json, application/xml, */*;q=0.5",
        ),
        ("Accept-Encoding", "gzip"),
        ("Connection", "close"),
    ]
    if wanted.etag:
        fields.append(("If-None-Match", wanted.etag))
    if wanted.last_modified:
        fields.append(("If-Modified-Since", wanted.last_modified))
    return h11.Request(method="GET", target=target, headers=fields)


def _sayable(value: str) -> str:
    """Return what a server may be told again as it said it; "" for what fits no field of a request."""
    return value if value.isascii() and value.isprintable() and len(value) <= MOST_SAID else ""


def unzipped(octets: bytes, most: int) -> bytes:
    """Return what was compressed, by the server or in a file of its own; Unreachable if it is too large."""
    for _ in range(2):
        if not octets.startswith(_GZIP):
            break
        octets = zlib.decompressobj(wbits=31).decompress(octets, most + 1)
    if len(octets) > most:
        raise _too_large(most)
    return octets


def _too_large(most: int) -> Unreachable:
    return Unreachable(f"it is larger than {most / 1_000_000:g} MB")
