"""Bare web and mail addresses in Markdown become links; names of files and of hosts alone don't."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from linkify_it import LinkifyIt
from linkify_it.tlds import TLDS
from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.linkify import linkify

from mailer.compose.tags.marks import Marked

_LIKELY = re.compile(r"://|www\.|@|mailto:", re.IGNORECASE)
# Scripts without spaces between words: a link ends where they begin, and may begin right after them.
_UNSPACED = "[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]"
# Capital and small letters are alike only where there are any: `re` takes long to find none in so many signs.
_BEFORE = re.compile(f"{_UNSPACED}(?=(?i:https?://|www\\.|mailto:))")
_AFTER_HOST = re.compile(f"((?i:(?:https?://|www\\.)[a-z0-9.:-]{{1,253}})){_UNSPACED}")
_STOPS = re.compile("[\u3001\u3002\u3008-\u3011\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f]")
_MOST_LABELS = 8  # and no more, or "www.www.www." takes time that grows with the square of its length
_LONGEST = 2_000
_RESERVED = ("example", "test")  # RFC 2606: what documentation uses


class Linkifier:
    """What markdown-it asks for the links in a text; `values` are the marks that may be part of one.

    Any other mark ends a link, so that a recipient's `if` never begins inside of one and ends outside.
    """

    def __init__(self, marked: Marked, values: frozenset[int]) -> None:
        self._marked = marked
        self._values = values

    def pretest(self, text: str) -> bool:
        """Whether there may be a link in `text`."""
        return bool(_LIKELY.search(text))

    test = pretest

    def match(self, text: str) -> list[Any]:
        """Return the links in `text`, as linkify-it does: with index, last_index, url, text and schema."""
        readable = self._readable(text)
        found: list[Any] = []
        for match in _library().match(readable) or []:
            if not found or match.index >= found[-1].last_index:
                found.append(_whole(match, readable))
        return found

    def match_at_start(self, text: str) -> Any:
        """Return the link that `text` begins with, which must have a scheme, or None."""
        readable = self._readable(text[:_LONGEST])
        match = _library().match_at_start(readable)
        return _whole(match, readable) if match else None

    def _readable(self, text: str) -> str:
        """Return `text` with a space for whatever ends a link, every character in its place."""

        def blank(found: re.Match[str]) -> str:
            return found.group() if int(found.group(1)) in self._values else " " * len(found.group())

        text = self._marked.pattern.sub(blank, text)
        return _AFTER_HOST.sub(r"\1 ", _BEFORE.sub(" ", _STOPS.sub(" ", text)))


def links_plugin(parser: MarkdownIt, marked: Marked, values: frozenset[int]) -> None:
    """Let `parser` find links in text."""
    parser.linkify = Linkifier(marked, values)
    parser.core.ruler.enable("linkify")
    parser.inline.ruler.at("linkify", _inline)
    parser.inline.ruler.enable("linkify")
    parser.normalizeLinkText = _as_typed  # type: ignore[method-assign]


def _inline(state: StateInline, silent: bool) -> bool:
    """Find a link before emphasis finds underscores in it; look no further back than for these schemes."""
    return state.pending[-5:].lower().endswith(("http", "https", "ftp")) and linkify(state, silent)


def _whole(match: Any, text: str) -> Any:
    """Return a link with what follows it where its last bracket is still to come: `Foo_(bar_(baz))`."""
    path = re.compile(_library().re["src_path"], re.IGNORECASE)
    while text.startswith(")", match.last_index) and match.text.count("(") > match.text.count(")"):
        begin = match.last_index + 1
        further = path.match(f"/{text[begin : begin + _LONGEST]}")
        added = f"){further.group()[1:] if further else ''}"
        match.last_index += len(added)
        match.text, match.url, match.raw = match.text + added, match.url + added, match.raw + added
    return match


def _as_typed(link: str) -> str:
    return link


@lru_cache(maxsize=1)
def _library() -> LinkifyIt:
    library = LinkifyIt({}, {"fuzzy_link": False, "fuzzy_email": True, "fuzzy_ip": False})
    library.add("//", None)  # a mail has no scheme that it could share
    library.add("www.", {"validate": _after_www, "normalize": _with_scheme})
    library.tlds([*TLDS, *_RESERVED])
    return library


def _after_www(self: LinkifyIt, text: str, position: int) -> int:
    """Return how long the rest of a link is that begins with `www.`, 0 if it is none."""
    pattern = self.re.get("www")
    if not pattern:
        labels = rf"(?:(?:{self.re['src_domain']})\.){{1,{_MOST_LABELS}}}{self.re['src_domain_root']}"
        parts = (labels, self.re["src_port"], self.re["src_host_terminator"], self.re["src_path"])
        pattern = self.re["www"] = re.compile("".join(parts), re.IGNORECASE)
    found = pattern.match(text, position)
    return len(found.group()) if found else 0


def _with_scheme(_self: LinkifyIt, match: Any) -> None:
    match.url = f"https://{match.text}"
