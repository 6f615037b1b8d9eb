"""The pages that readers meet: what all have in common, in the reader's language."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.convertors import PathConvertor, register_url_convertor
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response

from mailer.languages import DEFAULT
from mailer.workspace.words import Words, accepted, choose, read_words

FIRST_OCTETS = 4096  # of a POST; a one-click body has 26, or some 150 as multipart
RETRY_SECONDS = "60"
POLICY = (
    "default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
SCRIPTS = "; script-src 'nonce-{nonce}'"


@dataclass(frozen=True, slots=True)
class Paper:
    """Who sends the mails, as readers know it: a name, where to write to, and the language it is in."""

    name: str
    mailbox: str
    language: str = DEFAULT


class RestOfPath(PathConvertor):
    """All that follows in a path, line ends too: mail programs make anything of the end of a link."""

    regex = "(?s:.*)"


register_url_convertor("rest", RestOfPath())


class Pages:
    """Makes pages of the templates in the first of `folders` that has them.

    What is left to those that answer by it is what a page says; plain functions do that in threads, so that
    the database never blocks the loop.
    """

    def __init__(self, folders: list[Path], paper: Paper) -> None:
        self.paper = paper
        self.words = read_words(folders)
        self.templates = Environment(
            loader=FileSystemLoader(folders), autoescape=True, undefined=StrictUndefined, auto_reload=False
        )

    def show(
        self,
        template: str,
        request: Request,
        languages: Iterable[str] = (),
        status: int = 200,
        *,
        scripts: bool = False,
        **values: Any,
    ) -> HTMLResponse:
        """Return the page that `template` makes of `values`, in the first language that there are words in.

        Before what the browser asks for, and the paper's own, come the `languages` (BCP 47, or empty) that
        whoever is meant is known to read. A page runs no `scripts`, unless it says so.
        """
        nonce = secrets.token_urlsafe(16)
        html = self.render(template, self.words_for(request, languages), nonce=nonce, **values)
        policy = POLICY + SCRIPTS if scripts else POLICY
        return HTMLResponse(html, status, {"Content-Security-Policy": policy.format(nonce=nonce)})

    def words_for(self, request: Request, languages: Iterable[str] = ()) -> Words:
        """Return the words of the language that `show` would choose."""
        wishes = [*languages, *accepted(request.headers.get("accept-language", "")), self.paper.language]
        return choose(self.words, wishes)

    def render(self, template: str, words: Words, **values: Any) -> str:
        """Return what `template` makes of `values`, said in these words."""
        return self.templates.get_template(f"web/{template}").render(
            values,
            sender=isolated(self.paper.name, "sender"),
            paper=self.paper,
            mailbox=self.paper.mailbox,
            mailto=_mailto,
            isolated=isolated,
            words=words,
            say=words.say,
        )

    def unknown(self, request: Request, error: Exception) -> Response:  # noqa: ARG002
        """The page for a link that was never given out, or not like that: it says how to leave otherwise."""
        return self.show("unknown.html", request, status=404)

    def unavailable(self, request: Request, error: Exception) -> Response:  # noqa: ARG002
        """The page for when the database can't be used: nothing was changed, and it says so."""
        answer = self.show("unavailable.html", request, status=503)
        answer.headers["Retry-After"] = RETRY_SECONDS
        return answer


def masked(email: str) -> str:
    """Return an address that its owner recognises and that others, shown a forwarded mail, can't write to."""
    local, _, domain = email.rpartition("@")
    return f"{local[:1]}•••@{domain}"


def isolated(text: str, what: str) -> Markup:
    """Return text that runs in its own direction, whichever the words around it do."""
    return Markup('<bdi class="{}">{}</bdi>').format(what, text)


def _mailto(mailbox: str, subject: str) -> Markup:
    return Markup('<a href="mailto:{0}?subject={1}"><bdi>{0}</bdi></a>').format(mailbox, subject)


async def first_octets(request: Request, most: int = FIRST_OCTETS) -> bytes | None:
    """Return how a body begins; None if whoever sends it went away, for half a wish is none."""
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) >= most:
                break
    except ClientDisconnect:
        return None
    return body[:most]
