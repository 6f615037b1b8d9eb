"""The browser's way back: one address on this machine, for one answer (RFC 8252 7.3)."""

from __future__ import annotations

import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import TracebackType
from urllib.parse import parse_qs

PAGE = (
    "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    "<meta name=color-scheme content='light dark'><title>mailer</title>"
    "<body style='font:18px/1.5 system-ui,sans-serif;max-width:34rem;margin:4rem auto;padding:0 1rem'>"
    "<h1 style='font-size:1.5rem'>{}</h1><p>You can close this page and go back to the terminal.</p>"
)


class WayBack:
    """Listens on 127.0.0.1 as long as it is entered; `redirect` is its address."""

    def __init__(self, port: int = 0) -> None:
        self._answer = self._state = ""
        self._server = HTTPServer(("127.0.0.1", port), self._handler())
        self.redirect = f"http://127.0.0.1:{self._server.server_port}/"

    def __enter__(self) -> WayBack:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.server_close()

    def wait(self, state: str, seconds: float) -> str:
        """Return where the browser came back to, with our `state`; an empty text if it didn't in time."""
        self._state = state
        until = time.monotonic() + seconds
        while not self._answer and (left := until - time.monotonic()) > 0:
            self._server.timeout = left
            self._server.handle_request()
        return self._answer

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        way = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 10  # seconds for a request that never ends

            def do_GET(self) -> None:
                """Take the answer, and say so."""
                query = self.path.partition("?")[2]
                found = parse_qs(query)
                if found.get("state") != [way._state]:  # nobody whom we sent out
                    return self._say(404, "There is nothing here.")
                way._answer = f"{way.redirect}?{query}"
                return self._say(
                    200, "mailer has the answer." if "code" in found else "The login was refused."
                )

            def _say(self, status: int, words: str) -> None:
                page = PAGE.format(words).encode()
                self.send_response(status)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(page)))
                self.send_header("Referrer-Policy", "no-referrer")
                self.end_headers()
                self.wfile.write(page)

            def log_message(self, *words: object) -> None:
                """The address holds the code: nothing is logged."""

        return Handler
