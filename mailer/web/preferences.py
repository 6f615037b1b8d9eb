"""What the link "your preferences" in a mail leads to. Looking changes nothing; only a POST does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from mailer.domain.leaving import Explanation
from mailer.domain.preferences import Preferences, Saved, Wishes
from mailer.domain.signed_links import PREFERENCES, LinkToken
from mailer.languages import full_date, own_name, span_in_words
from mailer.services.account_link import GOOD_FOR, AccountLinks
from mailer.services.preference_link import BY_PAGE, PreferenceLinks
from mailer.services.unsubscribe_link import UnsubscribeLinks
from mailer.web.pages import Pages, first_octets, isolated, masked
from mailer.workspace.words import Words

MOST_OCTETS = 1 << 16  # of a form: one that is cut off would say that lists are to be left
FIELD = "field."  # how the inputs of fields are called
HAPPENED = ("everywhere", "thanks", "paused", "resumed", "late", "mailed")  # by a button
WEEKS = {"2": 2, "4": 4}

Typed = Mapping[str, list[str]]
Pressed = Callable[["PreferencePages", Request, LinkToken, Typed], Response]


@dataclass(frozen=True, slots=True)
class PreferencePages:
    """The endpoint below `/p/`. `ring` for whoever sends what is written to people."""

    links: PreferenceLinks
    leaving: UnsubscribeLinks
    account: AccountLinks
    pages: Pages
    ring: Callable[[], None]

    def routes(self) -> list[BaseRoute]:
        """Return what is answered where."""
        return [Route(PREFERENCES, self.answer, methods=["GET", "POST"])]

    async def answer(self, request: Request) -> Response:
        """Whatever comes by such a link: the secret in the address is all the authority there is."""
        if request.method != "POST":
            return await run_in_threadpool(self.look, request)
        typed = await typed_in(request)
        if typed is None:
            return Response(status_code=400)
        return await run_in_threadpool(self.do, request, typed)

    def look(self, request: Request) -> Response:
        """GET and HEAD, as browsers and mail scanners do."""
        return self._page(request, self._token(request))

    def do(self, request: Request, typed: Typed) -> Response:
        """POST: what the button says that was pressed; nothing for one that there is not."""
        pressed = next((name for name in _BUTTONS if name in typed), "")
        answer = _BUTTONS.get(pressed, PreferencePages._page)
        return answer(self, request, self._token(request), typed)

    def _save(self, request: Request, token: LinkToken, typed: Typed) -> Response:
        on = _numbers(typed.get("list", ()))
        off = _numbers(typed.get("was", ())) - on
        texts = {name.removeprefix(FIELD): each[0] for name, each in typed.items() if name.startswith(FIELD)}
        words = self.pages.words_for(request, [self.links.language(token)])
        wishes = Wishes(on - _numbers(typed.get("was", ())), off, texts)
        saved = self.links.save(token, wishes, words.language)
        if saved.asked:
            self.ring()
        if saved.wrong:
            return self._page(request, token, saved=saved, typed=texts, chosen=on)
        return self._page(request, token, saved=saved, undo=saved.undo)

    def _pause(self, request: Request, token: LinkToken, typed: Typed) -> Response:
        weeks = WEEKS.get(typed["pause"][0])
        if weeks is None and typed["pause"][0] != "over":
            return self._page(request, token)
        self.links.pause(token, weeks)
        return self._page(request, token, paused=weeks is not None, resumed=weeks is None)

    def _leave(self, request: Request, token: LinkToken, typed: Typed) -> Response:  # noqa: ARG002
        undo = self.leaving.leave(token, BY_PAGE, everywhere=True)
        return self._page(request, token, undo=undo, everywhere=True)

    def _explain(self, request: Request, token: LinkToken, typed: Typed) -> Response:
        word = typed["left"][0]
        said = Explanation.typed(typed.get("why", [""])[0], typed.get("line", [""])[0])
        left = self.leaving.explain(token, word, said, BY_PAGE)
        return self._page(request, token, undo=word if left else "", thanks=bool(left and said))

    def _come_back(self, request: Request, token: LinkToken, typed: Typed) -> Response:
        back = self.leaving.come_back(token, typed["undo"][0], BY_PAGE)
        return self._page(request, token, resumed=back, late=not back)

    def _mail(self, request: Request, token: LinkToken, typed: Typed) -> Response:  # noqa: ARG002
        words = self.pages.words_for(request, [self.links.language(token)])
        if self.account.mail(token.subscriber_id, words.language):
            self.ring()
        return self._page(request, token, mailed=True)

    def _token(self, request: Request) -> LinkToken:
        token = self.links.read(request.path_params["token"])
        if token is None:
            raise HTTPException(404)
        return token

    def _page(self, request: Request, token: LinkToken, _: Typed | None = None, **told: Any) -> HTMLResponse:
        stands = self.links.look(token)
        languages = [stands.language if stands else "", self.links.language(token)]
        words = self.pages.words_for(request, languages)
        saved: Saved = told.pop("saved", Saved())
        return self.pages.show(
            "preferences.html",
            request,
            languages,
            422 if saved.wrong else 200,
            stands=stands,
            saved=saved,
            address=isolated(masked(stands.email) if stands else "", "address"),
            day=self._day(stands, words),
            offered=self._offered(stands),
            time=span_in_words(GOOD_FOR, words.language),
            posted=request.method == "POST",
            nothing=saved == Saved() and not any(told.values()),
            **(dict.fromkeys(HAPPENED, False) | {"typed": {}, "chosen": (), "undo": ""} | told),
        )

    def _day(self, stands: Preferences | None, words: Words) -> Markup:
        """Return the day on which mail comes again, where the workspace is."""
        if stands is None or stands.paused_until is None:
            return Markup()
        day = stands.paused_until.astimezone(self.links.zone).date()
        return isolated(full_date(day, words.language), "day")

    def _offered(self, stands: Preferences | None) -> dict[str, str]:
        """Return the languages to choose from by their tags: those that there are words in, and theirs."""
        tags = dict.fromkeys([*self.pages.words, *filter(None, [stands.language if stands else ""])])
        return {tag: own_name(tag) for tag in tags}


_BUTTONS: dict[str, Pressed] = {
    "save": PreferencePages._save,
    "pause": PreferencePages._pause,
    "all": PreferencePages._leave,
    "left": PreferencePages._explain,
    "undo": PreferencePages._come_back,
    "mail": PreferencePages._mail,
}


async def typed_in(request: Request) -> dict[str, list[str]] | None:
    """Return what a form says by the names of its inputs; None if whoever sent it went away.

    413 for more than any form of ours can have: of half of one nothing may be done.
    """
    body = await first_octets(request, MOST_OCTETS)
    if body is not None and len(body) >= MOST_OCTETS:
        raise HTTPException(413, headers={"Connection": "close"})
    if body is None:
        return None
    return parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, errors="replace")


def _numbers(texts: Iterable[str]) -> frozenset[int]:
    return frozenset(int(text) for text in texts if text.isascii() and text.isdecimal() and len(text) < 19)
