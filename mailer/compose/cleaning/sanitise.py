"""HTML from an issue made fit for a mail: what runs, loads or asks is taken out, with a notice of the line.

Nothing that can be read is lost, and no link: what mail programs don't show (`<iframe>`, `<video>`) becomes
a link to it. The HTML comes in fragments, in reading order, because in Markdown it does; elements may begin
in one and end in another. What comes out nests, and has as many lines as what went in.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import lru_cache
from html import escape

from mailer.compose.cleaning.clean_tag import Attributes, clean_attributes, written
from mailer.compose.cleaning.elements import WHOLE
from mailer.compose.cleaning.fragment import read_fragment
from mailer.compose.cleaning.lost import lost_from
from mailer.compose.cleaning.media import link_to, named_address
from mailer.compose.cleaning.outline import Outline
from mailer.compose.cleaning.silent import without_silent
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
from mailer.compose.notices import Notices
from mailer.compose.tags.likely import Likely
from mailer.errors import IssueError

# Parsers of mail programs give up somewhere above 200, and the layout is around these.
MOST_NESTED = 100

_HOLDING_BLOCKS = (BLOCKS - HEADINGS - {"p", "pre", "summary"}) | {"td", "th", ""}
_ALIASES = {"image": "img", "xmp": "pre", "listing": "pre"}
_ADDRESS = re.compile(r"<(https?://[^\s<>]+|(?:mailto:)?[^\s<>@]+@[^\s<>@]+\.[^\s<>@]+)>", re.IGNORECASE)


class Sanitiser:
    """Cleans the fragments of one issue's HTML. `text` is all of its body."""

    def __init__(self, path: str, text: str, likely: Likely, outline: Outline, notices: Notices) -> None:
        self.outline = outline
        self._path = path
        self._text = text
        self._likely = likely
        self._notices = notices
        self._open = OpenElements()
        self._awaited: Attributes | None = None
        self._inline = False
        self._is_paired = lru_cache(maxsize=None)(self._find_pair)

    def clean(self, html: str, line: int, *, inline: bool = False) -> str:
        """Return a fragment of HTML, made fit; `line` is the issue's line of its first.

        One that is `inline` stands in a paragraph of Markdown.
        """
        self._inline = inline

        def tell(name: str, row: int) -> None:
            self._notices.add(line + row, f"<{name}> was taken out: no mail program uses it")

        return read_fragment(without_silent(html, tell), line, self)

    def enter(self, *, block: bool) -> str:
        """Note that an element of Markdown's own begins; return what has to be closed before it."""
        closed = self._open.implied("div") if block else []
        self._open.enter()
        return _ends(closed)

    def leave(self) -> str:
        """Note that it ends, or everything does; return what has to be closed before that."""
        return _ends(self._open.leave())

    def start(self, tag: str, attributes: Attributes, raw: str, line: int, *, ended: bool) -> str:
        """Return what is left of an opening tag, typed as `raw`; one that is `ended` has a slash: `<a />`."""
        tag = _ALIASES.get(tag, tag)
        if tag not in ELEMENTS:
            return self._foreign(tag, attributes, raw, line)
        closed = self._open.implied(tag)
        breaks = raw.count("\n")
        misplaced = tag in TABLE_PARTS and not self._open.holds("table")
        if misplaced or len(self._open) >= MOST_NESTED:
            return _ends(closed) + "\n" * breaks
        name = f"h{self.outline.level(int(tag[1]))}" if tag in HEADINGS else tag
        html = written(name, self._kept(tag, attributes, line), breaks)
        if tag not in VOID and not ended:
            self._open.push(name)
        elif tag not in VOID:
            html += f"</{name}>"
        return _ends(closed) + html

    def end(self, tag: str, raw: str) -> str:
        """Return what is left of an end tag."""
        tag = _ALIASES.get(tag, tag)
        breaks = "\n" * raw.count("\n")
        if tag == "br":
            return f"<br>{breaks}"
        if tag in ELEMENTS:
            return _ends(self._open.close(tag)) + breaks
        if tag in MEDIA:
            self._awaited = None
        is_prose = tag not in KNOWN and ":" not in tag and not self._is_paired(tag)
        return escape(raw, quote=False) if is_prose else breaks

    def _kept(self, tag: str, attributes: Attributes, line: int) -> list[tuple[str, str]]:
        """Return the attributes that stay."""
        kept = clean_attributes(tag, attributes)
        if tag == "mail-callout":
            self._check_kind(dict(kept).get("kind", ""), line)
        for problem in lost_from(tag, attributes, kept):
            self._notices.add(line, problem)
        self._check_marks(tag, attributes, kept, line)
        return kept

    def _check_marks(self, tag: str, attributes: Attributes, kept: list[tuple[str, str]], line: int) -> None:
        """Raise IssueError if a tag of ours is lost with an attribute, or stands where none may."""
        marked = self._likely.marked
        lost = self._likely.ours.difference(*(marked.numbers(value) for _, value in kept))
        for name, value in attributes:
            for number in lost.intersection(marked.numbers(name)):
                problem = f"{marked.typed(number)} stands among the attributes of <{tag}>"
                raise IssueError(self._path, line, problem, next_step=WHOLE)
            for number in lost.intersection(marked.numbers(value or "")):
                problem = f"{marked.typed(number)} stands in {name}= of <{tag}>, where it can't be mailed"
                raise IssueError(self._path, line, problem)

    def _check_kind(self, kind: str, line: int) -> None:
        if kind not in CALLOUT_KINDS:
            problem = f"<mail-callout> has the kind {kind!r}, which is none of {', '.join(CALLOUT_KINDS)}"
            raise IssueError(self._path, line, problem)

    def _foreign(self, tag: str, attributes: Attributes, raw: str, line: int) -> str:
        """Return what is left of a tag that is not allowed: a link, its own characters, or nothing."""
        if tag.startswith("mail-") and (near := get_close_matches(tag, COMPONENTS, n=1, cutoff=0.8)):
            raise IssueError(self._path, line, f"there is no <{tag}>; did you mean <{near[0]}>?")
        if address := _ADDRESS.fullmatch(raw):
            return link_to(address.group(1), address.group(1))
        breaks = "\n" * raw.count("\n")
        if tag == "source" and self._awaited is not None:
            attributes, self._awaited = [*self._awaited, *attributes], None
            return self._link("source", attributes) + breaks
        if tag in MEDIA:
            link = self._link(tag, attributes)
            self._awaited = None if link else attributes
            if attributes:
                self._notices.add(line, f"<{tag}> became a link: mail programs don't show it")
                return link + breaks
        if tag in UNNOTICED or ":" in tag:
            return breaks
        if not attributes and (tag in NO_TEXT or not self._is_paired(tag)):
            return escape(raw, quote=False)
        self._notices.add(line, f"<{tag}> was taken out; the text in it stays")
        return (self._link("", attributes) if tag not in KNOWN else "") + breaks

    def _link(self, tag: str, attributes: Attributes) -> str:
        """Return a link to what an element shows, a paragraph of its own where it stands between blocks."""
        address, label = named_address(tag, attributes)
        if not address or self._open.holds("a"):
            return ""
        link = link_to(address, label)
        between_blocks = not self._inline and self._open.innermost in _HOLDING_BLOCKS
        return f"<p>{link}</p>" if between_blocks else link

    def _find_pair(self, tag: str) -> bool:
        """Whether there are both opening and end tags of this name, so that they are no words of prose."""
        name = re.escape(tag)
        pair = (rf"<{name}(?=[\s/>])", rf"</{name}\s*>")
        return all(re.search(pattern, self._text, re.IGNORECASE) for pattern in pair)


def _ends(names: list[str]) -> str:
    return "".join(f"</{name}>" for name in names)
