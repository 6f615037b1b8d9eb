"""Logging in by OAuth 2.0, against an authorization server in the test."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from token_server import TokenServer, token_server

from mailer.bootstrap import App
from mailer.errors import MailerError
from mailer.logins.providers import PROVIDERS
from mailer.services.login import LoginWish, log_in, log_out, standings

pytestmark = pytest.mark.peers
ACCOUNT = "editor@gazette.example"


@pytest.fixture
def server() -> Iterator[TokenServer]:
    with token_server() as running:
        yield running


@pytest.fixture
def app(tmp_path: Path) -> App:
    return App(tmp_path, {"SMTP_USERNAME": ACCOUNT})


@dataclass
class Person:
    """Somebody who does what they are told, in a browser of their own."""

    browse: Callable[[str], object] = lambda address: None
    told: list[str] = field(default_factory=list)

    def open(self, address: str) -> None:
        self.told.append(address)
        threading.Thread(target=self.browse, args=(address,)).start()

    def type_in(self, code: str, address: str) -> None:
        self.told += [code, address]


def wish(server: TokenServer, **more: object) -> LoginWish:
    known = {"client_id": "app-1", "token_url": f"{server.url}/token", "scope": "mail"}
    return LoginWish("custom", **{**known, **more})


def test_a_code_is_typed_in_anywhere(app: App, server: TokenServer) -> None:
    server.pending, person, waited = 2, Person(), []
    done = log_in(app, wish(server, device_url=f"{server.url}/device"), person, waited.append)
    assert person.told == ["TIDE-0900", f"{server.url}/agree"]
    assert [form["path"] for form in server.asked] == ["/device", "/token", "/token", "/token"]
    assert server.asked[-1]["device_code"] == "device-1" and server.asked[0]["scope"] == "mail"
    assert len(waited) == 3
    (standing,) = standings(app)
    assert (standing.account, standing.problem) == (done.account, "") == (ACCOUNT, "")
    assert app.has_login and app.smtp_account.tokens is not None


def test_a_browser_agrees_and_comes_back(app: App, server: TokenServer) -> None:
    pages: list[httpx.Response] = []

    def browse(address: str) -> None:
        query = httpx.URL(address).params
        assert query["code_challenge_method"] == "S256" and query["login_hint"] == ACCOUNT
        pages.append(httpx.get(query["redirect_uri"], params={"code": "forged", "state": "other"}))
        pages.append(httpx.get(address, follow_redirects=True))

    person = Person(browse)
    log_in(app, wish(server, authorize_url=f"{server.url}/authorize"), person)
    assert [page.status_code for page in pages] == [404, 200]
    assert "You can close this page" in pages[1].text
    assert [form.get("grant_type") for form in server.asked] == ["authorization_code"]
    (standing,) = standings(app)
    assert standing.good_for > 3_500


def test_a_browser_says_no(app: App, server: TokenServer) -> None:
    def browse(address: str) -> None:
        query = httpx.URL(address).params
        httpx.get(query["redirect_uri"], params={"error": "access_denied", "state": query["state"]})

    with pytest.raises(MailerError, match="the login was refused: access_denied"):
        log_in(app, wish(server, authorize_url=f"{server.url}/authorize"), Person(browse))


def test_an_app_is_let_in_by_itself(app: App, server: TokenServer) -> None:
    secret = app.root / "app.secret"
    secret.write_text("s3cret-of-the-app\n")
    log_in(app, wish(server, by_app=True, client_secret_file=secret), Person())
    (asked,) = server.asked
    assert (asked["grant_type"], asked["scope"]) == ("client_credentials", "mail")
    assert asked["client_secret"] == "s3cret-of-the-app"
    (standing,) = standings(app)
    assert standing.grant == "client_credentials"


def test_logging_in_again_needs_nothing_said_anew(app: App, server: TokenServer) -> None:
    device = wish(server, device_url=f"{server.url}/device")
    log_in(app, device, Person(), lambda seconds: None)
    again = LoginWish("custom")
    log_in(app, again, Person(), lambda seconds: None)
    assert {form.get("client_id") for form in server.asked} == {"app-1"}


@pytest.mark.parametrize(
    ("wished", "problem"),
    [
        (LoginWish("google"), "there is no --client-id"),
        (LoginWish("microsoft", client_id="x", by_app=True), "by which"),
        (LoginWish("google", client_id="x", client_secret_file=Path("nowhere")), "secret from nowhere"),
        (LoginWish("custom", client_id="x", token_url="https://a.example/t"), "no address to agree at"),
        (LoginWish("custom", client_id="x", token_url="http://a.example/t", by_app=True), "no https address"),
    ],
)
def test_what_is_missing_is_said(app: App, wished: LoginWish, problem: str) -> None:
    with pytest.raises(MailerError, match=problem) as missing:
        log_in(app, wished, Person())
    assert missing.value.exit_code == 2 and missing.value.next_step


def test_as_whom_has_to_be_said(tmp_path: Path) -> None:
    with pytest.raises(MailerError, match="as whom"):
        log_in(App(tmp_path, {}), LoginWish("google", client_id="x"), Person())


def test_a_login_that_could_not_last_is_not_kept(app: App, server: TokenServer) -> None:
    server.refusal = (200, json.dumps({"access_token": "x", "expires_in": 3600}))
    with pytest.raises(MailerError, match="no refresh token"):
        log_in(app, wish(server, device_url=f"{server.url}/device"), Person(), lambda seconds: None)
    assert standings(app) == []


def test_a_broken_login_can_be_forgotten(app: App) -> None:
    app.logins.mkdir(parents=True)
    (app.logins / f"{ACCOUNT}.login").write_text("{")
    assert log_out(app, "")[1] is False
    with pytest.raises(MailerError, match="nobody is logged in"):
        log_out(app, "")


def test_every_provider_is_asked_over_tls_and_none_for_mail_by_a_code_that_has_no_scope_for_it() -> None:
    for provider in PROVIDERS.values():
        for address in (provider.token_url, provider.device_url, provider.authorize_url, provider.revoke_url):
            assert address == "" or address.startswith("https://")
    assert PROVIDERS["google"].device_url == ""


@pytest.mark.parametrize(
    ("settings", "by_token"),
    [
        ({}, True),
        ({"SMTP_PASSWORD": "tides"}, False),
        ({"SMTP_PASSWORD": "tides", "SMTP_AUTH": "oauth2"}, True),
        ({"SMTP_PASSWORD": "tides", "SMTP_AUTH": "password"}, False),
        ({"SMTP_PASSWORD": "tides", "SMTP_AUTH": "cram-md5"}, False),
    ],
)
def test_a_token_is_taken_where_it_is_meant(
    app: App, server: TokenServer, settings: dict[str, str], by_token: bool
) -> None:
    log_in(app, wish(server, by_app=True), Person())
    account = App(app.root, {"SMTP_USERNAME": ACCOUNT, **settings}).smtp_account
    assert (account.tokens is not None) is by_token
    assert account.mechanism == ("CRAM-MD5" if settings.get("SMTP_AUTH") == "cram-md5" else "")
