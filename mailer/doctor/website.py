"""A visit to BASE_URL: whether the links in mails lead to a `mailer serve` that knows our key."""

from __future__ import annotations

import asyncio
import http.client
import ssl
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from os import strerror
from urllib.parse import urlsplit

from mailer.doctor.certificate import Certificate
from mailer.domain.signed_links import LinkToken, Purpose, link_url, sign_token

LIMIT = 5.0  # seconds a request
MOST_OCTETS = 1 << 16
NOBODY = LinkToken(0, 0, 0)  # a link that leads to no subscriber
ONE_CLICK = b"List-Unsubscribe=One-Click"  # RFC 8058 3.1
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True)
class WebsiteAnswer:
    """What a web server said; `headers` have names in lower case, `ahead` is our clock before its own."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    certificate: Certificate | None = None
    ahead: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """There was no answer; `distrusted` if that was because its certificate doesn't verify."""

    words: str
    distrusted: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """The answers at a BASE_URL: its health, a link to nobody, one-click with a token that is nobody's.

    The later ones are None where the first had no answer.
    """

    health: WebsiteAnswer | Failure
    link: WebsiteAnswer | Failure | None = None
    one_click: WebsiteAnswer | Failure | None = None


async def visit(base_url: str, key: bytes) -> Site:
    """Ask three times, changing nothing: `key` signs a link that leads to nobody."""
    health = await _ask("GET", f"{base_url}/readyz")
    if isinstance(health, Failure):
        return Site(health)
    link, one_click = await asyncio.gather(
        _ask("GET", link_url(base_url, Purpose.UNSUBSCRIBE, sign_token(key, NOBODY))),
        _ask("POST", link_url(base_url, Purpose.UNSUBSCRIBE, "doctor"), ONE_CLICK),
    )
    return Site(health, link, one_click)


async def _ask(method: str, url: str, body: bytes | None = None) -> WebsiteAnswer | Failure:
    return await asyncio.to_thread(_request, method, url, body)


def _request(method: str, url: str, body: bytes | None) -> WebsiteAnswer | Failure:
    try:
        # http.client follows no redirect, and one-click must work without (RFC 8058 3.2).
        with closing(_connection(url)) as connection:
            connection.connect()
            stream = connection.sock
            certificate = Certificate.of(stream) if isinstance(stream, ssl.SSLSocket) else None
            connection.request(method, urlsplit(url).path, body, FORM if body else {})
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return WebsiteAnswer(
                answer.status, headers, answer.read(MOST_OCTETS), certificate, _ahead(headers)
            )
    except ssl.SSLCertVerificationError as error:
        return Failure(f"the certificate doesn't verify: {error.verify_message}", distrusted=True)
    except ssl.SSLError as error:
        return Failure(f"no TLS: {error.reason or error}")
    except TimeoutError:
        return Failure(f"no answer within {LIMIT:g} s")
    except OSError as error:
        known = error.errno and error.errno > 0
        return Failure(
            strerror(error.errno).lower() if known and error.errno else error.strerror or str(error)
        )
    except (http.client.HTTPException, ValueError) as error:
        return Failure(f"what answers is no web server: {type(error).__name__}")


def _connection(url: str) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, parts.port, timeout=LIMIT, context=context)
    return http.client.HTTPConnection(host, parts.port, timeout=LIMIT)


def _ahead(headers: Mapping[str, str]) -> timedelta | None:
    try:
        there = parsedate_to_datetime(headers["date"])
    except (KeyError, ValueError):
        return None
    return datetime.now(UTC) - (there if there.tzinfo else there.replace(tzinfo=UTC))
