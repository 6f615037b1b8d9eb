"""An authorization server of OAuth 2.0 in this process: it hands out tokens, counts, and knows them again.

`token_server()` is a context manager. What it is to do differently next is an attribute of it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

Form = dict[str, str]


@dataclass
class TokenServer:
    """`refreshes` and `asked` are what came; `refusal` is answered to each request for a token, if set."""

    url: str = ""
    account: str = "editor@gazette.example"
    lifetime: float = 3600
    refusal: tuple[int, str] | None = None
    elsewhere: str = ""  # where a request for a token is sent on to
    pending: int = 0  # how often a device code is not agreed to yet
    before: Callable[[], None] = lambda: None  # what happens before a token comes
    number: int = 0
    refreshes: int = 0
    asked: list[Form] = field(default_factory=list)
    valid: set[str] = field(default_factory=set)
    challenges: dict[str, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, path: str, form: Form) -> tuple[int, str]:
        """Return status and body of what is posted to `path`."""
        with self.lock:
            self.asked.append({"path": path, **form})
            if path == "/device":
                return 200, json.dumps(
                    {
                        "device_code": "device-1",
                        "user_code": "TIDE-0900",
                        "verification_uri": f"{self.url}/agree",
                        "interval": 0,
                        "expires_in": 60,
                    }
                )
            if path == "/introspect":
                return 200, json.dumps(self._known(form.get("token", "")))
            if path == "/revoke":
                return 200, ""
            self.before()
            return self._token(form)

    def _known(self, token: str) -> dict[str, object]:
        return {"active": token in self.valid, "username": self.account, "sub": self.account}

    def _token(self, form: Form) -> tuple[int, str]:
        grant = form["grant_type"]
        self.refreshes += grant in ("refresh_token", "client_credentials")
        if self.refusal:
            return self.refusal
        if grant.endswith("device_code") and self.pending:
            self.pending -= 1
            return 400, json.dumps({"error": "authorization_pending"})
        if grant == "authorization_code" and not self._proves(form):
            return 400, json.dumps({"error": "invalid_grant", "error_description": "no such verifier"})
        self.number += 1
        token = f"access-{self.number}"
        self.valid.add(token)
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": self.lifetime}
        if grant != "client_credentials":
            answer["refresh_token"] = f"refresh-{self.number}"
        return 200, json.dumps(answer)

    def _proves(self, form: Form) -> bool:
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return self.challenges.pop(form.get("code", ""), None) == challenge

    def agree(self, query: Form) -> str:
        """Somebody agrees in a browser: return where it goes next."""
        self.challenges["code-1"] = query["code_challenge"]
        return f"{query['redirect_uri']}?{urlencode({'code': 'code-1', 'state': query['state']})}"


@contextmanager
def token_server() -> Iterator[TokenServer]:
    """Run one on a free port of this machine for the block."""
    served = TokenServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            form = {key: each[0] for key, each in parse_qs(self.rfile.read(length).decode()).items()}
            status, body = served.answer(urlsplit(self.path).path, form)
            fields = {"Content-Type": "application/json"}
            if served.elsewhere and self.path == "/token":
                status, fields["Location"] = 307, served.elsewhere
            self._send(status, body, fields)

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {key: each[0] for key, each in parse_qs(parts.query).items()}
            if parts.path == "/authorize":
                self._send(302, "", {"Location": served.agree(query)})
            else:  # as Dovecot asks
                token = parts.path.rpartition("/")[2] or query.get("token", "")
                with served.lock:
                    self._send(200, json.dumps(served._known(token)), {"Content-Type": "application/json"})

        def _send(self, status: int, body: str, fields: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in fields.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
