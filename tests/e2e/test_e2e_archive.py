"""The archive: what was sent as pages, feeds and a static site, by the commands and a browser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from xml.etree import ElementTree

import feedparser
import httpx
import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from browser import WIDEST
from browser import browser as browser
from harbour_workspace import Workspace
from lxml import html
from pictures import picture
from playwright.sync_api import Browser, Request

from mailer.sandbox.scripted_server import ScriptedServer, rehearsal

ROOT = "https://gazette.example/archive/"
ATOM = "{http://www.w3.org/2005/Atom}"
CONTENTS = ("{http://purl.org/rss/1.0/modules/content/}encoded", f"{ATOM}content")
ATTRIBUTES = "[...document.querySelectorAll('*')].flatMap(each => each.getAttributeNames())"
XSS = [
    "<script>alert(1)</script>",
    "<img src=quay.png onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    '<a href="javascript:alert(1)">a</a>',
    '<a href="data:text/html,<script>alert(1)</script>">b</a>',
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<math><mtext><table><mglyph><style><img src=quay.png onerror=alert(1)></style></mglyph>",
    "<style>@import 'https://evil.example/x.css'; body{background:url(https://evil.example/y)}</style>",
    '<p style="background:url(https://evil.example/z)">c</p>',
    "<form action=https://evil.example><button>d</button></form>",
    "<details open ontoggle=alert(1)>e</details>",
    '<meta http-equiv="refresh" content="0;url=https://evil.example">',
    '<base href="https://evil.example/">',
    "</style><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    '"><script>alert(1)</script>',
    "<noscript><p title='</noscript><img src=quay.png onerror=alert(1)>'></noscript>",
]


@dataclass(frozen=True)
class Sent:
    """A workspace that sent some issues, and `mailer serve` on it."""

    workspace: Workspace
    url: str

    def get(self, path: str, **options: object) -> httpx.Response:
        return httpx.get(f"{self.url}/archive/{path}", timeout=120, **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sent]:
    folder = tmp_path_factory.mktemp("archive")
    workspace = Workspace(folder / "workspace", {"BASE_URL": "https://gazette.example"})
    (workspace.root / "issues").mkdir(parents=True)
    (workspace.root / ".env").write_text("POSTAL_ADDRESS=1 Quay Street\nSECRET_KEY=not-so-secret\n")
    (workspace.root / "issues/quay.png").write_bytes(picture("PNG", 64, 32))
    issues = {
        "clock": "title: The clock & the <quay>\ndescription: It strikes.\n---\nTwelve.\n\n![Q](quay.png)",
        "herring": "title: Herring\n---\nHello {{ subscriber.name|default('reader') }}, herring at the quay.",
        "board": "title: For us alone\narchive: false\n---\nNot for everybody.",
        "dear": "title: Dear\n---\nDear {{ subscriber.email }}.",
        "hostile": f"title: {json.dumps(XSS[0] + XSS[1])}\n---\n" + "\n\n".join(XSS),
    }
    with rehearsal(ScriptedServer(log=folder / "accepted.log")) as server:
        workspace.settings["SMTP_PORT"] = str(server.port)
        title = "Harbour <Gazette>"
        workspace.run("lists", "create", "weekly", "--title", title, "--public", "--description", "The quay.")
        workspace.people(2)
        for name, text in issues.items():
            workspace.issue(f"---\nlist: weekly\n{text}\n", f"{name}.md")
            done = workspace.run("send-issue", name, "--yes", "--force")
            assert ("not in the archive" in done.stderr + done.stdout) == (name == "dear")
    with workspace.serving() as url:
        yield Sent(workspace, url)


def test_the_index_and_the_issues(sent: Sent) -> None:
    assert ">Harbour &lt;Gazette&gt;<" in sent.get("").text
    index = sent.get("weekly/")
    slugs = re.findall(r'href="\d{4}/([a-z]+)/"', index.text)
    assert slugs == ["hostile", "herring", "clock"]
    page = sent.get(path_of(sent, "herring"))
    assert "Hello reader, herring" in page.text
    assert 'rel="prev"' in page.text
    assert 'rel="next"' in page.text
    assert "Unsubscribe" not in page.text
    assert f'<link rel="canonical" href="{ROOT}{path_of(sent, "herring")}">' in page.text
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "script-src" not in page.headers["content-security-policy"]
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert "base-uri 'none'" in page.headers["content-security-policy"]
    assert page.headers["x-robots-tag"] == "all"
    year = path_of(sent, "clock").split("/")[1]
    for path in (
        "nowhere/",
        "weekly/1999/clock/",
        f"weekly/{year}/dear/",
        f"weekly/{year}/board/",
        "weekly/x",
    ):
        assert sent.get(path).status_code == 404


def path_of(sent: Sent, slug: str) -> str:
    rows = sent.workspace.data("archive", "list")
    (sent_on,) = [row["sent"] for row in rows if row["issue"] == slug]
    return f"weekly/{sent_on[:4]}/{slug}/"


def test_whoever_has_a_page_is_not_sent_it_again(sent: Sent) -> None:
    path = path_of(sent, "clock")
    first = sent.get(path)
    again = sent.get(path, headers={"If-None-Match": f'"other", W/{first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    led = sent.get(path.rstrip("/"))
    assert led.status_code == 308
    assert led.next_request is not None
    assert str(led.next_request.url) == f"{sent.url}/archive/{path}"
    assert httpx.head(f"{sent.url}/archive/{path}").headers["etag"] == first.headers["etag"]
    assert httpx.post(f"{sent.url}/archive/{path}").status_code == 405


def test_the_picture_is_beside_the_page(sent: Sent) -> None:
    path = path_of(sent, "clock")
    page = sent.get(path).text
    assert 'src="image-1.png"' in page
    assert f'<meta property="og:image" content="{ROOT}{path}image-1.png">' in page
    shown = sent.get(f"{path}image-1.png")
    assert shown.headers["content-type"] == "image/png"
    assert shown.content == (sent.workspace.root / "issues/quay.png").read_bytes()


def test_search_finds_by_words_and_is_in_no_index(sent: Sent) -> None:
    found = sent.get("weekly/search", params={"q": "TWEL"})
    assert re.findall(r'href="\d{4}/([a-z]+)/"', found.text) == ["clock"]
    assert found.headers["x-robots-tag"] == "noindex"
    assert "&lt;script&gt;" in sent.get("weekly/search", params={"q": "<script>alert(1)</script>"}).text
    assert "Not for everybody" not in sent.get("weekly/search", params={"q": "everybody"}).text


@pytest.mark.parametrize("name", ["atom.xml", "rss.xml"])
def test_feeds_are_what_feed_readers_take(sent: Sent, name: str) -> None:
    feed = feedparser.parse(sent.get(f"weekly/{name}").content)
    assert not feed.bozo
    assert feed.feed.title == "Harbour <Gazette>"
    assert feed.feed.link == f"{ROOT}weekly/"
    assert [entry.link for entry in feed.entries] == [
        f"{ROOT}{path_of(sent, slug)}" for slug in ("hostile", "herring", "clock")
    ]
    assert len({entry.id for entry in feed.entries}) == 3
    clock = feed.entries[2]
    assert clock.title == "The clock & the <quay>"
    assert clock.summary == "It strikes."
    assert clock.published_parsed
    assert f'src="{ROOT}{path_of(sent, "clock")}image-1.png"' in clock.content[0].value
    for entry in feed.entries:
        assert "<script" not in entry.content[0].value
        assert "onerror" not in re.sub(r"&[^;]+;[^<]*", "", entry.content[0].value)


def test_atom_has_what_rfc_4287_asks_for(sent: Sent) -> None:
    root = ElementTree.fromstring(sent.get("weekly/atom.xml").content)
    for node in (root, *root.findall(f"{ATOM}entry")):
        for name in ("id", "title", "updated"):
            assert len(node.findall(f"{ATOM}{name}")) == 1
        updated = node.findtext(f"{ATOM}updated") or ""
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", updated)
    assert root.find(f"{ATOM}author/{ATOM}name") is not None
    selves = [link.get("href") for link in root.findall(f"{ATOM}link") if link.get("rel") == "self"]
    assert selves == [f"{ROOT}weekly/atom.xml"]


@pytest.mark.parametrize("name", ["atom.xml", "rss.xml"])
def test_feeds_keep_what_the_w3c_validator_asks_of_both(sent: Sent, name: str) -> None:
    """Those of validator.w3.org/feed/docs that could be broken here, by the names that they have there."""
    answer = sent.get(f"weekly/{name}")
    assert answer.headers["content-type"] == f"application/{name.removesuffix('.xml')}+xml; charset=utf-8"
    root = ElementTree.fromstring(answer.content)
    assert [link.get("href") for link in root.iter(f"{ATOM}link") if link.get("rel") == "self"] == [
        f"{ROOT}weekly/{name}"  # MissingAtomSelfLink, SelfDoesntMatchLocation
    ]
    ids = [each.text or "" for tag in ("guid", f"{ATOM}id") for each in root.iter(tag)]
    assert len(ids) == len(set(ids)) and all(each.startswith("https://") for each in ids)  # DuplicateEntries
    texts = [each.text or "" for tag in CONTENTS for each in root.iter(tag)]
    assert len(texts) == 3
    for text in texts:
        page = html.fromstring(f"<div>{text}</div>")
        addresses = [value for each in page.iter() for key, value in each.items() if key in ("src", "href")]
        relative = [
            each
            for each in addresses
            if not each.startswith(("https://", "http://", "data:", "mailto:", "#"))
        ]
        assert relative == []  # ContainsRelRef
        assert not list(page.iter("script", "iframe", "object", "embed", "meta"))  # SecurityRisk
    for title in [each.text or "" for tag in ("title", f"{ATOM}title") for each in root.iter(tag)]:
        assert not re.search(r"&(?:amp|lt|gt|#\d+);", title)  # ContainsHTML, CharacterDataEscaped


def test_rss_has_what_its_channel_and_items_need(sent: Sent) -> None:
    (channel,) = ElementTree.fromstring(sent.get("weekly/rss.xml").content)
    for name in ("title", "link", "description", "language", "lastBuildDate"):
        assert len(channel.findall(name)) == 1  # MissingElement, DuplicateElement
    assert channel.findtext("language") == "en"  # InvalidLanguage
    for item in channel.findall("item"):
        assert all(
            len(item.findall(name)) == 1 for name in ("title", "link", "guid", "pubDate", "description")
        )
        assert item.findtext("guid") == item.findtext("link")  # InvalidPermalink
    for each in (*channel.iter("pubDate"), *channel.iter("lastBuildDate")):
        assert re.fullmatch(
            r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}", each.text or ""
        )
        assert parsedate_to_datetime(each.text or "") <= datetime.now(
            UTC
        )  # InvalidRFC2822Date, ImplausibleDate


def test_json_feed_and_sitemap(sent: Sent) -> None:
    feed = sent.get("weekly/feed.json").json()
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert [item["url"] for item in feed["items"]][2] == f"{ROOT}{path_of(sent, 'clock')}"
    root = ElementTree.fromstring(sent.get("sitemap.xml").content)
    places = [each.text for each in root.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
    assert places[:2] == [ROOT, f"{ROOT}weekly/"]
    assert len(places) == 5


def strange(request: Request) -> bool:
    return "evil" in request.url and request.resource_type != "image"


def test_nothing_runs_and_nobody_is_asked(sent: Sent, browser: Browser) -> None:
    said: list[str] = []
    with browser.new_context(base_url=sent.url) as context:
        page = context.new_page()
        page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
        # An issue may show images from anywhere, as in the mail; it fetches nothing else.
        page.on("request", lambda asked: said.append(asked.url) if strange(asked) else None)
        for path in (path_of(sent, "hostile"), "weekly/", "weekly/search?q=<script>alert(1)</script>", ""):
            page.goto(f"/archive/{path}", wait_until="load")
            assert page.url.startswith(sent.url)
            assert page.locator("script, iframe, object, embed, base, meta[http-equiv]").count() == 0
            assert [name for name in page.evaluate(ATTRIBUTES) if name.startswith("on")] == []
    assert said == []


def test_pages_can_be_read_by_anybody(sent: Sent, browser: Browser) -> None:
    paths = ("", "weekly/", path_of(sent, "clock"), "weekly/search?q=clock")
    for width, scheme in ((320, "light"), (1200, "dark")):
        with browser.new_context(
            base_url=sent.url,
            bypass_csp=True,  # for axe alone
            viewport={"width": width, "height": 700},
            color_scheme="dark" if scheme == "dark" else "light",
        ) as context:
            page = context.new_page()
            for path in paths:
                page.goto(f"/archive/{path}")
                widest = page.evaluate(WIDEST)
                assert widest <= width
                page.evaluate(Path(AXE_FILE_PATH).read_text(encoding="utf-8"))
                found = page.evaluate("axe.run({ resultTypes: ['violations'] })")["violations"]
                serious = [each["id"] for each in found if each["impact"] in ("serious", "critical")]
                assert serious == [], path


def test_the_static_site_is_the_same_and_takes_the_place_of_the_last_one(sent: Sent, tmp_path: Path) -> None:
    site = tmp_path / "public" / "archive"
    for _ in range(2):
        done = sent.workspace.run("archive", "build", site)
        assert "5 pages" in done.stdout
    path = path_of(sent, "clock")
    assert (site / path / "index.html").read_text() == sent.get(path).text
    assert (site / path / "image-1.png").read_bytes() == sent.get(f"{path}image-1.png").content
    assert (site / "weekly/atom.xml").read_bytes() == sent.get("weekly/atom.xml").content
    assert 'role="search"' not in (site / "weekly/index.html").read_text()
    assert sorted(each.name for each in site.parent.iterdir()) == ["archive"]
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("my work")
    refused = sent.workspace.run("archive", "build", mine, expect=2)
    assert "something else" in refused.stderr
    assert (mine / "thesis.txt").read_text() == "my work"
    elsewhere = sent.workspace.run("archive", "build", site, "--address", "https://quay.example/old")
    assert "https://quay.example/old/" in elsewhere.stdout
    assert "https://quay.example/old/weekly/" in (site / "sitemap.xml").read_text()


def test_what_is_hidden_is_gone_from_every_page(sent: Sent) -> None:
    path = path_of(sent, "herring")
    sent.workspace.run("archive", "hide", "herring")
    eventually_gone(sent, path)
    assert "Herring" not in sent.get("weekly/").text
    assert "Herring" not in sent.get("weekly/atom.xml").text
    sent.workspace.run("archive", "show", "herring")
    assert [row["issue"] for row in sent.workspace.data("archive", "list")] == ["hostile", "herring", "clock"]
    left_out = sent.workspace.run("archive", "show", "dear", expect=3)
    assert "subscriber.email" in left_out.stderr
    unknown = sent.workspace.run("archive", "hide", "nothing", expect=2)
    assert "mailer status" in unknown.stderr


def eventually_gone(sent: Sent, path: str) -> None:
    """Wait until pages that were kept are looked at again."""
    while sent.get(path).status_code != 404:
        pass
