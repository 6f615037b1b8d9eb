"""What holds for every answer: whose host it is, who may post, how much is read, who asks."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from mailer.web.hosts import Hosts, OpenRoute
from mailer.web.pages import Pages, Paper
from mailer.web.proxies import client_address
from mailer.web.rooms import guarded
from mailer.workspace.bundled import templates_folder

pytestmark = pytest.mark.unit

BASE_URL = "https://news.gazette.example"
FORM = {"content-type": "application/x-www-form-urlencoded"}


class Desk:
    """A room that says who asks, and takes what is posted."""

    def __init__(self) -> None:
        self.posted: list[bytes] = []

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/desk/{token}", self.answer, methods=["GET", "POST"]),
            OpenRoute("/open", self.answer, methods=["POST"]),
            Route("/healthz", self.answer),
        ]

    async def answer(self, request: Request) -> Response:
        if request.method == "POST":
            self.posted.append(await request.body())
        return PlainTextResponse(request.client.host if request.client else "nobody")


class Guarded:
    """A desk behind the guard; `ask` sends one request, from 192.0.2.7."""

    def __init__(self, base_url: str = BASE_URL, proxies: int = 0) -> None:
        self.desk = Desk()
        pages = Pages([templates_folder()], Paper("Harbour Gazette", "editor@gazette.example"))
        self.app = guarded(pages, [self.desk], Hosts(base_url), proxies)

    def ask(self, path: str, method: str = "GET", **options: Any) -> httpx.Response:
        async def main() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, client=("192.0.2.7", 5000))
            async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as client:
                return await client.request(method, path, **options)

        return asyncio.run(main())


OWN = ("news.gazette.example", "NEWS.gazette.example:8443", "news.gazette.example.", "127.0.0.1:8000")
OTHERS = ("evil.example", "news.gazette.example.evil.example", "", "192.0.2.1", "news.gazette.example@evil")
BROKEN = ("127.0.0.1.evil.example", "a b", "[::1", "news.gazette.example, evil.example")


@pytest.mark.parametrize("host", [*OWN, "[::1]:8000", "localhost"])
def test_our_own_hosts_are_answered(host: str) -> None:
    assert Guarded().ask("/desk/x", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", [*OTHERS, *BROKEN])
def test_another_host_gets_no_page_and_posts_nothing(host: str) -> None:
    guard = Guarded()
    for method in ("GET", "HEAD", "POST"):
        answer = guard.ask("/desk/x", method, headers={"host": host})
        assert answer.status_code == 421
        assert answer.headers["referrer-policy"] == "no-referrer"
    assert guard.desk.posted == []


def test_health_is_asked_for_by_any_host() -> None:
    assert Guarded().ask("/healthz", headers={"host": "192.0.2.1:8000"}).status_code == 200


def test_without_a_base_url_any_host_does() -> None:
    assert Guarded("").ask("/desk/x", headers={"host": "evil.example"}).status_code == 200


OURS: list[dict[str, str]] = [
    {},  # a mail provider's one-click, and curl
    {"origin": BASE_URL},
    {"origin": "null"},  # of a page that lets no referrer be known
    {"origin": "null", "sec-fetch-site": "same-origin"},
    {"sec-fetch-site": "none"},
]
THEIRS: list[dict[str, str]] = [
    {"origin": "https://evil.example"},
    {"origin": "http://news.gazette.example.evil.example"},
    {"origin": "null", "sec-fetch-site": "cross-site"},  # a frame without an origin
    {"sec-fetch-site": "same-site"},
    {"origin": BASE_URL, "sec-fetch-site": "cross-site"},
]


@pytest.mark.parametrize("headers", OURS)
def test_a_post_of_our_own_pages_or_of_none_is_taken(headers: dict[str, str]) -> None:
    guard = Guarded()
    assert guard.ask("/desk/x", "POST", headers=FORM | headers, content="a=1").status_code == 200
    assert guard.desk.posted == [b"a=1"]


@pytest.mark.parametrize("headers", THEIRS)
def test_a_post_from_a_page_of_another_site_changes_nothing(headers: dict[str, str]) -> None:
    guard = Guarded()
    answer = guard.ask("/desk/x", "POST", headers=FORM | headers, content="a=1")
    assert (answer.status_code, guard.desk.posted) == (403, [])
    assert guard.ask("/desk/x", headers=headers).status_code == 200  # a link there may lead here


def test_what_others_may_embed_is_posted_to_from_anywhere() -> None:
    guard = Guarded()
    assert guard.ask("/open", "POST", headers=THEIRS[0], content="a=1").status_code == 200
    assert guard.desk.posted == [b"a=1"]


def test_of_a_large_body_no_more_is_read_than_a_bound() -> None:
    guard = Guarded()
    answer = guard.ask("/desk/x", "POST", content=b"x" * (guard.app.most + 1))  # type: ignore[attr-defined]
    assert (answer.status_code, answer.headers["connection"], guard.desk.posted) == (413, "close", [])
    assert guard.ask("/desk/x", "POST", content=b"x" * guard.app.most).status_code == 200  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("proxies", "forwarded", "said"),
    [
        (0, "198.51.100.1", "192.0.2.7"),
        (1, "198.51.100.1", "198.51.100.1"),
        (1, "203.0.113.66, 198.51.100.1", "198.51.100.1"),  # the first was written by who asks
        (2, "203.0.113.66, 198.51.100.1, 10.0.0.1", "198.51.100.1"),
        (1, "", "192.0.2.7"),
        (1, "unknown", "nobody"),
    ],
)
def test_who_asks_is_said_by_as_many_proxies_as_there_are(proxies: int, forwarded: str, said: str) -> None:
    headers = {"x-forwarded-for": forwarded} if forwarded else {}
    assert Guarded(proxies=proxies).ask("/desk/x", headers=headers).text == said


@pytest.mark.parametrize(
    ("forwarded", "peer", "proxies", "address"),
    [
        ("198.51.100.1:4711", "10.0.0.1", 1, "198.51.100.1"),
        ("[2001:db8::1]:4711", "10.0.0.1", 1, "2001:db8::1"),
        ("2001:db8::1", "", 1, "2001:db8::1"),  # a proxy by a Unix socket has no address
        ("::ffff:198.51.100.1", "", 1, "198.51.100.1"),
        ("198.51.100.1", "10.0.0.1", 2, "198.51.100.1"),  # past the first of them
        (" , ,198.51.100.1 ,", "10.0.0.1", 1, "198.51.100.1"),
        ("<script>", "10.0.0.1", 1, ""),
        ("", "", 1, ""),
    ],
)
def test_an_address_is_an_address(forwarded: str, peer: str, proxies: int, address: str) -> None:
    assert client_address(forwarded, peer, proxies) == address


def test_fields_of_one_name_are_one_list() -> None:
    headers = [("x-forwarded-for", "203.0.113.66"), ("x-forwarded-for", "198.51.100.1")]
    assert Guarded(proxies=1).ask("/desk/x", headers=headers).text == "198.51.100.1"


def test_what_a_setting_could_put_right_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    guard = Guarded()
    with caplog.at_level(logging.INFO, "mailer"):
        for number in range(3):
            guard.ask("/desk/x", headers={"x-forwarded-for": "198.51.100.1"})
            guard.ask("/desk/x", headers={"host": f"{number}.evil.example"})
            guard.ask("/healthz")
    warnings = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 2
    assert "TRUSTED_PROXIES=1" in warnings[0]
    assert "'0.evil.example'" in warnings[1]
    logged = [record.message for record in caplog.records if record.levelno == logging.INFO]
    assert logged == ["GET /desk/… 200", "GET /desk/… 421"] * 3  # no token, no address, no health


def test_every_answer_has_the_headers(tmp_path: Path) -> None:
    guard = Guarded()
    answers = [
        guard.ask("/desk/x"),
        guard.ask("/nothing"),
        guard.ask("/desk/x", "PUT"),
        guard.ask("/desk/x", "POST", headers=THEIRS[0]),
        guard.ask("/desk/x", headers={"host": "evil.example"}),
        guard.ask("/healthz"),
    ]
    assert [answer.status_code for answer in answers] == [200, 404, 405, 403, 421, 200]
    for answer in answers:
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-robots-tag"] == "noindex, nofollow"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
