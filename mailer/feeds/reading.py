"""A feed from its octets: Atom, RSS and RDF by feedparser, JSON Feed by its own few lines.

Whatever it is, reading is bounded: so many octets, entries and characters, and no address is opened.
"""

from __future__ import annotations

import re
from calendar import timegm
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from html import escape
from io import BytesIO
from time import struct_time
from typing import Any

import feedparser

from mailer.feeds.cleaning import (
    MOST_SUMMARY,
    MOST_TITLE,
    clean_html,
    first_image,
    one_line,
    plain,
    text_as_html,
    web_address,
)
from mailer.feeds.entry import Entry, Feed, NoFeed, RawFeed
from mailer.feeds.json_feed import is_json, read_json

MOST_OCTETS = 5_000_000
MOST_TAGS = 100_000  # feedparser takes some 30 µs for each
MOST_ENTRIES = 200  # of one feed
MOST_FULL = 200_000  # characters of one entry, before it is cleaned
EARLIEST = datetime(1995, 1, 1, tzinfo=UTC)  # no feed is older; what is, is a clock that was never set
_LAST = datetime.max.replace(tzinfo=UTC)
AHEAD = timedelta(days=1)  # a date further on is a mistake, or an announcement: no day that it came out on

_MAILBOX = re.compile(r"\S+@\S+")


def read_feed(octets: bytes, address: str, now: datetime, content_type: str = "") -> Feed:
    """Return the feed that stood at `address`; NoFeed for anything else.

    Dates that can't be meant are left out. `content_type` is what the server called it.
    """
    if len(octets) > MOST_OCTETS:
        raise NoFeed(f"is larger than {MOST_OCTETS // 1_000_000} MB")
    if not octets.strip():
        raise NoFeed("is empty")
    raw = read_json(octets) if is_json(octets) else _read_xml(octets, address, content_type)
    entries = (make_entry(each, address, now) for each in _newest(raw.entries))
    return Feed(
        plain(raw.title, MOST_TITLE),
        web_address(raw.link, address) if raw.link else "",
        raw.language,
        tuple(each for each in entries if each.title),
    )


def _newest(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return as many entries as are looked at: the newest, where there are more, and those without a date."""
    if len(entries) <= MOST_ENTRIES:
        return entries
    return sorted(entries, key=lambda each: each["date"] or _LAST, reverse=True)[:MOST_ENTRIES]


def _read_xml(octets: bytes, address: str, content_type: str) -> RawFeed:
    if octets.count(b"<") > MOST_TAGS:
        raise NoFeed(f"has more than {MOST_TAGS:,} tags")
    headers = {"content-location": address, "content-type": content_type or "application/xml"}
    # As a file: feedparser would open what it takes for an address, or for the name of a file.
    try:
        found = feedparser.parse(
            BytesIO(octets), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
    except Exception as error:  # it is made for broken feeds, and not for every one of them
        raise NoFeed(f"can't be read ({type(error).__name__})") from None
    if not (found.get("version") or found.entries):
        start = octets[:1000].lower()
        raise NoFeed(
            "is a web page and no feed; look in its source for the address of one (application/rss+xml)"
            if b"<html" in start or b"<!doctype html" in start
            else "is no feed (Atom, RSS or JSON Feed)"
        )
    about = found.feed
    return RawFeed(
        _html(about.get("title_detail") or {}),
        str(about.get("link") or ""),
        str(about.get("language") or ""),
        [_raw(each, address) for each in found.entries],
    )


def _raw(found: dict[str, Any], address: str) -> dict[str, Any]:
    """Return what feedparser found, by the names that `make_entry` knows."""
    summary = found.get("summary_detail") or {}
    contents = [each for each in found.get("content") or [] if _is_text(each)]
    detail = max(contents, key=lambda each: len(each.get("value") or ""), default=summary)
    return {
        "id": found.get("id"),
        "title": _html(found.get("title_detail") or {}),
        "link": found.get("link"),
        # Asked as a dict: feedparser itself would take the one for the other.
        "date": _moment(dict.get(found, "published_parsed")) or _moment(dict.get(found, "updated_parsed")),
        "author": escape(_author(found)),
        "summary": _html(summary) if contents else "",
        "full": _html(detail),
        "base": detail.get("base") or address,
        "image": next(iter(_pictures(found)), ""),
    }


def _author(found: Mapping[str, Any]) -> str:
    """Return who wrote it, without their address: RSS has the two in one, as `ada@quay.example (Ada)`."""
    named = str(found.get("author") or "")
    return _MAILBOX.sub("", named).strip(" ()<>") if "@" in named else named


def _is_text(detail: Mapping[str, Any]) -> bool:
    return str(detail.get("type", "")).startswith(("text/", "application/xhtml"))


def _html(detail: Mapping[str, Any]) -> str:
    """Return as HTML what feedparser found: text is text, whatever stands in it."""
    value = str(detail.get("value") or "")[:MOST_FULL]
    return text_as_html(value) if detail.get("type") == "text/plain" else value


def _pictures(found: Mapping[str, Any]) -> Iterable[str]:
    for each in found.get("media_thumbnail") or []:
        yield str(each.get("url") or "")
    for each in (*(found.get("media_content") or []), *(found.get("enclosures") or [])):
        if "image" in (each.get("medium"), str(each.get("type") or "").partition("/")[0]):
            yield str(each.get("url") or each.get("href") or "")


def _moment(parsed: struct_time | None) -> datetime | None:
    try:
        return datetime.fromtimestamp(timegm(parsed), UTC) if parsed else None
    except (ValueError, OverflowError, OSError, TypeError):
        return None


def make_entry(raw: Mapping[str, Any], address: str, now: datetime) -> Entry:
    """Return the entry of the feed at `address` that `raw` tells of, by the names of Entry's fields.

    `base` is the address that those in its HTML go by, if another one.
    """
    base = web_address(str(raw.get("base") or ""), address) or address
    text = {name: str(raw.get(name) or "")[:MOST_FULL] for name in ("id", "title", "link", "author", "image")}
    full = clean_html(str(raw.get("full") or "")[:MOST_FULL], base)
    summary = plain(str(raw.get("summary") or "")[:MOST_FULL], MOST_SUMMARY) or plain(full, MOST_SUMMARY)
    link = web_address(text["link"], address) if text["link"] else ""
    date = raw.get("date")
    return Entry(
        id=one_line(text["id"], MOST_FULL),
        title=plain(text["title"], MOST_TITLE) or one_line(summary, 80) or link,
        link=link or (text["id"] if web_address(text["id"], "") else ""),
        date=date if date and EARLIEST <= date <= now + AHEAD else None,
        author=plain(text["author"], MOST_TITLE),
        summary=summary,
        full=full,
        image=(web_address(text["image"], base) if text["image"] else "") or first_image(full),
    )
