"""One HTTP request that reads nothing but the head of the answer, over a connection to a checked address."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPException, parse_headers
from io import BytesIO
from urllib.parse import SplitResult, quote

from mailer import __version__
from mailer.online.public import Network, may_try

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

    The name is resolved once and the connection goes to that very address, so that it can't turn into a
    private one in between. Raises Unreachable, OSError, ValueError for an answer that is no HTTP.
    """
    host = url.hostname or ""
    tls = url.scheme.lower() == "https"
    port = url.port or (443 if tls else 80)
    address = await _resolve(host, port, allowed)
    reader, writer = await asyncio.open_connection(
        address,
        port,
        limit=HEAD_OCTETS,
        ssl=context if tls else None,
        server_hostname=host if tls else None,
    )
    try:
        writer.write(_request(method, url, host, port, default=port == (443 if tls else 80)))
        await writer.drain()
        return _read(await reader.readuntil(b"\r\n\r\n"))
    finally:
        writer.transport.abort()


async def _resolve(host: str, port: int, allowed: Sequence[Network]) -> str:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError):
        raise Unreachable("there is no such host") from None
    public = [str(entry[4][0]) for entry in found if may_try(str(entry[4][0]), allowed)]
    if len(public) < len(found):
        raise Unreachable("it leads into a private network, where it was not tried")
    return public[0]


def _request(method: str, url: SplitResult, host: str, port: int, *, default: bool) -> bytes:
    name = host.encode("idna").decode("ascii") if not host.isascii() else host
    name = f"[{name}]" if ":" in name else name
    target = quote(url.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = quote(url.query, safe="/%:@!$&'()*+,;=~-._?[]")
    lines = [
        f"{method} {target}{'?' if query else ''}{query} HTTP/1.1",
        f"Host: {name}" if default else f"Host: {name}:{port}",
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
