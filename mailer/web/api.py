"""Signing up by a program: `POST /api/subscribe` takes JSON, and says what is wrong with which field."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from mailer.bootstrap import App
from mailer.domain.consent import SourceKind
from mailer.domain.form import Wrong
from mailer.domain.signup_bounds import SignupRefusal
from mailer.services.signup import Submission, desk, sign_up, sum_to_do
from mailer.web.hosts import OpenRoute
from mailer.web.joining import MOST_OCTETS, promise
from mailer.web.pages import Pages, first_octets

SUBSCRIBE = "/api/subscribe"
KNOWN = {"email": str, "lists": list, "fields": dict, "language": str, "ref": str, "proof": str}
PREFLIGHT = {
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "content-type",
    "Access-Control-Max-Age": "86400",
}


class UnfitBody(ValueError):
    """A body that isn't what is asked for; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class SignupEndpoint:
    """The endpoint; pages of the sites in SIGNUP_ORIGINS may read its answers (Fetch, CORS)."""

    app: App
    pages: Pages
    ring: Callable[[], None]

    def routes(self) -> list[BaseRoute]:
        """Return what is answered where."""
        return [OpenRoute(SUBSCRIBE, self.answer, methods=["POST", "OPTIONS"])]

    async def answer(self, request: Request) -> Response:
        """OPTIONS, which a browser asks first, and POST."""
        if request.method == "OPTIONS":
            answer = Response(status_code=204, headers={"Allow": "POST, OPTIONS"} | PREFLIGHT)
        elif not request.headers.get("content-type", "").startswith("application/json"):
            answer = _refused(415, "send application/json")
        elif (body := await first_octets(request, MOST_OCTETS)) is None:
            return Response(status_code=400)
        else:
            answer = await run_in_threadpool(self.take, request, body)
        answer.headers.update(self._allowed(request))
        return answer

    def take(self, request: Request, body: bytes) -> Response:
        """Keep what was sent: 202 whoever has the address; 400 or 422 with what is wrong."""
        try:
            said = _read(body)
        except UnfitBody as unfit:
            return _refused(400, str(unfit))
        found = desk(self.app)
        words = self.pages.words_for(request, [said.get("language", "")])
        if found is None:
            return _refused(404, "there is no list to sign up for")
        lists = said.get("lists") or ([found.lists[0].name] if len(found.lists) == 1 else [])
        if unknown := [each for each in lists if each not in {known.name for known in found.lists}]:
            return _refused(422, f"there is no list {unknown[0]!r} to sign up for", {"lists": Wrong.LISTS})
        if len(lists) == 1:
            found = desk(self.app, lists[0]) or found
        entry = Submission(
            said.get("email", ""),
            lists,
            {name: _typed(value) for name, value in said.get("fields", {}).items()},
            words.language,
            promise(words, found),
            SourceKind.API,
            request.client.host if request.client else "",
            request.headers.get("user-agent", ""),
            said.get("ref", ""),
            proof=said.get("proof", ""),
        )
        done = sign_up(self.app, found, entry)
        if done is SignupRefusal.TOO_MANY:
            return _refused(429, "too many sign-ups came from here, or in all; try again tomorrow")
        if done is SignupRefusal.UNPROVED:
            asked = {"error": "do this sum, and send it as proof", "sum": json.loads(sum_to_do(self.app))}
            return JSONResponse(asked, 403)
        if done and not isinstance(done, SignupRefusal):
            wrong = done
            told = {name: words.plain(f"wrong_{each}") for name, each in wrong.items()}
            return JSONResponse({"error": "not taken", "fields": told}, 422)
        self.ring()
        return JSONResponse({"status": "taken"}, 202)

    def _allowed(self, request: Request) -> dict[str, str]:
        origin, allowed = request.headers.get("origin", ""), self.app.settings.signup_origins.split()
        if "*" in allowed:
            return {"Access-Control-Allow-Origin": "*"}
        if origin and origin in allowed:
            return {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}
        return {"Vary": "Origin"}


def _read(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise UnfitBody("this is no JSON") from None
    if not isinstance(said, dict):
        raise UnfitBody('send an object, such as {"email": "ada@inbox.example", "lists": ["weekly"]}')
    for name, value in said.items():
        if name not in KNOWN:
            raise UnfitBody(f"{name!r} is nothing that is taken; these are: {', '.join(KNOWN)}")
        if not isinstance(value, KNOWN[name]):
            raise UnfitBody(f"{name!r} is not of the type that it should be ({KNOWN[name].__name__})")
    if not all(isinstance(each, str) for each in said.get("lists", [])):
        raise UnfitBody("'lists' are names of lists")
    if not all(isinstance(each, str | bool) for each in said.get("fields", {}).values()):
        raise UnfitBody("'fields' are texts by name, or true where something is agreed to")
    return said


def _typed(value: str | bool) -> str:
    return ("yes" if value else "") if isinstance(value, bool) else value


def _refused(status: int, problem: str, fields: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": problem} | ({"fields": dict(fields)} if fields else {}), status)
