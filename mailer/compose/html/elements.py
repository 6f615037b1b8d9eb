"""One walk over a body's HTML: which marks are tags of ours, and does each stand in whole elements?

The walk sees what a browser would: text and quoted values of clean HTML (see `sanitise`).
"""

from __future__ import annotations

from html.parser import HTMLParser

from mailer.compose.html.allowed import COMPONENTS, VOID
from mailer.compose.tags.marks import Marked
from mailer.compose.tags.offered import Recogniser
from mailer.errors import IssueError

WHOLE = "Put it inside a quoted value, or write the element twice inside {% if %} … {% else %}"


def recognise_tags(html: str, lines: list[int], marked: Marked, path: str) -> frozenset[int]:
    """Return the numbers of the marks in `html` that are tags of ours.

    `lines[i]` is the issue's line of line i + 1 of `html`. Raise IssueError for a tag that is mistyped,
    broken or not closed in its own element, and for a column that is not in columns.
    """
    walk = _Walk(lines, marked, path)
    walk.feed(html)
    walk.close()
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
        self._attributes(tag, attrs)
        if tag == "mail-column":
            self._check_column()
        if tag not in VOID:
            self._open.append(tag)
            self._recogniser.enter(tag)

    def handle_endtag(self, tag: str) -> None:
        while tag in self._open:
            self._recogniser.leave()
            if self._open.pop() == tag:
                break

    def handle_data(self, data: str) -> None:
        for number in self._marked.numbers(data):
            self._recognise(number)

    def handle_comment(self, data: str) -> None:
        # Whole documents have some. Outlook reads conditional ones; any other is read by nobody.
        if data.startswith("[if"):
            self._recogniser.enter("comment")
            self.handle_data(data)
            self._recogniser.leave()

    def end(self) -> None:
        """Leave what is still open; raise IssueError if a tag is."""
        for _ in self._open:
            self._recogniser.leave()
        self._recogniser.finish()

    def _recognise(self, number: int) -> bool:
        ours = self._recogniser.recognise(self._marked.candidates[number])
        if ours:
            self.ours.add(number)
        return ours

    def _attributes(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            self._refuse_loose(tag, name)
            self._recogniser.enter(f"{tag} {name}=")
            self.handle_data(value or "")
            self._recogniser.leave()

    def _refuse_loose(self, tag: str, name: str) -> None:
        for number in self._marked.numbers(name):
            if self._recognise(number):
                candidate = self._marked.candidates[number]
                problem = f"{candidate.source} stands among the attributes of <{tag}>"
                raise IssueError(self._path, candidate.line, problem, next_step=WHOLE)

    def _check_column(self) -> None:
        around = next((name for name in reversed(self._open) if name in COMPONENTS), "")
        if around != "mail-columns":
            line = self._lines[min(self.getpos()[0], len(self._lines)) - 1]
            raise IssueError(self._path, line, "<mail-column> does not stand in <mail-columns>")
