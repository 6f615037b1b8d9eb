"""A visit to BASE_URL: `mailer serve` itself, behind TLS, and everything else that may answer there."""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from mailer.bootstrap import App
from mailer.doctor.result import Grade, Result
from mailer.doctor.website import Failure, Site, visit
from mailer.doctor.website_verdict import judge_site
from mailer.web.rooms import web_app

pytestmark = pytest.mark.peers

KEY = b"a key of the harbour"
NOW = datetime.now(UTC)


@contextmanager
def served(folder: Path, context: ssl.SSLContext | None = None, prefix: str = "") -> Iterator[str]:
    """The pages of `mailer serve`, over TLS if there is a `context`."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.routing import Mount
    from starlette.types import ASGIApp

    settings = {"SECRET_KEY": KEY.decode(), "DATABASE_URL": "sqlite:///mailer.db"}
    workspace = App(folder, settings)
    app: ASGIApp = web_app(workspace)
    if prefix:
        app = Starlette(routes=[Mount(prefix, app)])
    config = uvicorn.Config(app, port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
    config.load()
    config.ssl = context
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"{'https' if context else 'http'}://127.0.0.1:{port}{prefix}"
    finally:
        server.should_exit = True
        thread.join(10)
        workspace.let_go()


@contextmanager
def answering(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """A web server that does as `answer` says to every request."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join(10)


def status(code: int, body: bytes = b"", **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(code)
        for name, value in headers.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)

    return answer


def visited(url: str, key: bytes = KEY, *, loopback: bool = True) -> dict[str, Result]:
    site = asyncio.run(visit(url, key))
    return {result.name: result for result in judge_site(url, site, NOW, loopback=loopback)}


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """An authority that this process trusts, the way in which OpenSSL lets anyone name one."""
    made = trustme.CA()
    made.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return made


def tls(authority: trustme.CA, name: str = "127.0.0.1", expires: datetime | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, not_after=expires).configure_cert(context)
    return context


@pytest.mark.parametrize("prefix", ["", "/gazette"])
def test_mailer_serve_over_tls(tmp_path: Path, authority: trustme.CA, prefix: str) -> None:
    with served(tmp_path, tls(authority, expires=NOW + timedelta(days=80)), prefix) as url:
        found = visited(url)
    assert {each.verdict for each in found.values()} == {Grade.OK}, found
    assert set(found) == {
        "links.address",
        "links.certificate",
        "links.answer",
        "links.key",
        "links.one-click",
    }


def test_mailer_serve_with_another_key(tmp_path: Path) -> None:
    with served(tmp_path) as url:
        found = visited(url, b"another key")
        assert "SECRET_KEY" in found["links.key"].next_step
        assert found["links.key"].verdict is Grade.ERROR
        assert found["links.one-click"].verdict is Grade.OK
        assert visited(url)["links.key"].verdict is Grade.OK


def test_http_is_for_this_machine_only(tmp_path: Path) -> None:
    with served(tmp_path) as url:
        assert visited(url)["links.address"].verdict is Grade.OK
        assert visited(url, loopback=False)["links.address"].verdict is Grade.ERROR


@pytest.mark.parametrize(
    ("name", "days", "words"),
    [
        ("127.0.0.1", -2, "expired"),
        ("news.quay.test", 30, "doesn't verify"),
        ("127.0.0.1", 3, "runs out in 2 days"),
    ],
)
def test_a_certificate(tmp_path: Path, authority: trustme.CA, name: str, days: int, words: str) -> None:
    with served(tmp_path, tls(authority, name, NOW + timedelta(days=days))) as url:
        result = visited(url)["links.certificate"]
    assert result.verdict is (Grade.WARNING if "runs out" in words else Grade.ERROR)
    assert words in result.text


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (status(200, b"<h1>It works!</h1>"), "isn't mailer serve (status 200)"),
        (status(301, Location="https://news.gazette.test/"), "redirects to https://news.gazette.test/"),
        (status(502), "status 502"),
        (status(503), "can't use its database"),
        (lambda request: request.wfile.write(b"220 mail.quay.test ESMTP\r\n"), "no web server"),
    ],
)
def test_whatever_else_answers(answer: Callable[[BaseHTTPRequestHandler], None], words: str) -> None:
    with answering(answer) as url:
        result = visited(url)["links.answer"]
    assert result.verdict is Grade.ERROR
    assert words in result.text
    assert result.next_step


@pytest.mark.parametrize("post", [status(405), status(302, Location="/login"), status(404), status(403)])
def test_a_post_that_does_not_arrive(post: Callable[[BaseHTTPRequestHandler], None]) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        (post if request.command == "POST" else status(200, b"ok\n"))(request)

    with answering(answer) as url:
        result = visited(url)["links.one-click"]
    assert result.verdict is Grade.ERROR


def test_nobody_there_and_a_silent_one() -> None:
    assert "connection refused" in visited("http://127.0.0.1:1")["links.answer"].text
    hold = threading.Event()
    with answering(lambda request: bool(hold.wait(120)) and None) as url:
        result = visited(url)["links.answer"]
        hold.set()
    assert "no answer within 5 s" in result.text


def test_the_clock_of_the_other_is_read() -> None:
    late = (datetime.now(UTC) - timedelta(minutes=10)).strftime("%a, %d %b %Y %H:%M:%S GMT")

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(f"HTTP/1.0 200 OK\r\nDate: {late}\r\n\r\nok\n".encode())

    with answering(answer) as url:
        site = asyncio.run(visit(url, KEY))
    assert not isinstance(site.health, Failure)
    assert site.health.ahead is not None
    assert timedelta(minutes=9) < site.health.ahead < timedelta(minutes=12)


def test_without_an_answer_nothing_more_is_asked() -> None:
    assert asyncio.run(visit("http://127.0.0.1:1", KEY)) == Site(Failure("connection refused"))
