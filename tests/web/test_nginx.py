"""nginx before `mailer serve`, by the configuration in `deploy/`: the right host, who asks, one click."""

from __future__ import annotations

import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import trustme
from harbour import KEY
from members import NOW, join
from sqlalchemy import select

from mailer.bootstrap import App
from mailer.domain.signed_links import LinkToken, sign_token
from mailer.people.lists import Lists
from mailer.store.schema import lists, signups, subscriptions

CONFIG = Path(__file__).parents[2] / "deploy" / "nginx.conf"
NAME = "news.your-domain.example"
READER = "127.0.0.9"
SETTINGS = {
    "SECRET_KEY": KEY.decode(),
    "DATABASE_URL": "sqlite:///mailer.db",
    "BASE_URL": f"https://{NAME}",
    "TRUSTED_PROXIES": "1",
    "CONSENT_IP": "whole",
    "POSTAL_ADDRESS": "1 Quay Street",
}


@dataclass(frozen=True)
class Site:
    """A workspace that is served behind nginx, and a reader who asks it."""

    app: App
    client: httpx.Client

    def ask(self, method: str, path: str, host: str = NAME, **options: object) -> httpx.Response:
        headers = {"Host": host, "X-Forwarded-For": "203.0.113.66"}  # which anybody may claim
        return self.client.request(
            method,
            path,
            headers=headers,
            extensions={"sni_hostname": NAME},
            **options,  # type: ignore[arg-type]
        )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin")
    if nginx is None:
        pytest.skip("nginx is not here; on Debian: apt-get install nginx-light")
    root = tmp_path_factory.mktemp("served")
    (root / ".env").write_text("".join(f"{name}={value}\n" for name, value in SETTINGS.items()))
    app = App(root)
    Lists(app.database).create("weekly", NOW, "Harbour Weekly", said={"is_public": True})
    authority = trustme.CA()
    authority.issue_cert(NAME).private_key_and_cert_chain_pem.write_to_path(root / "news.pem")
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (root / "nginx.conf").write_text(configured(root, port))
    serve = [sys.executable, "-m", "mailer", "-C", str(root), "serve", "--socket", str(root / "serve.sock")]
    front = [nginx, "-p", str(root), "-e", str(root / "errors"), "-c", str(root / "nginx.conf")]
    transport = httpx.HTTPTransport(verify=trusted, local_address=READER)
    url = f"https://127.0.0.1:{port}"
    with (
        running(serve, root / "serve.log"),
        running(front, root / "nginx.log"),
        httpx.Client(transport=transport, base_url=url, timeout=120) as client,
    ):
        made = Site(app, client)
        until_ready(made)
        yield made
    app.let_go()


def configured(root: Path, port: int) -> str:
    """The configuration of `deploy/`, in this folder and on this port."""
    text = re.sub(r"/etc/ssl/news\.(pem|key)", str(root / "news.pem"), CONFIG.read_text())
    text = text.replace("/run/mailer/serve.sock", str(root / "serve.sock")).replace(
        "/var/log/nginx", str(root)
    )
    text = re.sub(r"listen \[::\].*\n", "", text).replace("listen 443", f"listen 127.0.0.1:{port}")
    text = text.replace("listen 80", f"listen unix:{root}/plain.sock")
    temporary = "".join(
        f"{kind}_temp_path {root}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    # As root nginx would have its workers be somebody who may not enter this folder.
    head = f"daemon off;\nuser root;\npid {root}/pid;\nevents {{}}\n"
    return f"{head}http {{\n{temporary}{text}\n}}\n"


@contextmanager
def running(command: list[str], log: Path) -> Iterator[None]:
    with log.open("w") as said, subprocess.Popen(command, stderr=said, stdout=said) as process:
        try:
            yield
        finally:
            process.terminate()
            assert process.wait(120) == 0, log.read_text()


def until_ready(site: Site) -> None:
    for _ in range(2400):
        try:
            if site.ask("GET", "/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError("nobody answers")


def test_one_click_works_urlencoded_and_multipart_as_often_as_one_likes(site: Site) -> None:
    with site.app.database.connect() as connection:
        weekly = connection.scalar(select(lists.c.id))
    urlencoded = {"data": {"List-Unsubscribe": "One-Click"}}
    multipart = {"files": {"List-Unsubscribe": (None, "One-Click")}}
    for number, form in enumerate((urlencoded, multipart)):
        person = join(site.app.database, f"reader{number}@quay.example", "weekly")
        for _ in range(2):
            answer = site.ask("POST", f"/u/{sign_token(KEY, LinkToken(0, person, weekly))}", **form)
            assert (answer.status_code, answer.text) == (200, "Unsubscribed.\n")
        with site.app.database.connect() as connection:
            status = select(subscriptions.c.status).where(subscriptions.c.subscriber_id == person)
            assert connection.scalar(status) == "unsubscribed"


def test_who_asks_is_whom_nginx_saw_and_not_who_they_say_they_are(site: Site) -> None:
    answer = site.ask("POST", "/api/subscribe", json={"email": "ada@quay.example", "lists": ["weekly"]})
    assert answer.status_code == 202
    with site.app.database.connect() as connection:
        assert connection.scalar(select(signups.c.ip)) == READER


def test_it_is_our_host_and_no_other(site: Site) -> None:
    assert site.ask("GET", "/archive/").status_code == 200
    assert site.ask("GET", "/archive/", host="evil.example").status_code == 421


def test_no_log_has_an_address_that_was_asked_for(site: Site) -> None:
    site.ask("GET", "/u/a-secret-of-somebody")
    for log in site.app.root.glob("*.log"):
        assert "a-secret" not in log.read_text(), log
