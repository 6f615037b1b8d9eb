"""What programs may ask, said for programs: the OpenAPI document of the endpoints that speak JSON."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from mailer import __version__
from mailer.web.api import SUBSCRIBE

DESCRIPTION = "/api/openapi.json"
TEXT, TEXTS = {"type": "string"}, {"type": "array", "items": {"type": "string"}}
ERROR: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": TEXT,
        "fields": {"type": "object", "additionalProperties": TEXT, "description": "What is wrong with each."},
        "sum": {"type": "object", "description": "The sum to do, as ALTCHA has it."},
    },
}
ENTRY: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["email"],
    "properties": {
        "email": TEXT,
        "lists": {**TEXTS, "description": "Names of public lists; may be left out where there is one."},
        "fields": {
            "type": "object",
            "additionalProperties": {"anyOf": [TEXT, {"type": "boolean"}]},
            "description": "Answers to the questions of the form; true where something is agreed to.",
        },
        "language": {**TEXT, "description": "In which they read, as a tag of BCP 47."},
        "ref": {**TEXT, "description": "Where they come from, to be kept with their consent."},
        "proof": {**TEXT, "description": "The sum that was asked for, done."},
    },
}
REFUSED = {
    400: "The body is not what is asked for.",
    403: "A sum is to be done first, and sent as `proof`.",
    404: "There is no list to sign up for.",
    415: "The body is not application/json.",
    422: "An address, a list or an answer can't be taken.",
    429: "Too many sign-ups came from there, or in all.",
}


class DescriptionPages:
    """The endpoint; `root` is BASE_URL."""

    def __init__(self, root: str) -> None:
        self._document = document(root)

    def routes(self) -> list[BaseRoute]:
        """Return what is answered where."""
        return [Route(DESCRIPTION, self.show)]

    async def show(self, request: Request) -> Response:  # noqa: ARG002
        """GET and HEAD, from any page."""
        open_to_all = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
        return JSONResponse(self._document, headers=open_to_all)


def document(root: str) -> dict[str, Any]:
    """Return the document (OpenAPI 3.1) of the endpoints at `root`."""
    taken = {
        "type": "object",
        "required": ["status"],
        "properties": {"status": {"const": "taken"}},
    }
    sign_up = {
        "operationId": "subscribe",
        "summary": "Sign somebody up",
        "description": "Whoever has the mailbox is written to, and confirms it. The answer is the same "
        "whoever has the address.",
        "requestBody": {"required": True, "content": _json(ENTRY)},
        "responses": {
            "202": {"description": "It is taken.", "content": _json(taken)},
            **{str(code): {"description": why, "content": _json(ERROR)} for code, why in REFUSED.items()},
        },
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "mailer", "version": __version__},
        "servers": [{"url": root}],
        "paths": {SUBSCRIBE: {"post": sign_up}},
    }


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
