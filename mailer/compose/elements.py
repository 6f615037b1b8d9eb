"""One walk over a body's HTML: which marks are tags of ours, and does each stand in whole elements?

The walk sees what a browser would: text, quoted values, comments. It decides nothing about style; cleaning
untrusted HTML is another matter, but what runs in a page (scripts, event handlers) is refused here.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

from mailer.compose.marks import Marked
from mailer.compose.offered import Recogniser
from mailer.errors import IssueError

VOID = re.compile("area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr")
REFUSED = frozenset({"script", "iframe", "object", "embed", "applet"})
REFUSED_SCHEMES = ("javascript:", "vbscript:")


def recognise_tags(html: str, lines: list[int], marked: Marked, path: str) -> frozenset[int]:
    """Return the numbers of the marks in `html` that are tags of ours.

    `lines[i]` is the issue's line of line i + 1 of `html`. Raise IssueError for a tag that is mistyped,
    broken, not closed in its own element, or out of place, and for HTML that would run code.
    """
    walk = _Walk(lines, marked, path)
    try:
        walk.feed(html)
        walk.close()
    except AssertionError:  # html.parser on a marked section of an unknown kind, as in `<![x[`
        raise walk.error("there is a <![ … here that can't be read as HTML") from None
    walk.end()
    return frozenset(walk.ours)


class _Walk(HTMLParser):
    def __init__(self, lines: list[int], marked: Marked, path: str) -> None:
        super().__init__(convert_charrefs=True)
        self.ours: set[int] = set()
        self._lines = lines
        self._marked = marked
        self._recogniser = Recogniser(path)
        self._path = path
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._refuse_active(tag, attrs)
        self._attributes(tag, attrs)
        if not VOID.fullmatch(tag):
            self._open.append(tag)
            self._recogniser.enter(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if ":" in tag:  # Outlook's namespaces are XML: there a slash ends the element
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        while tag in self._open:
            self._recogniser.leave()
            if self._open.pop() == tag:
                break

    def handle_data(self, data: str) -> None:
        for number in self._marked.numbers(data):
            self._recognise(number)

    def handle_comment(self, data: str) -> None:
        # Any other comment is read by nobody, so nothing in it is a tag.
        if data.startswith("[if"):
            self._enclosed("comment", data)

    def unknown_decl(self, data: str) -> None:
        self._enclosed("declaration", data)

    def end(self) -> None:
        """Leave what is still open; raise IssueError if a tag is."""
        for _ in self._open:
            self._recogniser.leave()
        self._recogniser.finish()

    def error(self, problem: str, next_step: str | None = None) -> IssueError:
        """Return an IssueError for where the walk stands."""
        line = self._lines[min(self.getpos()[0], len(self._lines)) - 1]
        return IssueError(self._path, line, problem, next_step=next_step)

    def _recognise(self, number: int) -> bool:
        ours = self._recogniser.recognise(self._marked.candidates[number])
        if ours:
            self.ours.add(number)
        return ours

    def _enclosed(self, name: str, text: str) -> None:
        self._recogniser.enter(name)
        self.handle_data(text)
        self._recogniser.leave()

    def _attributes(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        loose = self._marked.numbers(self.get_starttag_text() or "")
        for name, value in attrs:
            for number in self._marked.numbers(value or ""):
                loose.remove(number)
            self._enclosed(f"{tag} {name}=", value or "")
        for number in loose:
            if self._recognise(number):
                raise self.error(
                    f"{self._marked.typed(number)} stands among the attributes of <{tag}>",
                    "Put it inside a quoted value, or write the element twice inside {% if %} … {% else %}",
                )

    def _refuse_active(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in REFUSED:
            raise self.error(f"<{tag}> can't be mailed: every mail program removes or blocks it")
        for name, value in attrs:
            if name.startswith("on"):
                raise self.error(
                    f"the event handler {name}= of <{tag}> can't be mailed: no mail program runs it"
                )
            if "".join((value or "").split()).casefold().startswith(REFUSED_SCHEMES):
                raise self.error(f"{name}={value!r} of <{tag}> would run code; link to a web page instead")
