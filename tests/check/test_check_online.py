"""Links tried against servers on loopback; and never anything private, whatever a name or redirect says."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_network

import pytest
import trustme

from mailer.online.probe import probe
from mailer.online.public import may_try

pytestmark = pytest.mark.peers

LOOPBACK = [ip_network("127.0.0.0/8")]


class Site:
    """A web server that answers by the path: /<status>, /<status>?to=<location>, /hush, /garbage, …"""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.port = 0
        self.most = 0
        self._open = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        self.most = max(self.most, self._open)
        try:
            method, target, _ = (await reader.readuntil(b"\r\n\r\n")).decode().split(" ", 2)
            self.asked.append(f"{method} {target}")
            await self._answer(method, target, writer)
        except (asyncio.CancelledError, ConnectionError):
            pass  # the test is over, or the other side has heard enough
        finally:
            self._open -= 1
            writer.close()

    async def _answer(self, method: str, target: str, writer: asyncio.StreamWriter) -> None:
        path, _, query = target.partition("?to=")
        if path == "/hush":
            await asyncio.sleep(30)
        elif path == "/garbage":
            writer.write(b"220 mail.example ESMTP\r\n\r\n")
        elif path == "/drip":
            while True:
                writer.write(b"x")
                await asyncio.sleep(0.05)
        elif path == "/fields":
            writer.write(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 150 + b"\r\n")
        elif path == "/endless":
            writer.write(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000)
        else:
            status = (
                405
                if path == "/get-only" and method == "HEAD"
                else int(path[1:4])
                if path[1:4].isdigit()
                else 200
            )
            location = f"Location: {query}\r\n" if query else ""
            await asyncio.sleep(0.02)
            writer.write(f"HTTP/1.1 {status} Whatever\r\n{location}Content-Length: 9\r\n\r\n".encode())
        await writer.drain()


@contextmanager
def served(context: ssl.SSLContext | None = None) -> Iterator[Site]:
    site = Site()
    started, loop = threading.Event(), asyncio.new_event_loop()
    stop = asyncio.Event()

    async def run() -> None:
        async with await asyncio.start_server(site.serve, "127.0.0.1", 0, ssl=context) as server:
            site.port = server.sockets[0].getsockname()[1]
            started.set()
            await stop.wait()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    started.wait()
    try:
        yield site
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def tried(site: Site, *paths: str, **given: object) -> dict[str, str]:
    base = f"http://127.0.0.1:{site.port}"
    found = probe([base + path for path in paths], allowed=LOOPBACK, **given)  # type: ignore[arg-type]
    return {address.removeprefix(base): reason for address, reason in found.items()}


def test_what_is_dead_is_told_with_the_reason() -> None:
    with served() as site:
        found = tried(site, "/200", "/404", "/410", "/500", "/garbage", "/x%20y?q=%C3%BC#part")
    assert found == {
        "/404": "the server says 404 Not Found",
        "/410": "the server says 410 Gone",
        "/500": "the server says 500 Internal Server Error",
        "/garbage": "it can't be tried: the answer is no HTTP",
    }
    assert "HEAD /x%20y?q=%C3%BC" in site.asked


def test_head_first_and_get_only_where_that_is_refused() -> None:
    with served() as site:
        assert tried(site, "/get-only", "/200") == {}
    assert sorted(site.asked) == ["GET /get-only", "HEAD /200", "HEAD /get-only"]


@pytest.mark.parametrize("status", [401, 403, 429, 999])
def test_a_server_that_does_not_tell_is_not_called_dead(status: int) -> None:
    with served() as site:
        assert tried(site, f"/{status}") == {}


def test_redirects_are_followed_and_not_for_ever() -> None:
    with served() as site:
        found = tried(
            site, "/301?to=/302?to=/200", "/302?to=/404", "/307?to=/307?to=", "/301?to=mailto:a@b.example"
        )
        loop = tried(site, "/308?to=http://127.0.0.1:" + str(site.port) + "/308")
    assert found["/302?to=/404"] == "the server says 404 Not Found"
    assert "mailto:" in found["/301?to=mailto:a@b.example"]
    assert "/301?to=/302?to=/200" not in found
    assert loop == {}  # a redirect without a Location is an answer


def test_a_circle_of_redirects_ends() -> None:
    with served() as site:
        (reason,) = tried(site, "/301?to=" + "/301?to=" * 9 + "/200").values()
    assert reason == "it is redirected more than 5 times"


@pytest.mark.parametrize("path", ["/hush", "/drip"])
def test_a_server_that_says_nothing_is_left_after_a_while(path: str) -> None:
    with served() as site:
        (reason,) = tried(site, path, seconds=0.4).values()
    assert "no answer in 0.4 s" in reason


def test_a_head_without_an_end_is_not_read() -> None:
    with served() as site:
        assert tried(site, "/endless") == {"/endless": "there is no answer"}


def test_a_head_with_too_many_fields_stops_no_other() -> None:
    with served() as site:
        assert tried(site, "/fields", "/200", "/404") == {
            "/fields": "its answer can't be read",
            "/404": "the server says 404 Not Found",
        }


def test_two_at_a_time_for_one_server() -> None:
    with served() as site:
        assert tried(site, *(f"/200/{number}" for number in range(12))) == {}
    assert len(site.asked) == 12
    assert site.most == 2


def test_nobody_there_and_no_such_name() -> None:
    with served() as site:
        pass
    found = probe(
        [f"http://127.0.0.1:{site.port}/", "http://no..where/", "http://[x/", "https://"],
        allowed=LOOPBACK,
    )
    assert found[f"http://127.0.0.1:{site.port}/"] == "there is no answer"
    assert found["http://no..where/"] == "there is no such host"
    assert len(found) == 4


def test_certificates_are_verified() -> None:
    authority = trustme.CA()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(server)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    with served(server) as site:
        address = f"https://127.0.0.1:{site.port}/200"
        assert probe([address], allowed=LOOPBACK, context=trusting) == {}
        assert "certificate" in probe([address], allowed=LOOPBACK)[address]


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"]
)
def test_this_machine_is_never_asked(host: str) -> None:
    with served() as site:
        (reason,) = probe([f"http://{host}:{site.port}/200"]).values()
    assert site.asked == []
    assert "private" in reason or "no such host" in reason or "no answer" in reason


def test_a_redirect_into_a_private_network_is_not_followed() -> None:
    with served() as site:
        (reason,) = tried(site, "/302?to=http://10.0.0.1/latest/meta-data").values()
        (other,) = tried(site, f"/302?to=http://[::1]:{site.port}/200").values()
    assert "private network" in reason
    assert "private network" in other
    assert len(site.asked) == 2


@pytest.mark.parametrize(
    ("address", "may"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("10.1.2.3", False),
        ("192.168.0.1", False),
        ("172.16.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:93.184.216.34", True),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("64:ff9b::5db8:d822", True),
        ("2002:5db8:d822::", True),
        ("2a00:1450:4001::1", True),
        ("64:ff9b:1::7f00:1", False),
        ("64:ff9b:1::5db8:d822", False),
        ("::127.0.0.1", False),
        ("::93.184.216.34", False),
        ("100::1", False),
        ("2001:db8::1", False),
        ("2001:2::1", False),
        ("2001:20::1", False),
        ("3fff::1", False),
        ("4000::1", False),
        ("5f00::1", False),
        ("fec0::1", False),
        ("ff02::1", False),
    ],
)
def test_which_addresses_are_public(address: str, may: bool) -> None:
    assert may_try(address) is may


def test_what_is_allowed_is_allowed_and_no_more() -> None:
    assert may_try("10.1.2.3", [ip_network("10.1.0.0/16")])
    assert may_try("::ffff:10.1.2.3", [ip_network("10.1.0.0/16")])
    assert not may_try("10.2.2.3", [ip_network("10.1.0.0/16"), ip_network("fd00::/8")])
