"""What a machine asks that looks after this one: whether there is anybody, and whether they can answer."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

HEALTH = "/healthz"
READY = "/readyz"
HEALTH_PATHS = (HEALTH, READY)


class HealthPages:
    """The endpoints that need no secret and tell none; `require_database` raises where there is none."""

    def __init__(self, require_database: Callable[[], None]) -> None:
        self._require_database = require_database

    def routes(self) -> list[BaseRoute]:
        """Return what is answered where."""
        return [Route(HEALTH, self.alive), Route(READY, self.ready)]

    async def alive(self, request: Request) -> Response:  # noqa: ARG002
        """Whether this process answers at all."""
        return PlainTextResponse("ok\n")

    def ready(self, request: Request) -> Response:  # noqa: ARG002
        """Whether links can be answered, the database being there."""
        self._require_database()
        return PlainTextResponse("ok\n")
