"""An issue out of entries: an HTML file with front matter, as an editor might have written it.

What feeds say is data: it is laid out by a template once, here, and in the file that comes of it every brace
of theirs is written as a character reference, so that it is no tag to whoever compiles the issue.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from jinja2 import StrictUndefined, TemplateError, TemplateNotFound, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from mailer.compose.theme.layouts import layout_loader
from mailer.compose.theme.locale import PageLocale
from mailer.errors import IssueError
from mailer.feeds.cleaning import one_line
from mailer.feeds.entry import Entry, Feed
from mailer.languages import full_date, read_language

LAYOUT = "digest"
# Octets of HTML in one digest: mailbox providers cut off what is longer. So much is there of an entry beside
# its text, and so much comes to each tag of that with its styles.
MOST_OCTETS, AN_ENTRY, A_TAG = 80_000, 1_000, 30
MOST_SUBJECT = 120  # characters
IN_SUBJECT = 3  # titles
_TAG = re.compile(r"\{(?=[{%#])")


@dataclass(frozen=True, slots=True)
class Item:
    """An entry that goes out, and the feed that it is of."""

    entry: Entry
    feed: Feed


@dataclass(frozen=True, slots=True)
class DigestEntry:
    """What a template knows of an entry. `text` is HTML, its summary or all; `day` its date in words.

    `lang` and `dir` are those of its feed, where the digest as a whole has none; else "".
    """

    title: str
    link: str
    date: date | None
    day: str
    author: str
    summary: str
    text: Markup
    image: str
    feed: Feed
    lang: str
    dir: str


def digest_issue(
    items: Sequence[Item],
    left_out: int,
    day: date,
    folders: Sequence[Path],
    name: str,
    language: str,
    *,
    full_text: bool,
) -> str:
    """Return the text of the issue's file: `items` by the template `feeds/<name>.html`, found in `folders`.

    `left_out` is how many more new ones there were, `language` that of feeds that don't say theirs.
    IssueError, with the template's line, if that can't be used.
    """
    feeds = list(dict.fromkeys(item.feed for item in items))
    own = _language(feeds)
    texts = _texts([item.entry for item in items], full_text=full_text)
    entries = [_entry(item, text, own, language) for item, text in zip(items, texts, strict=True)]
    body = _laid_out(name, folders, {"entries": entries, "feeds": feeds, "left_out": left_out})
    titles = [item.entry.title for item in items]
    front = {
        "title": _literal(" · ".join(feed.title for feed in feeds if feed.title) or titles[0]),
        "subject": _literal(one_line(" · ".join(titles[:IN_SUBJECT]), MOST_SUBJECT)),
        "description": _literal(one_line(" · ".join(titles[1:]) or items[0].entry.summary, MOST_SUBJECT)),
        "date": day,
        "lang": own,
        "template": LAYOUT,
    }
    written = yaml.safe_dump(
        {key: value for key, value in front.items() if value}, allow_unicode=True, sort_keys=False, width=1000
    )
    return f"---\n{written}---\n{body.strip()}\n"


def _texts(entries: Sequence[Entry], *, full_text: bool) -> list[Markup]:
    """Return the HTML of each entry: summed up, and whole where that is wanted and there is room for it.

    The last ones have nothing but their title where there is no room even for all that are summed up.
    """
    texts, room = [], MOST_OCTETS - AN_ENTRY * len(entries)
    for entry in entries:
        short = Markup("<p>{}</p>").format(entry.summary) if entry.summary else Markup()
        texts.append(short if _cost(short) <= room else Markup())
        room -= _cost(texts[-1])
    for number, entry in enumerate(entries if full_text else ()):
        more = _cost(entry.full) - _cost(texts[number])
        if entry.full and more <= room:
            texts[number] = Markup(entry.full)  # noqa: S704 - cleaned when it was read
            room -= more
    return texts


def _cost(html: str) -> int:
    return len(html.encode()) + A_TAG * html.count("<")


def _entry(item: Item, text: Markup, own: str, language: str) -> DigestEntry:
    entry = item.entry
    other = "" if own else _language([item.feed])
    return DigestEntry(
        title=entry.title,
        link=entry.link,
        date=entry.date.date() if entry.date else None,
        day=full_date(entry.date.date(), own or other or language) if entry.date else "",
        author=entry.author,
        summary=entry.summary,
        text=text,
        image="" if "<img" in text else entry.image,
        feed=item.feed,
        lang=other,
        dir=PageLocale(other).dir if other else "",
    )


def _language(feeds: Sequence[Feed]) -> str:
    """Return the language of all feeds, "" where they differ or don't say."""
    found = set[str]()
    for feed in feeds:
        try:
            found.add(read_language(feed.language))
        except ValueError:
            return ""
    return found.pop() if len(found) == 1 else ""


def _literal(text: str) -> str:
    """Return `text` for front matter, where there are no character references: no brace opens a tag."""
    return _TAG.sub("{ ", text)


def _printed(value: Any) -> Markup:
    """Return a value of an entry as it stands in the file: escaped, and no tag to whoever compiles it."""
    return Markup(str(escape(value)).replace("{", "&#123;"))  # noqa: S704 - escaped one call before


def _laid_out(name: str, folders: Sequence[Path], values: dict[str, Any]) -> str:
    environment = ImmutableSandboxedEnvironment(
        loader=layout_loader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printed,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    file = f"feeds/{name}.html"
    try:
        return environment.get_template(file).render(values)
    except TemplateNotFound as error:
        raise IssueError(
            f"templates/{error.name}",
            None,
            "there is no such template",
            next_step="Write it there",
        ) from None
    except TemplateSyntaxError as error:
        raise IssueError(f"templates/{error.name or file}", error.lineno, str(error.message)) from None
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
        raise IssueError(f"templates/{file}", None, f"can't be laid out: {error}") from None
