"""What machines ask of `mailer run`: whether it lives, whether it can do its work, and its numbers."""

from __future__ import annotations

import os
import signal
import socket
from threading import Thread
from time import monotonic
from typing import TYPE_CHECKING, BinaryIO

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from mailer.services.measures import measures
from mailer.services.run_state import RunState
from mailer.web.health import HEALTH, READY
from mailer.web.server import http_server

if TYPE_CHECKING:
    from mailer.bootstrap import App

METRICS = "/metrics"


def tell_of_run(app: App, listener: socket.socket, words: BinaryIO, every: float) -> None:
    """Answer what comes to `listener` by what the parent says in `words`, until they end: it is gone then."""
    state = RunState(every, monotonic())

    def listen() -> None:
        for line in words:
            state.hear(line)
        os.kill(os.getpid(), signal.SIGTERM)

    server = http_server(run_pages(state, measures(app, state, os.getppid())))
    Thread(target=listen, daemon=True).start()
    server.run(sockets=[listener])


def run_pages(state: RunState, registry: CollectorRegistry) -> Starlette:
    """Return the pages: 200 where all is well, 503 with the reason where it isn't, and the numbers."""

    async def lives(request: Request) -> Response:  # noqa: ARG001
        return _answer(state.trouble(monotonic()))

    async def works(request: Request) -> Response:  # noqa: ARG001
        return _answer(state.unfit(monotonic()))

    def numbers(request: Request) -> Response:
        encode, kind = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(registry), media_type=kind)

    return Starlette(routes=[Route(HEALTH, lives), Route(READY, works), Route(METRICS, numbers)])


def _answer(trouble: str) -> Response:
    return PlainTextResponse(f"{trouble or 'ok'}\n", 503 if trouble else 200)
