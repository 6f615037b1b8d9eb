"""HTTP over a connection to a checked address; a request that reads nothing but the head of an answer."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException, parse_headers
from io import BytesIO
from urllib.parse import SplitResult, quote

from mailer import __version__
from mailer.online.public import Network, is_within, may_try

HEAD_OCTETS = 65_536
_AGENT = f"mailer/{__version__} (looks whether links are alive)"


class Unreachable(Exception):
    """The server can't be asked; the message says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The status of an answer, and where it sends us, if anywhere."""

    status: int
    location: str | None


async def ask(method: str, url: SplitResult, allowed: Sequence[Network], context: ssl.SSLContext) -> Answer:
    """Send a request without a body and return the head of its answer.

    Raises Unreachable, OSError, ValueError for an answer that is no HTTP.
    """
    async with connected(url, lambda address: may_try(address, allowed), context) as (reader, writer):
        writer.write(_request(method, url))
        await writer.drain()
        return _read(await reader.readuntil(b"\r\n\r\n"))


@asynccontextmanager
async def connected(
    url: SplitResult, permitted: Callable[[str], bool], context: ssl.SSLContext
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Yield a connection to the server of `url`; Unreachable if one of its addresses is not `permitted`.

    The name is resolved once and the connection goes to that very address, so that it can't turn into a
    private one in between.
    """
    host, port = url.hostname or "", url.port or default_port(url)
    tls = url.scheme.lower() == "https"
    reader, writer = await asyncio.open_connection(
        await _resolve(host, port, permitted),
        port,
        limit=HEAD_OCTETS,
        ssl=context if tls else None,
        server_hostname=host if tls else None,
    )
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


def permission(url: SplitResult, allowed: Sequence[Network]) -> Callable[[str], bool]:
    """Return which addresses may be connected to for `url`, which somebody else named, or a setting.

    It has to be https, but within networks that are `allowed`. Unreachable for what is no address of the web.
    """
    if url.scheme.lower() not in ("http", "https") or not url.hostname:
        raise Unreachable(f"{url.scheme or 'nothing'}: is no address of the web")
    if url.scheme.lower() == "https":
        return lambda address: may_try(address, allowed)

    def own(address: str) -> bool:
        if not is_within(address, allowed):
            raise Unreachable("it is http, where anybody may have changed it; it has to be https")
        return True

    return own


def default_port(url: SplitResult) -> int:
    """Return the port that `url` means where it names none."""
    return 443 if url.scheme.lower() == "https" else 80


async def _resolve(host: str, port: int, permitted: Callable[[str], bool]) -> str:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError):
        raise Unreachable("there is no such host") from None
    fit = [str(entry[4][0]) for entry in found if permitted(str(entry[4][0]))]
    if len(fit) < len(found):
        raise Unreachable("it leads into a private network, where it was not tried")
    return fit[0]


def place(url: SplitResult) -> tuple[str, str]:
    """Return what a request for `url` says of it: the target, and the field Host."""
    host, port = url.hostname or "", url.port or default_port(url)
    name = host.encode("idna").decode("ascii") if not host.isascii() else host
    name = f"[{name}]" if ":" in name else name
    target = quote(url.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = quote(url.query, safe="/%:@!$&'()*+,;=~-._?[]")
    return f"{target}{'?' if query else ''}{query}", name if port == default_port(url) else f"{name}:{port}"


def _request(method: str, url: SplitResult) -> bytes:
    target, host = place(url)
    lines = [
        f"{method} {target} HTTP/1.1",
        f"Host: {host}",
        f"User-Agent: {_AGENT}",
        "Accept: */*",
        "Connection: close",
    ]
    return "\r\n".join([*lines, "", ""]).encode("ascii")


def _read(head: bytes) -> Answer:
    first, _, fields = head.partition(b"\r\n")
    version, _, rest = first.partition(b" ")
    if not version.startswith(b"HTTP/") or not rest[:3].isdigit():
        raise ValueError("the answer is no HTTP")
    try:
        return Answer(int(rest[:3]), parse_headers(BytesIO(fields)).get("Location"))
    except HTTPException:  # more fields than anybody sends who means well
        raise Unreachable("its answer can't be read") from None


def said(status: int) -> str:
    """Return what a status of HTTP says, in words."""
    try:
        return f"the server says {status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"the server says {status}"
