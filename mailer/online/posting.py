"""JSON posted to an address that a setting names: guarded as all that is looked up, bounded, no redirects."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import h11

from mailer import __version__
from mailer.online.public import Network
from mailer.online.request import HEAD_OCTETS, Unreachable, connected, permission, place, said

SECONDS = 10.0  # for one request, its answer's head included


@dataclass(frozen=True, slots=True)
class Posting:
    """What goes where."""

    address: str
    fields: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Posted:
    """What came of it, in words; `status` is None where there was no answer."""

    status: int | None
    words: str

    @property
    def taken(self) -> bool:
        """Whether the server has it (2xx)."""
        return self.status is not None and 200 <= self.status < 300


def post_all(
    postings: Sequence[Posting],
    allowed: Sequence[Network] = (),
    *,
    context: ssl.SSLContext | None = None,
    seconds: float = SECONDS,
) -> list[Posted]:
    """Post them side by side, within `seconds` in all, and return what came of each.

    It has to be https, but for the networks that are `allowed`, which alone of all private ones are entered.
    To be called where there is no event loop.
    """
    trust = context or ssl.create_default_context()

    async def everything() -> list[Posted]:
        return await asyncio.gather(*(_one(each, allowed, trust, seconds) for each in postings))

    return asyncio.run(everything())


async def _one(
    posting: Posting, allowed: Sequence[Network], context: ssl.SSLContext, seconds: float
) -> Posted:
    try:
        async with asyncio.timeout(seconds):
            status = await _post(posting, allowed, context)
    except TimeoutError:
        return Posted(None, f"no answer in {seconds:g} s")
    except Unreachable as error:
        return Posted(None, str(error))
    except ssl.SSLError as error:
        return Posted(None, f"its certificate is not trusted ({error.reason or error})")
    except (OSError, EOFError):
        return Posted(None, "there is no answer")
    except (ValueError, h11.ProtocolError) as error:
        return Posted(None, f"its answer can't be read: {error}")
    leads_on = ", and redirects are not followed" if 300 <= status < 400 else ""
    return Posted(status, f"{said(status)}{leads_on}")


async def _post(posting: Posting, allowed: Sequence[Network], context: ssl.SSLContext) -> int:
    url = urlsplit(posting.address)
    target, host = place(url)
    fields = {
        "Host": host,
        "User-Agent": f"mailer/{__version__} (tells what happened)",
        "Content-Type": "application/json",
        "Content-Length": str(len(posting.body)),
        "Connection": "close",
    }
    async with connected(url, permission(url, allowed), context) as (reader, writer):
        connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_OCTETS)
        request = h11.Request(
            method="POST", target=target, headers=[*(fields | dict(posting.fields)).items()]
        )
        body = h11.Data(data=posting.body)
        writer.write(b"".join(connection.send(each) or b"" for each in (request, body, h11.EndOfMessage())))
        await writer.drain()
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Response):  # what it says beside its status nobody reads
                return event.status_code
            if event is h11.NEED_DATA:
                connection.receive_data(await reader.read(HEAD_OCTETS))
            elif isinstance(event, h11.ConnectionClosed) or event is h11.PAUSED:
                raise Unreachable("its answer ends too soon")
