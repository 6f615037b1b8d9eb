"""Documents read from servers on loopback: once, bounded; and never anything private, whatever is said."""

from __future__ import annotations

import gzip
import re
import ssl
from collections.abc import Iterator
from ipaddress import ip_network

import pytest
import trustme
from web_site import LOOPBACK, Page, WebSite, web_site

from mailer.online.document import Document, Failed, Wanted, read_documents
from mailer.online.public import Network

pytestmark = pytest.mark.peers

OWN = [ip_network(LOOPBACK)]
MOST = 10_000


@pytest.fixture(scope="module")
def server() -> Iterator[WebSite]:
    with web_site() as made:
        yield made


@pytest.fixture
def site(server: WebSite) -> WebSite:
    server.pages.clear()
    server.asked.clear()
    return server


def read(
    wanted: str | Wanted, allowed: list[Network] = OWN, context: ssl.SSLContext | None = None
) -> Document | Failed:
    asked = Wanted(wanted) if isinstance(wanted, str) else wanted
    (found,) = read_documents([asked], MOST, allowed=allowed, context=context, seconds=5)
    return found


def why(wanted: str, allowed: list[Network] = OWN) -> str:
    found = read(wanted, allowed)
    assert isinstance(found, Failed), found
    return found.words


def test_what_is_new_is_read_and_what_is_not_is_not(site: WebSite) -> None:
    fields = {
        "ETag": '"1"',
        "Last-Modified": "Fri, 27 Nov 2026 08:00:00 GMT",
        "Content-Type": "application/rss+xml",
    }
    site.pages["/feed"] = Page(b"tide", fields=fields)
    found = read(site.at("/feed"))
    assert found == Document(
        site.at("/feed"), "", b"tide", "application/rss+xml", '"1"', fields["Last-Modified"]
    )
    again = read(Wanted(site.at("/feed"), found.etag, found.last_modified))
    assert isinstance(again, Document)
    assert (again.octets, again.etag, again.last_modified) == (None, '"1"', fields["Last-Modified"])
    assert site.asked[1][1]["If-Modified-Since"] == fields["Last-Modified"]
    site.pages["/feed"] = Page(b"ebb", fields={"ETag": '"2"'})
    later = read(Wanted(site.at("/feed"), '"1"', ""))
    assert isinstance(later, Document)
    assert later.octets == b"ebb"


@pytest.mark.parametrize("name", ["gzip", "a file that is gzip", "twice", "chunked"])
def test_what_is_packed_is_unpacked(site: WebSite, name: str) -> None:
    packed = gzip.compress(b"tide" * 1_000)
    site.pages["/feed"] = {
        "gzip": Page(packed, fields={"Content-Encoding": "gzip"}),
        "a file that is gzip": Page(packed),
        "twice": Page(gzip.compress(packed), fields={"Content-Encoding": "gzip"}),
        "chunked": Page(
            b"7d0\r\n" + b"tide" * 500 + b"\r\n7d0\r\n" + b"tide" * 500 + b"\r\n0\r\n\r\n",
            fields={"Transfer-Encoding": "chunked"},
        ),
    }[name]
    found = read(site.at("/feed"))
    assert isinstance(found, Document)
    assert found.octets == b"tide" * 1_000


def test_what_is_too_much_is_left(site: WebSite) -> None:
    site.pages["/long"] = Page(b"x" * (MOST + 1))
    site.pages["/bomb"] = Page(gzip.compress(b"x" * 5_000_000), fields={"Content-Encoding": "gzip"})
    assert why(site.at("/long")) == why(site.at("/bomb")) == "it is larger than 0.01 MB"


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (Page(status=404), "the server says 404 Not Found"),
        (Page(status=503), "the server says 503 Service Unavailable"),
        (Page(b"\x1f\x8bno gzip"), "its answer can't be read"),
        (Page(status=302), "the server says 302 Found"),
        (Page(b"x", fields={"X": "y" * 200_000}), "its answer can't be read"),
        (Page(b"zz", fields={"Transfer-Encoding": "chunked"}), "can't be read|too soon"),
    ],
    ids=range(6),
)
def test_what_can_t_be_had_is_said(site: WebSite, page: Page, words: str) -> None:
    site.pages["/feed"] = page
    assert re.search(words, why(site.at("/feed")))


def test_only_a_way_that_leads_on_for_good_is_kept(site: WebSite) -> None:
    site.pages |= {
        "/moved": Page(status=301, fields={"Location": "/there"}),
        "/there": Page(status=308, fields={"Location": site.at("/feed")}),
        "/today": Page(status=302, fields={"Location": "/there"}),
        "/then-today": Page(status=301, fields={"Location": "/today"}),
        "/round": Page(status=301, fields={"Location": "/round"}),
        "/feed": Page(b"tide"),
    }
    moved = {path: read(site.at(path)) for path in ("/moved", "/today", "/then-today")}
    assert all(isinstance(each, Document) and each.octets == b"tide" for each in moved.values())
    assert {path: each.moved_to for path, each in moved.items() if isinstance(each, Document)} == {
        "/moved": site.at("/feed"),
        "/today": "",
        "/then-today": site.at("/today"),
    }
    assert why(site.at("/round")) == "it is redirected more than 5 times"


@pytest.mark.parametrize(
    "place",
    [
        "http://127.0.0.1:{}/feed",
        "https://127.0.0.1:{}/feed",
        "https://localhost:{}/feed",
        "https://[::ffff:127.0.0.1]:{}/feed",
        "https://2130706433:{}/feed",
        "https://10.0.0.1/feed",
        "https://169.254.169.254/latest/meta-data",
        "https://0.0.0.0:{}/feed",
    ],
)
def test_nothing_private_is_asked(site: WebSite, place: str) -> None:
    site.pages["/feed"] = Page(b"tide")
    assert "private network" in (words := why(place.format(site.port), [])) or "it is http" in words
    assert site.asked == []


def test_nor_where_a_redirect_leads(site: WebSite) -> None:
    """The network of the one server is allowed, that of the other is not."""
    site.pages["/feed"] = Page(status=301, fields={"Location": f"https://127.0.0.2:{site.port}/private"})
    assert "private network" in why(site.at("/feed"), [ip_network("127.0.0.1/32")])
    site.pages["/feed"] = Page(status=301, fields={"Location": f"http://127.0.0.2:{site.port}/private"})
    assert "it is http" in why(site.at("/feed"), [ip_network("127.0.0.1/32")])
    site.pages["/feed"] = Page(status=301, fields={"Location": "file:///etc/passwd"})
    assert "no address of the web" in why(site.at("/feed"))
    assert [path for path, _ in site.asked] == ["/feed"] * 3


def test_a_certificate_has_to_be_trusted() -> None:
    authority = trustme.CA()
    own, trusting = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(own)
    authority.configure_trust(trusting)
    with web_site(own) as site:
        site.pages["/feed"] = Page(b"tide")
        assert isinstance(read(site.at("/feed"), context=trusting), Document)
        assert "certificate" in why(site.at("/feed"))


def test_an_etag_that_no_request_can_hold_is_not_kept(site: WebSite) -> None:
    site.pages["/feed"] = Page(b"tide", fields={"ETag": "x" * 2_000, "Last-Modified": "caf\xe9"})
    found = read(site.at("/feed"))
    assert isinstance(found, Document)
    assert (found.etag, found.last_modified) == ("", "")
