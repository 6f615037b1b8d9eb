"""Feeds as they are met, made up anew: each is read without loss, and nothing of it does anything."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mailer.feeds.digest import Item, digest_issue
from mailer.feeds.entry import Entry, Feed, NoFeed
from mailer.feeds.reading import MOST_ENTRIES, MOST_OCTETS, read_feed
from mailer.workspace.bundled import templates_folder

ROOM = Path(__file__).parents[1] / "data" / "feeds" / "shapes.toml"
SHAPES: list[dict[str, Any]] = tomllib.loads(ROOM.read_text(encoding="utf-8"))["shape"]
ADDRESS = "https://quay.example/log/feed"
NOW = datetime(2026, 11, 29, 8, tzinfo=UTC)


def read(text: str, encoding: str = "utf-8") -> Feed:
    return read_feed(text.encode(encoding), ADDRESS, NOW)


def told(entry: Entry, names: list[str]) -> dict[str, str]:
    """Return what a shape tells of an entry."""
    found = {name: getattr(entry, name) for name in names}
    return {
        name: value.isoformat() if isinstance(value, datetime) else value or ""
        for name, value in found.items()
    }


@pytest.mark.parametrize("shape", SHAPES, ids=[each["name"] for each in SHAPES])
def test_every_shape_is_read_without_loss(shape: dict[str, Any]) -> None:
    if "refused" in shape:
        with pytest.raises(NoFeed, match=shape["refused"]):
            read(shape["text"])
        return
    feed = read(shape["text"], shape.get("encoding", "utf-8"))
    assert len(feed.entries) == len(shape["entries"])
    for entry, expected in zip(feed.entries, shape["entries"], strict=True):
        assert told(entry, list(expected)) == expected
    assert feed.language == shape.get("language", feed.language)
    assert "never" not in shape or shape["never"] not in repr(feed)
    if feed.entries:
        items = [Item(entry, feed) for entry in feed.entries]
        folders = [templates_folder()]
        written = digest_issue(items, 0, NOW.date(), folders, "digest", "en", full_text=True)
        assert not any(tag in written for tag in ("{{", "{%", "{#", "<script", "javascript:"))


def rss(items: str) -> str:
    return f'<rss version="2.0"><channel><title>Harbour log</title>{items}</channel></rss>'


def test_of_a_flood_the_newest_are_read() -> None:
    items = (
        f"<item><title>{n}</title><pubDate>{n % 28 + 1} Oct 2026 0{n % 9}:00:00 GMT</pubDate></item>"
        for n in range(300)
    )
    newest = "<item><title>new</title><pubDate>28 Nov 2026 08:00:00 GMT</pubDate></item>"
    feed = read(rss("".join(items) + newest))
    assert len(feed.entries) == MOST_ENTRIES
    assert "new" in {entry.title for entry in feed.entries}


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b" \n",
        b"<" * 1_000_000,
        b"<" * 5_000,
        b"<a>" * 5_000,
        b"[" * 100_000,
        b'{"version": "https://jsonfeed.org/version/1", "items": ' + b"[" * 100_000,
        b"\0\1\2\3",
        b"/etc/passwd",
        b"https://quay.example/other",
        b" " * (MOST_OCTETS + 1),
    ],
    ids=range(11),
)
def test_what_is_no_feed_is_said_to_be_none(octets: bytes) -> None:
    with pytest.raises(NoFeed):
        read_feed(octets, ADDRESS, NOW)


def test_elements_in_elements_without_end_are_read() -> None:
    deep = "&lt;blockquote&gt;" * 5_000 + "Tide"
    (entry,) = read(rss(f"<item><title>x</title><description>{deep}</description></item>")).entries
    assert entry.summary == "Tide"


def keys(item: str) -> set[str]:
    (entry,) = read(rss(f"<item>{item}</item>")).entries
    return set(entry.keys(ADDRESS))


BASE = "<title>Tide</title><link>https://quay.example/1</link>"


@pytest.mark.parametrize(
    "again",
    [
        f"{BASE}<guid>17</guid><pubDate>Sat, 28 Nov 2026 08:00:00 GMT</pubDate>",
        f"{BASE}<guid>another each time</guid>",
        "<title>Another title</title><link>https://quay.example/2</link><guid>17</guid>",
        "<title>Tide</title><link>http://quay.example/1/</link>",
    ],
    ids=["dated anew", "a new id", "written anew", "moved to TLS"],
)
def test_an_entry_is_known_again(again: str) -> None:
    assert keys(f"{BASE}<guid>17</guid>") & keys(again)


def test_another_entry_is_another() -> None:
    here = keys(f"{BASE}<guid>17</guid>")
    assert not here & keys("<title>Ebb</title><link>https://quay.example/1</link><guid>18</guid>")
    (entry,) = read(rss(f"<item>{BASE}<guid>17</guid></item>")).entries
    other = Entry("17", "x", "", None, "", "", "", "")
    assert not set(entry.keys(ADDRESS)) & set(other.keys("https://other.example/feed"))
