"""Many addresses tried side by side, each with a time limit: which of them lead nowhere, and why."""

from __future__ import annotations

import asyncio
import ssl
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urldefrag, urljoin, urlsplit

from mailer.online.public import Network
from mailer.online.request import Answer, Unreachable, ask, said

AT_ONCE = 16
AT_ONCE_A_HOST = 2
SECONDS = 10.0  # for one address with all its redirects
REDIRECTS = 5
# Servers that want to know who asks, or a person with a browser: the page may well be there.
NOT_TELLING = frozenset({401, 403, 407, 429, 451, 999})


def probe(
    addresses: Iterable[str],
    *,
    allowed: Sequence[Network] = (),
    context: ssl.SSLContext | None = None,
    seconds: float = SECONDS,
) -> dict[str, str]:
    """Return those of `addresses` (http or https) that lead nowhere, with the reason.

    Private networks are not entered but for those `allowed`, whatever a name or a redirect says. `context`
    says whose certificates are trusted; the system's unless given.
    """
    prober = _Prober(allowed, context or ssl.create_default_context(), seconds)
    return asyncio.run(prober.all(sorted(set(addresses))))


@dataclass
class _Prober:
    allowed: Sequence[Network]
    context: ssl.SSLContext
    seconds: float
    _room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    _rooms: defaultdict[str, asyncio.Semaphore] = field(
        default_factory=lambda: defaultdict(lambda: asyncio.Semaphore(AT_ONCE_A_HOST))
    )

    async def all(self, addresses: Sequence[str]) -> dict[str, str]:
        reasons = await asyncio.gather(*map(self._one, addresses))
        return {address: reason for address, reason in zip(addresses, reasons, strict=True) if reason}

    async def _one(self, address: str) -> str | None:
        """Return why an address leads nowhere; None if it leads somewhere."""
        try:
            host = urlsplit(address).hostname or ""
            async with self._rooms[host], self._room, asyncio.timeout(self.seconds):
                return await self._reason(address)
        except Unreachable as error:
            return str(error)
        except TimeoutError:
            return f"no answer in {self.seconds:g} s"
        except ssl.SSLError as error:
            return f"its certificate is not trusted ({error.reason or error})"
        except (OSError, EOFError, asyncio.LimitOverrunError):
            return "there is no answer"
        except ValueError as error:
            return f"it can't be tried: {error}"

    async def _reason(self, address: str) -> str | None:
        # HEAD is the polite question; a server that has no answer to it may have one to GET.
        for method in ("HEAD", "GET"):
            answer = await self._follow(method, address)
            if answer.status < HTTPStatus.BAD_REQUEST or answer.status in NOT_TELLING:
                return None
        return said(answer.status)

    async def _follow(self, method: str, address: str) -> Answer:
        for _ in range(REDIRECTS + 1):
            url = urlsplit(urldefrag(address).url)
            if url.scheme.lower() not in ("http", "https"):
                raise Unreachable(f"it is redirected to {url.scheme or 'nothing'}:, which is no web page")
            answer = await ask(method, url, self.allowed, self.context)
            if not (300 <= answer.status < 400 and answer.location):
                return answer
            address = urljoin(address, answer.location)
        raise Unreachable(f"it is redirected more than {REDIRECTS} times")
