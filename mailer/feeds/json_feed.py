"""JSON Feed (jsonfeed.org, versions 1 and 1.1)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any

from mailer.feeds.cleaning import text_as_html
from mailer.feeds.entry import NoFeed, RawFeed


def is_json(octets: bytes) -> bool:
    """Whether it begins as an object of JSON does."""
    return octets.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{"


def read_json(octets: bytes) -> RawFeed:
    """Return the feed as it says it; NoFeed if it is other JSON."""
    try:
        found = json.loads(octets.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        raise NoFeed("is broken JSON") from None
    items = found.get("items") if isinstance(found, dict) else None
    if not (isinstance(items, list) and "jsonfeed.org/version/" in str(found.get("version"))):
        raise NoFeed("is JSON, and no JSON Feed")
    return RawFeed(
        escape(_text(found, "title")),
        _text(found, "home_page_url"),
        _text(found, "language"),
        [_raw(each, found) for each in items if isinstance(each, dict)],
    )


def _raw(item: Mapping[str, Any], feed: Mapping[str, Any]) -> dict[str, Any]:
    # Text of JSON is text: what looks like HTML in it is none.
    html = _text(item, "content_html")
    return {
        "id": _text(item, "id"),
        "title": escape(_text(item, "title")),
        "link": _text(item, "url") or _text(item, "external_url"),
        "date": _date(_text(item, "date_published")) or _date(_text(item, "date_modified")),
        "author": escape(_author(item) or _author(feed)),
        "summary": escape(_text(item, "summary")),
        "full": html or text_as_html(_text(item, "content_text")),
        "image": _text(item, "image") or _text(item, "banner_image"),
    }


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _author(found: Mapping[str, Any]) -> str:
    several = found.get("authors")
    first = several[0] if isinstance(several, list) and several else found.get("author")
    return _text(first, "name") if isinstance(first, dict) else ""


def _date(written: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(written)  # RFC 3339
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
