"""Every page of the archive by its path below the archive's own address, made when it is asked for.

All links between pages are relative, so that the same pages do for any address; what has to be absolute
(feeds, the canonical address) begins with `root`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mailer.languages import full_date
from mailer.services.archive import Archive, ArchivedIssue, ArchivedList
from mailer.services.publishing import Published
from mailer.web.archive.subscribing import SubscribeForms
from mailer.workspace.words import Table, Words, choose

IN_FEEDS = 20  # issues
NEVER = datetime.fromtimestamp(0, UTC)
FOUND = 50  # by one search, at most
LONGEST_SEARCH = 200  # characters
HTML, ATOM, RSS, JSON, XML = (
    "text/html; charset=utf-8",
    "application/atom+xml; charset=utf-8",
    "application/rss+xml; charset=utf-8",
    "application/feed+json",
    "application/xml",
)
FEEDS = {"atom.xml": ATOM, "rss.xml": RSS, "feed.json": JSON}


@dataclass(frozen=True, slots=True)
class ArchivePage:
    """What is answered at one address."""

    content: bytes
    media_type: str

    @property
    def etag(self) -> str:
        """What tells this content from any other (RFC 9110, 8.8.3)."""
        return f'"{sha256(self.content).hexdigest()[:32]}"'


@dataclass(frozen=True)
class ArchiveSite:
    """The pages of `lists`. `root` is the address that the archive is found at, ending in a slash.

    `searchable`: somebody answers searches; `indexed`: search engines may keep the pages. Whoever wants a
    list by mail has its form at the foot, or is led to `join` and its name; to nowhere if that is empty.
    """

    archive: Archive
    lists: tuple[ArchivedList, ...]
    root: str
    folders: list[Path]
    words: Table
    publisher: str
    indexed: bool = True
    searchable: bool = True
    join: str = ""
    subscribing: SubscribeForms | None = None
    forms: Mapping[str, str] = field(default_factory=dict)
    stamp: tuple[tuple[str, int], ...] = ()
    _templates: Environment = field(init=False)

    def __post_init__(self) -> None:
        templates = Environment(
            loader=FileSystemLoader(self.folders),
            autoescape=True,
            undefined=StrictUndefined,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        templates.filters |= {"rfc822": format_datetime, "rfc3339": datetime.isoformat, "quoted": quote}
        object.__setattr__(self, "_templates", templates)

    def renewed(self) -> ArchiveSite:
        """Return the site as it is now: this one, if nothing in it has changed."""
        lists = self.archive.lists()
        stamp = self.subscribing.stamp() if self.subscribing else ()
        if (lists, stamp) == (self.lists, self.stamp):
            return self
        forms = self.subscribing.written(lists) if self.subscribing else {}
        return replace(self, lists=lists, stamp=stamp, forms=forms)

    def paths(self) -> Iterator[str]:
        """Yield the path of every page, but not those of images, which their pages name."""
        yield ""
        if self.indexed:
            yield "sitemap.xml"
        for each in self.lists:
            yield f"{each.about.name}/"
            yield from (f"{each.about.name}/{feed}" for feed in FEEDS)
            yield from (issue_path(each, issue) for issue in each.issues)

    def page(self, path: str) -> ArchivePage | None:
        """Return the page at `path`; None if there is none."""
        name, _, rest = path.partition("/")
        if path == "":
            return self._html("lists.html", choose(self.words, [self.archive.language]), path, up="")
        if path == "sitemap.xml" and self.indexed:
            return self._xml("sitemap.xml", XML, lists=self.lists, path_of=issue_path)
        listed = next((each for each in self.lists if each.about.name == name and "/" in path), None)
        if listed is None:
            return None
        if rest == "":
            years = sorted({each.year for each in listed.issues}, reverse=True)
            return self._of_list("list.html", listed, path, years=years)
        if rest in FEEDS:
            return self._feed(listed, rest)
        return self._below(listed, rest)

    def search(self, name: str, text: str) -> ArchivePage | None:
        """Return the page of what is found by `text` in the list called `name`."""
        listed = next((each for each in self.lists if each.about.name == name), None)
        if listed is None:
            return None
        text = text[:LONGEST_SEARCH]
        issues = {each.key: each for each in listed.issues}
        found = [issues[key] for key in self.archive.matching(text) if key in issues]
        return self._of_list(
            "search.html", listed, f"{name}/", text=text, found=found[:FOUND], number=len(found), sought=True
        )

    def images(self, path: str) -> Mapping[str, ArchivePage]:
        """Return the images that the issue's page at `path` shows, by their own paths."""
        for listed in self.lists:
            for issue in listed.issues:
                if issue_path(listed, issue) == path and (said := self.archive.content(issue)):
                    return {
                        f"{path}{name}": ArchivePage(part.content, part.type)
                        for name, part in said.images.items()
                    }
        return {}

    def _below(self, listed: ArchivedList, rest: str) -> ArchivePage | None:
        """Return an issue's page, or one of its images."""
        for place, issue in enumerate(listed.issues):
            own = issue_path(listed, issue).partition("/")[2]
            if not rest.startswith(own):
                continue
            said = self.archive.content(issue)
            if said is None:
                return None
            if image := rest.removeprefix(own):
                part = said.images.get(image)
                return ArchivePage(part.content, part.type) if part else None
            newer = listed.issues[place - 1] if place else None
            older = listed.issues[place + 1] if place + 1 < len(listed.issues) else None
            return self._of_list(
                "issue.html",
                listed,
                f"{listed.about.name}/{own}",
                up="../../",
                issue=issue,
                said=said,
                newer=newer,
                older=older,
                picture=next(iter(said.images), ""),
            )
        return None

    def _of_list(
        self, template: str, listed: ArchivedList, path: str, up: str = "", **values: Any
    ) -> ArchivePage:
        words = choose(self.words, [listed.about.language, self.archive.language])
        return self._html(template, words, path, up=up, listed=listed, **values)

    def _html(self, template: str, words: Words, path: str, **values: Any) -> ArchivePage:
        html = self._templates.get_template(f"web/archive/{template}").render(
            {"sought": False, "listed": None, "issue": None, "picture": ""} | values,
            lists=self.lists,
            words=words,
            say=words.say,
            look=self.archive.theme,
            publisher=self.publisher,
            address=urljoin(self.root, path),
            indexed=self.indexed,
            searchable=self.searchable,
            join=self.join,
            forms=self.forms,
            day=lambda moment: full_date(moment.date(), words.language),
        )
        return ArchivePage(html.encode(), HTML)

    def _xml(self, template: str, media_type: str, **values: Any) -> ArchivePage:
        xml = self._templates.get_template(f"web/archive/{template}").render(values, root=self.root)
        return ArchivePage(xml.encode(), media_type)

    def _feed(self, listed: ArchivedList, name: str) -> ArchivePage:
        entries = [
            (issue, urljoin(self.root, issue_path(listed, issue)), said)
            for issue in listed.issues[:IN_FEEDS]
            if (said := self.archive.content(issue))
        ]
        shown = [(issue, address, said, _absolute(said, address)) for issue, address, said in entries]
        home = urljoin(self.root, f"{listed.about.name}/")
        language = listed.about.language or self.archive.language
        updated = max(
            (each.revised_at for each in listed.issues), default=datetime.fromtimestamp(0).astimezone()
        )
        if name == "feed.json":
            return ArchivePage(_json_feed(listed, home, language, shown), JSON)
        return self._xml(
            name,
            FEEDS[name],
            about=listed.about,
            home=home,
            language=language,
            entries=shown,
            updated=updated,
            publisher=self.publisher,
        )


def issue_path(listed: ArchivedList, issue: ArchivedIssue) -> str:
    """Return the path of an issue's page."""
    return f"{quote(listed.about.name)}/{issue.year}/{quote(issue.slug, safe='')}/"


def _absolute(said: Published, address: str) -> str:
    """Return an issue's prose with images that are found from anywhere; its links are as in the mail."""
    prose = said.prose
    for name in said.images:
        prose = prose.replace(f'src="{name}"', f'src="{escape(address)}{name}"')
    return prose


def _json_feed(
    listed: ArchivedList,
    home: str,
    language: str,
    entries: list[tuple[ArchivedIssue, str, Published, str]],
) -> bytes:
    """Return the list as JSON Feed 1.1 (jsonfeed.org)."""
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": listed.about.title,
        "description": listed.about.description or listed.about.title,
        "home_page_url": home,
        "feed_url": f"{home}feed.json",
        "language": language,
        "items": [
            {
                "id": address,
                "url": address,
                "title": issue.title,
                "summary": issue.summary,
                "content_html": prose,
                "date_published": issue.sent_at.isoformat(),
                "date_modified": issue.revised_at.isoformat(),
                "language": said.language or language,
            }
            for issue, address, said, prose in entries
        ],
    }
    return json.dumps(feed, ensure_ascii=False, indent=1).encode()
