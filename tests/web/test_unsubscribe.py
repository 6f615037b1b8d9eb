from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import httpx
import pytest
from harbour import DATABASE, KEY, Harbour, serving

from mailer.domain.signed_links import LinkToken, Purpose, link_url, sign_token
from mailer.web.guard import shown
from mailer.web.pages import masked

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
numbers = count()


@pytest.fixture(scope="module")
def client(harbour: Harbour) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=harbour.url, timeout=120) as opened:
        yield opened


def reader(harbour: Harbour, *lists: int) -> tuple[int, str]:
    """A new subscriber's id and link."""
    person = harbour.join(f"reader-{next(numbers)}@bay.example", *lists)
    return person, f"/u/{harbour.token(person)}"


def test_looking_changes_nothing(harbour: Harbour, client: httpx.Client) -> None:
    _, link = reader(harbour)
    before = harbour.rows()
    page = client.get(link)
    assert page.status_code == 200
    assert 'Unsubscribe from <bdi class="list">Harbour Gazette Weekly</bdi>?' in page.text
    assert page.text.count("<button>") == 1
    assert client.get(link + "?utm=1").status_code == 200
    head = client.head(link)
    assert (head.status_code, head.content) == (200, b"")
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
        refused = client.request(method, link)
        assert refused.status_code == 405
        assert set(refused.headers["Allow"].split(", ")) == {"GET", "HEAD", "POST"}
    assert harbour.rows() == before


def test_the_button_unsubscribes_and_says_so_as_often_as_it_is_pressed(
    harbour: Harbour, client: httpx.Client
) -> None:
    person, link = reader(harbour)
    for _ in range(2):
        page = client.post(link)
        assert page.status_code == 200
        assert "You are unsubscribed" in page.text
        assert "<button>" not in page.text
        assert harbour.status(person) == {harbour.weekly: ("unsubscribed", "unsubscribe page")}
    later = client.get(link).text
    assert "You are unsubscribed" in later
    assert "To subscribe again, write to" in later


def word_of(page: str) -> str:
    return re.search(r'name="left" value="([^"]+)"', page)[1]


def test_who_left_is_asked_why_on_the_page_after_and_once(harbour: Harbour, client: httpx.Client) -> None:
    person, link = reader(harbour)
    assert 'name="why"' not in client.get(link).text
    word = word_of(client.post(link).text)
    said = {"left": word, "why": "often", "line": "<script>alert(1)</script> & more"}
    thanks = client.post(link, data=said).text
    assert "Thank you for telling us." in thanks
    assert 'name="why"' not in thanks
    assert "<script" not in thanks
    assert 'name="undo"' in thanks  # whoever slipped still can come back
    client.post(link, data=said)
    note = "too often: <script>alert(1)</script> & more"
    assert [each.note for each in harbour.consents(person)] == [None, None, note]
    assert "subscribed again" in client.post(link, data={"undo": word}).text
    assert 'Unsubscribe from <bdi class="list">' in client.post(link, data=said).text  # an old page's button
    assert client.post(link, data={"left": "x"}).status_code == 200
    assert harbour.status(person)[harbour.weekly][0] == "subscribed"


@pytest.mark.parametrize("form", ["urlencoded", "multipart"])
def test_one_click_unsubscribes_without_cookie_or_redirect(
    harbour: Harbour, client: httpx.Client, form: str
) -> None:
    person, link = reader(harbour)
    for _ in range(2):  # and again, as some providers do
        if form == "urlencoded":
            answer = client.post(link, data=ONE_CLICK)
        else:
            answer = client.post(link, files={"List-Unsubscribe": (None, "One-Click")})
        assert form in answer.request.headers["content-type"]
        assert "cookie" not in answer.request.headers
        assert answer.status_code == 200
        assert answer.text == "Unsubscribed.\n"
        assert "set-cookie" not in answer.headers
    assert harbour.status(person) == {harbour.weekly: ("unsubscribed", "one-click")}


def test_one_click_takes_off_every_list_of_the_send_and_no_other_person(
    harbour: Harbour, client: httpx.Client
) -> None:
    other, _ = reader(harbour, harbour.weekly, harbour.tides)
    person, link = reader(harbour, harbour.weekly, harbour.tides)
    page = client.get(link).text
    assert "<li><bdi>Harbour Gazette Weekly</bdi></li><li><bdi>Tide Tables</bdi></li>" in page
    client.post(link, data=ONE_CLICK)
    assert {status for status, _ in harbour.status(person).values()} == {"unsubscribed"}
    assert {status for status, _ in harbour.status(other).values()} == {"subscribed"}


def test_an_old_mail_whose_send_is_gone_still_unsubscribes(harbour: Harbour, client: httpx.Client) -> None:
    person, _ = reader(harbour, harbour.weekly, harbour.tides)
    client.post(f"/u/{harbour.token(person, send_id=9999, list_id=harbour.tides)}", data=ONE_CLICK)
    assert {each: status for each, (status, _) in harbour.status(person).items()} == {
        harbour.weekly: "subscribed",
        harbour.tides: "unsubscribed",
    }


def test_somebody_who_was_erased_is_told_that_all_is_well(harbour: Harbour, client: httpx.Client) -> None:
    link = f"/u/{harbour.token(987_654)}"
    assert "on none of the lists" in client.get(link).text
    assert client.post(link, data=ONE_CLICK).status_code == 200


def test_any_changed_character_of_a_token_is_not_found(harbour: Harbour, client: httpx.Client) -> None:
    _, link = reader(harbour)
    token = link.removeprefix("/u/")
    before = harbour.rows()
    for place, character in enumerate(token):
        for other in {"A", "z", "_", "-"} - {character}:
            altered = token[:place] + other + token[place + 1 :]
            assert client.post(f"/u/{altered}", data=ONE_CLICK).status_code == 404
    assert harbour.rows() == before


@pytest.mark.parametrize(
    "tail",
    [
        "",
        "../u/x",
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e/%2e%2e/.env",
        "Ünïcode",
        "A" * 20_000,
        "....",
    ],
)
def test_what_is_not_a_token_is_not_found(harbour: Harbour, client: httpx.Client, tail: str) -> None:
    reader(harbour)
    before = harbour.rows()
    for method in ("GET", "POST"):
        answer = client.request(method, f"/u/{tail}")
        assert answer.status_code == 404
        assert "This link does not work" in answer.text
    assert harbour.rows() == before


@pytest.mark.parametrize(
    "mangled",
    [
        *(
            f"{{token}}{remains}"
            for remains in (".", ",", ";", ":", "!", "?", ")", ">", "]", "}", "'", "*", "-")
        ),
        *(
            f"{{token}}{remains}"
            for remains in ("%22", "&quot;", "&gt;", "&amp;", "%3E", "%3E%2C", "%2E", "%C2%BB")
        ),
        *(
            f"{{token}}{remains}"
            for remains in ("/", "//", "/.", "%20", "%0A", "%0D%0A", "+", "%00", "%E2%80%9D")
        ),
        *(f"{{token}}{remains}" for remains in ("=", "=20", "=3D", "=0D=0A", "=\u00a0", "\u2026", "|x", "A")),
        "{token}&utm_source=x&utm_medium=email",
        "{token}?utm_source=x",
        "{token}?utm_source=x?utm_medium=y",
        "{token};jsessionid=1",
        "{token}%20and%20more%20of%20the%20sentence",
        "{token}){token}",
        "%20{token}",
        "/{token}",
        "%3C{token}%3E",
        "{cut}=%0D%0A{rest}",
        "{cut}%0D%0A%20{rest}",
        "{cut}%E2%80%8B{rest}.",
        "{quoted}",
        "{quoted twice}.",
        "{quoted thrice}%252E",
    ],
)
def test_what_mail_programs_make_of_a_link_still_unsubscribes(
    harbour: Harbour, client: httpx.Client, mangled: str
) -> None:
    person, link = reader(harbour)
    token = link.removeprefix("/u/")
    quoted = "".join(f"%{ord(character):02X}" for character in token)
    for name, text in {
        "{token}": token,
        "{cut}": token[:11],
        "{rest}": token[11:],
        "{quoted}": quoted,
        "{quoted twice}": quoted.replace("%", "%25"),
        "{quoted thrice}": quoted.replace("%", "%2525"),
    }.items():
        mangled = mangled.replace(name, text)
    page = client.get(f"/u/{mangled}")
    assert page.status_code == 200
    assert 'Unsubscribe from <bdi class="list">Harbour Gazette Weekly</bdi>?' in page.text
    assert harbour.status(person) == {harbour.weekly: ("subscribed", "test")}
    assert client.post(f"/u/{mangled}", data=ONE_CLICK).text == "Unsubscribed.\n"
    assert harbour.status(person) == {harbour.weekly: ("unsubscribed", "one-click")}
    assert "You are unsubscribed" in client.post(f"/u/{mangled}").text


def test_a_link_that_is_hopeless_says_how_to_leave_otherwise(harbour: Harbour, client: httpx.Client) -> None:
    _, link = reader(harbour)
    for hopeless in (link[:-3], link.upper(), link.lower(), "/u/", "/anything"):
        answer = client.get(hopeless)
        assert answer.status_code == 404
        assert 'href="mailto:editor@gazette.example?subject=unsubscribe"' in answer.text


def test_a_token_of_another_key_or_purpose_is_not_found(harbour: Harbour, client: httpx.Client) -> None:
    person, link = reader(harbour)
    forged = sign_token(KEY + b"!", LinkToken(harbour.send, person, harbour.weekly))
    assert client.post(f"/u/{forged}").status_code == 404
    assert client.post(link.replace("/u/", "/v/")).status_code == 404
    for path in ("/view/", "/p/"):
        assert client.get(link.replace("/u/", path)).status_code == 404


def test_the_address_is_shown_in_part_and_markup_as_text(harbour: Harbour, client: httpx.Client) -> None:
    person = harbour.join("o'brien&co@bay.example")
    page = client.get(f"/u/{harbour.token(person)}").text
    assert "o•••@bay.example" in page
    assert "brien" not in page
    assert masked('"<b>"@bay.example') == '"•••@bay.example'


def test_every_answer_keeps_the_link_private(harbour: Harbour, client: httpx.Client) -> None:
    _, link = reader(harbour)
    answers = [
        client.get(link),
        client.post(link),
        client.post(link, data=ONE_CLICK),
        client.get("/u/x"),
        client.get("/healthz"),
        client.put(link),
    ]
    for answer in answers:
        headers = answer.headers
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-robots-tag"] == "noindex, nofollow"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert "set-cookie" not in headers
        assert "server" not in headers
    page = answers[0].text
    assert '<html lang="en">' in page
    assert "<script" not in page
    assert "http" not in page  # nothing is fetched from anywhere
    assert (
        answers[0].headers["content-security-policy"] != answers[1].headers["content-security-policy"]
    )  # a nonce is for once


def test_no_token_is_logged(harbour: Harbour, client: httpx.Client) -> None:
    _, link = reader(harbour)
    client.get(link)
    client.post(link, data=ONE_CLICK)
    client.get(f"/prefix{link}")
    client.get(link + "x")
    log = harbour.log.read_text()
    assert "POST /u/… 200" in log
    assert link.removeprefix("/u/")[:12] not in log
    paths = [shown(path, {"/healthz", "/u/"}) for path in ("/healthz", "/u/abc", "/x/u/abc")]
    assert paths == ["/healthz", "/u/…", "(other)"]


def test_a_large_body_is_not_read_to_its_end(harbour: Harbour) -> None:
    _, link = reader(harbour)
    host, port = httpx.URL(harbour.url).host, httpx.URL(harbour.url).port
    with socket.create_connection((host, port), timeout=120) as wire:
        wire.sendall(f"POST {link} HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\n".encode())
        wire.sendall(b"x" * 8192)
        assert wire.recv(100).startswith(b"HTTP/1.1 200")


def test_many_at_once_are_all_taken_off(harbour: Harbour, client: httpx.Client) -> None:
    people = [reader(harbour) for _ in range(60)]
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda each: client.post(each[1], data=ONE_CLICK), people))
    assert {answer.status_code for answer in answers} == {200}
    assert {harbour.status(person)[harbour.weekly][0] for person, _ in people} == {"unsubscribed"}


def test_a_locked_database_says_try_again_and_looking_still_works(
    harbour: Harbour, client: httpx.Client
) -> None:
    person, link = reader(harbour)
    with harbour.database.begin(), ThreadPoolExecutor(1) as pool:
        posting = pool.submit(httpx.post, harbour.url + link, data=ONE_CLICK, timeout=120)
        assert client.get(link).status_code == 200  # while the other waits
        answer = posting.result()
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "60"
    assert "nothing was changed" in answer.text
    assert harbour.status(person) == {harbour.weekly: ("subscribed", "test")}


def test_health_needs_no_token(client: httpx.Client) -> None:
    assert (client.get("/healthz").status_code, client.get("/healthz").text) == (200, "ok\n")


def test_the_link_in_a_mail_is_the_path_that_is_answered(harbour: Harbour) -> None:
    _, link = reader(harbour)
    for base in (harbour.url, harbour.url + "/"):
        assert httpx.get(link_url(base, Purpose.UNSUBSCRIBE, link.removeprefix("/u/"))).status_code == 200
    shown = link_url("https://gazette.example/news", Purpose.UNSUBSCRIBE, "abc")
    assert shown == "https://gazette.example/news/u/abc"


def test_the_workspaces_own_template_wins(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"SECRET_KEY=k\nDATABASE_URL={DATABASE}\n")
    (tmp_path / "templates" / "web").mkdir(parents=True)
    (tmp_path / "templates" / "web" / "unknown.html").write_text("<p>Our own page</p>")
    with serving(tmp_path, tmp_path / "log") as url:
        assert httpx.get(url + "/u/x").text == "<p>Our own page</p>"


def serve(root: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mailer", "-C", str(root), "serve", *options]
    return subprocess.run(command, capture_output=True, check=False, text=True, timeout=120)


def test_without_a_key_nothing_is_served(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"DATABASE_URL={DATABASE}\n")
    refused = serve(tmp_path)
    assert refused.returncode == 2
    assert "SECRET_KEY is not set" in refused.stderr
    assert "next: " in refused.stderr
    assert not (tmp_path / "mailer.db").exists()


def test_a_port_in_use_says_what_to_do(harbour: Harbour) -> None:
    port = str(httpx.URL(harbour.url).port)
    refused = serve(harbour.root, "--port", port)
    assert refused.returncode == 2
    assert f"port {port} on 127.0.0.1 is in use" in refused.stderr
    assert "--port" in refused.stderr
    assert serve(harbour.root, "--host", "192.0.2.1").returncode == 2
