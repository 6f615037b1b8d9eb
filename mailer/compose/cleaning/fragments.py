"""The policy for HTML in an issue's prose: what is not allowed is taken out, with a notice of the line.

Nothing that can be read is lost, and no link: what mail programs don't show (`<iframe>`, `<video>`) becomes
a link to it. The HTML comes in fragments, in reading order, because in Markdown it does; elements may begin
in one and end in another. What comes out nests, and reads the same to every parser.
"""

from __future__ import annotations

import re
import sys
from difflib import get_close_matches
from functools import lru_cache
from html import escape

from mailer.compose.cleaning.attributes import fit_attributes, lost_attributes
from mailer.compose.cleaning.cleaner import Cleaner, link_to
from mailer.compose.components import CALLOUT_KINDS
from mailer.compose.html.allowed import (
    BLOCKS,
    COMPONENTS,
    ELEMENTS,
    HEADINGS,
    KNOWN,
    MEDIA,
    NO_TEXT,
    TABLE_PARTS,
    UNNOTICED,
    VOID,
)
from mailer.compose.html.open_elements import OpenElements
from mailer.compose.html.tokens import Attribute, HTMLToken, write_tag
from mailer.compose.tags.elements import WHOLE
from mailer.compose.tags.likely import Likely
from mailer.domain.issue import Issue, Notices
from mailer.errors import IssueError

# Parsers of mail programs give up somewhere above 200, and the layout is around these.
MOST_NESTED = 100

_HOLDING_BLOCKS = (BLOCKS - HEADINGS - {"p", "pre", "summary"}) | {"td", "th", ""}
_ALIASES = {"image": "img", "xmp": "pre", "listing": "pre"}
_ADDRESS = re.compile(r"<(https?://[^\s<>]+|(?:mailto:)?[^\s<>@]+@[^\s<>@]+\.[^\s<>@]+)>", re.IGNORECASE)
_CONTROLS = re.compile(r"(?![\t\n])[\x00-\x1f\x7f-\x9f\ufffe\uffff]")
_CDATA = "<![CDATA["


class Outline:
    """Gives headings their levels, in reading order: below the mail's one h1 every level is there.

    The title is the mail's h1. With `title_in_body` the body shows it itself: its first heading of level 1.
    """

    def __init__(self, *, title_in_body: bool) -> None:
        self._title_comes = title_in_body
        self._above: list[int] = []

    def level(self, typed: int) -> int:
        """Return the level (1 to 6) for a heading that was typed with the level `typed`."""
        if typed == 1 and self._title_comes:
            self._title_comes = False
            return 1
        while self._above and self._above[-1] >= typed:
            self._above.pop()
        self._above.append(typed)
        return min(6, 1 + len(self._above))


class FragmentCleaner(Cleaner):
    """Cleans the fragments of one issue's HTML; `likely` are the marks in all of its body."""

    raw = NO_TEXT
    beyond = sys.maxsize  # the next fragment may be its rest

    def __init__(self, issue: Issue, likely: Likely, notices: Notices) -> None:
        super().__init__(notices)
        self.outline = Outline(title_in_body=issue.title_in_body)
        self._path = issue.path
        self._likely = likely
        self._open = OpenElements()
        self._inline = False
        self._is_paired = lru_cache(maxsize=None)(self._find_pair)

    def clean_inline(self, html: str, line: int) -> str:
        """Return a fragment that stands in a paragraph of Markdown, made fit."""
        self._inline = True
        cleaned = self.clean(html, line)
        self._inline = False
        return cleaned

    def enter(self, *, block: bool) -> str:
        """Note that an element of Markdown's own begins; return what has to be closed before it."""
        closed = self._open.implied("div") if block else []
        self._open.enter()
        return _ends(closed)

    def leave(self) -> str:
        """Note that it ends, or everything does; return what has to be closed before that."""
        return _ends(self._open.leave())

    def _start(self, token: HTMLToken) -> str:
        tag = _ALIASES.get(token.name, token.name)
        if tag not in ELEMENTS:
            return self._foreign(token)
        closed = _ends(self._open.implied(tag))
        misplaced = tag in TABLE_PARTS and not self._open.holds("table")
        if misplaced or len(self._open) >= MOST_NESTED:
            return closed
        name = f"h{self.outline.level(int(tag[1]))}" if tag in HEADINGS else tag
        html = closed + write_tag(name, self._kept(tag, token.attributes), token.source.count("\n"))
        if tag in VOID:
            return html
        if token.ended:
            return f"{html}</{name}>"
        self._open.push(name)
        return html

    def _end(self, token: HTMLToken) -> str:
        tag = _ALIASES.get(token.name, token.name)
        if tag == "br":
            return "<br>"
        if tag in ELEMENTS:
            return _ends(self._open.close(tag))
        is_prose = tag not in KNOWN and ":" not in tag and not self._is_paired(tag)
        return escape(token.source, quote=False) if is_prose else ""

    def _text(self, token: HTMLToken) -> str:
        return _written(token.text) if token.name not in NO_TEXT or self._says(token) else ""

    def _aside(self, token: HTMLToken) -> str:
        if not token.source.startswith(_CDATA):
            return ""
        return _written(token.source[len(_CDATA) : -1].removesuffix("]]"))

    def _in_link(self) -> bool:
        return self._open.holds("a")

    def _says(self, token: HTMLToken) -> bool:
        """Whether it is the title of a drawing, which can be read."""
        return self._drawing and token.name == "title"

    def _kept(self, tag: str, given: tuple[Attribute, ...]) -> list[Attribute]:
        """Return the attributes that stay."""
        kept = fit_attributes(tag, given)
        if tag == "mail-callout":
            kind = next((each.value for each in kept if each.name == "kind"), "")
            if kind not in CALLOUT_KINDS:
                kinds = ", ".join(CALLOUT_KINDS)
                raise self._error(f"<mail-callout> has the kind {kind!r}, which is none of {kinds}")
        for problem in lost_attributes(tag, given, kept):
            self._tell(problem)
        self._check_marks(tag, given, kept)
        return kept

    def _check_marks(self, tag: str, given: tuple[Attribute, ...], kept: list[Attribute]) -> None:
        """Raise IssueError if a tag of ours is lost with an attribute, or stands where none may."""
        marked = self._likely.marked
        lost = self._likely.ours.difference(*(marked.numbers(each.value or "") for each in kept))
        for each in given:
            for number in lost.intersection(marked.numbers(each.name)):
                raise self._error(f"{marked.typed(number)} stands among the attributes of <{tag}>", WHOLE)
            for number in lost.intersection(marked.numbers(each.value or "")):
                typed = marked.typed(number)
                raise self._error(f"{typed} stands in {each.name}= of <{tag}>, where it can't be mailed")

    def _foreign(self, token: HTMLToken) -> str:
        """Return what is left of a tag that is not allowed: a link, its own characters, or nothing."""
        tag, attributes = token.name, token.attributes
        if tag in NO_TEXT and not self._endless:
            if not self._says(token):
                self._tell(f"<{tag}> was taken out: no mail program uses it")
            return ""
        if tag.startswith("mail-") and (near := get_close_matches(tag, COMPONENTS, n=1, cutoff=0.8)):
            raise self._error(f"there is no <{tag}>; did you mean <{near[0]}>?")
        if address := _ADDRESS.fullmatch(token.source):
            return link_to(address.group(1), address.group(1))
        if tag in MEDIA or (tag == "source" and self._film is not None):
            link = self._placed(self._film_link(token))
            if attributes and tag in MEDIA:
                self._tell(f"<{tag}> became a link: mail programs don't show it")
            if attributes:
                return link
        if tag in UNNOTICED or ":" in tag:
            return ""
        if not attributes and (tag in NO_TEXT or not self._is_paired(tag)):
            return escape(token.source, quote=False)
        self._tell(f"<{tag}> was taken out; the text in it stays")
        return self._placed(self._link(attributes)) if tag not in KNOWN else ""

    def _placed(self, link: str) -> str:
        """Return a link as a paragraph of its own where it stands between blocks."""
        between_blocks = link and not self._inline and self._open.innermost in _HOLDING_BLOCKS
        return f"<p>{link}</p>" if between_blocks else link

    def _find_pair(self, tag: str) -> bool:
        """Whether there are both opening and end tags of this name, so that they are no words of prose."""
        pair = (rf"<{re.escape(tag)}(?=[\s/>])", rf"</{re.escape(tag)}\s*>")
        return all(re.search(pattern, self._likely.marked.text, re.IGNORECASE) for pattern in pair)

    def _error(self, problem: str, next_step: str | None = None) -> IssueError:
        return IssueError(self._path, self._line, problem, next_step=next_step)


def _ends(names: list[str]) -> str:
    return "".join(f"</{name}>" for name in names)


def _written(text: str) -> str:
    return escape(_CONTROLS.sub("", text), quote=False)
