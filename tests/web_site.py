"""A web site on loopback that says what a test has it say, and remembers what it was asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from threading import Thread

LOOPBACK = "127.0.0.0/8"


@dataclass
class Page:
    """What stands at a path: its octets, or a status that says otherwise, and fields of the answer."""

    octets: bytes = b""
    status: int = 200
    fields: dict[str, str] = field(default_factory=dict)


@dataclass
class WebSite:
    """`pages` by path; `asked` has the path and the fields of every request.

    `posted` has the fields, by small letters, and the body of what was posted.
    """

    port: int = 0
    pages: dict[str, Page] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    posted: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    scheme: str = "http"

    def at(self, path: str) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}{path}"

    def answer(self, path: str, fields: dict[str, str]) -> Page:
        self.asked.append((path, fields))
        page = self.pages.get(path, Page(status=404))
        etag = page.fields.get("ETag")
        return (
            Page(status=304, fields={"ETag": etag}) if etag and fields.get("If-None-Match") == etag else page
        )


@contextmanager
def web_site(context: SSLContext | None = None) -> Iterator[WebSite]:
    """Serve a site, by TLS with a `context`, until the block is done."""
    site = WebSite(scheme="https" if context else "http")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            page = site.answer(self.path, dict(self.headers))
            self.send_response(page.status)
            for name, value in page.fields.items():
                self.send_header(name, value)
            if page.fields.get("Transfer-Encoding") != "chunked":
                self.send_header("Content-Length", str(len(page.octets)))
            self.end_headers()
            self.wfile.write(page.octets)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            site.posted.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.do_GET()

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        site.port = server.server_address[1]
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()
