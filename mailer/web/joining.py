"""Where people sign up: a page a list, one for all, and what stands on other sites' pages.

A form here gives nobody any authority: what it brings is looked at by whoever has the mailbox. So it may come
from anywhere, and its answer is the same whoever has the address.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from mailer.bootstrap import App
from mailer.domain.form import Wrong
from mailer.domain.signup_bounds import SignupRefusal
from mailer.services.signup import Desk, Submission, desk, opened, sign_up, sum_to_do
from mailer.web.hosts import OpenRoute
from mailer.web.pages import Pages, first_octets
from mailer.workspace.words import Words, choose

JOIN = "/join"
MOST_OCTETS = 1 << 15  # of a form; one has some hundred, and its answers are bounded
MOST_FIELDS = 200
ANSWER = "answer."  # how the fields of a form are called that are questions of its own
TRAP, STAMP, PROOF = "website", "opened", "proof"  # what tells a person from a program
RETRY_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class JoinPages:
    """The endpoints below `/join`. `ring` for whoever takes in what came."""

    app: App
    pages: Pages
    ring: Callable[[], None]

    def routes(self) -> list[BaseRoute]:
        """Return what is answered where."""
        methods = ["GET", "POST"]
        return [
            OpenRoute(JOIN, self.answer, methods=methods),
            OpenRoute(f"{JOIN}/{{name}}", self.answer, methods=methods),
        ]

    async def answer(self, request: Request) -> Response:
        """Whatever comes for a page on which one signs up."""
        if request.method != "POST":
            return await run_in_threadpool(self.show, request)
        body = await first_octets(request, MOST_OCTETS)
        if body is None:
            return Response(status_code=400)
        return await run_in_threadpool(self.take, request, body)

    def show(self, request: Request) -> Response:
        """GET and HEAD: the form; nothing is changed."""
        found = self._desk(request)
        chosen = request.query_params.getlist("list")
        return self._form(request, found, {}, {}, chosen) if found else self._none(request)

    def take(self, request: Request, body: bytes) -> Response:
        """POST: what was typed is kept, and the same is said whoever has the address; or what is wrong."""
        found = self._desk(request)
        if found is None:
            return self._none(request)
        try:
            typed = parse_qs(body.decode("utf-8", "replace"), max_num_fields=MOST_FIELDS)
        except ValueError:  # more fields than any form of ours has
            typed = {}
        words = self._words(request)
        only = [each.name for each in found.lists] if len(found.lists) == 1 else []
        lists = typed.get("list", only)
        answers = {
            name.removeprefix(ANSWER): values[0] for name, values in typed.items() if name.startswith(ANSWER)
        }
        entry = Submission(
            typed.get("email", [""])[0],
            lists,
            answers,
            words.language,
            promise(words, found),
            ip=request.client.host if request.client else "",
            agent=request.headers.get("user-agent", ""),
            ref=request.query_params.get("ref", ""),
            trap=typed.get(TRAP, [""])[0],
            stamp=typed.get(STAMP, [""])[0],
            proof=typed.get(PROOF, [""])[0],
        )
        done = sign_up(self.app, found, entry)
        if done is SignupRefusal.TOO_MANY:
            return self._busy(request)
        if done is SignupRefusal.UNPROVED or (done and done is not SignupRefusal.PROGRAM):
            wrong = {} if isinstance(done, SignupRefusal) else done
            status = 403 if isinstance(done, SignupRefusal) else 422
            return self._form(request, found, answers | {"email": entry.email}, wrong, lists, status)
        self.ring()
        at_once = not any(each.double_opt_in for each in found.lists if each.name in lists)
        return self.pages.show("asked.html", request, self._languages(request), at_once=at_once)

    def _desk(self, request: Request) -> Desk | None:
        return desk(self.app, request.path_params.get("name"))

    def _form(
        self,
        request: Request,
        found: Desk,
        typed: Mapping[str, str],
        wrong: Mapping[str, Wrong],
        chosen: list[str],
        status: int = 200,
    ) -> Response:
        shown = form_values(found, typed, wrong, chosen)
        shown |= {"stamp": opened(self.app), "sum": sum_to_do(self.app)}
        return self.pages.show(
            "join.html", request, self._languages(request), status, scripts=bool(shown["sum"]), **shown
        )

    def _busy(self, request: Request) -> Response:
        answer = self.pages.show("join_busy.html", request, self._languages(request), 429)
        answer.headers["Retry-After"] = str(RETRY_SECONDS)
        return answer

    def _none(self, request: Request) -> Response:
        return self.pages.show("join_none.html", request, self._languages(request), 404)

    def _languages(self, request: Request) -> list[str]:
        """Return what the address itself asks for: a form on a page in a language leads to one in it."""
        return [request.query_params.get("lang", "")]

    def _words(self, request: Request) -> Words:
        return self.pages.words_for(request, self._languages(request))


def form_values(
    found: Desk,
    typed: Mapping[str, str] | None = None,
    wrong: Mapping[str, Wrong] | None = None,
    chosen: Sequence[str] = (),
) -> dict[str, Any]:
    """Return what the template of a form shows; none of several lists is `chosen` for anybody."""
    return {
        "desk": found,
        "typed": typed or {},
        "wrong": wrong or {},
        "chosen": chosen,
        "answer": ANSWER,
        "stamp": "",
        "sum": "",
    }


def promise(words: Words, found: Desk) -> str:
    """Return what the page says beside the button: what is agreed to where the form has no box for it."""
    return words.plain("join_promise" if found.confirms else "join_promise_single")


def snippet(pages: Pages, found: Desk, address: str, language: str) -> str:
    """Return the form as HTML to be put into a page of another site; it is answered at `address`."""
    return pages.render(
        "snippet.html", choose(pages.words, [language]), **form_values(found), address=address
    )
