"""What a machine asks that looks after this one: whether there is anybody, and whether they can answer."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from mailer.services.unsubscribe_link import UnsubscribeLinks

HEALTH = "/healthz"
READY = "/readyz"


class HealthPages:
    """The endpoints that need no secret and tell none."""

    def __init__(self, links: UnsubscribeLinks) -> None:
        self._require_database: Callable[[], None] = links.require_database

    def routes(self) -> list[BaseRoute]:
        """Return what is answered where."""
        return [Route(HEALTH, self.ready)]

    def ready(self, request: Request) -> Response:  # noqa: ARG002
        """Whether links can be answered, the database being there."""
        self._require_database()
        return PlainTextResponse("ok\n")
