"""One walk over a body's HTML: which marks are tags of ours, and does each stand in whole elements?

The walk sees what a browser would: text and quoted values of clean HTML.
"""

from __future__ import annotations

from collections import Counter

from mailer.compose.html.allowed import COMPONENTS, VOID
from mailer.compose.html.tokens import HTMLToken, TokenKind, read_html
from mailer.compose.tags.marks import Marked
from mailer.compose.tags.offered import Recogniser
from mailer.compose.tags.tag import Candidate
from mailer.errors import IssueError

WHOLE = "Put it inside a quoted value, or write the element twice inside {% if %} … {% else %}"


def recognise_tags(html: str, lines: list[int], marked: Marked, path: str) -> frozenset[int]:
    """Return the numbers of the marks in `html` that are tags of ours.

    `lines[i]` is the issue's line of line i + 1 of `html`. Raise IssueError for a tag that is mistyped,
    broken or not closed in its own element, and for a column that is not in columns.
    """
    walk = _Walk(lines, marked, path)
    for token in read_html(html):
        walk.step(token)
    walk.end()
    return frozenset(walk.ours)


class _Walk:
    def __init__(self, lines: list[int], marked: Marked, path: str) -> None:
        self.ours: set[int] = set()
        self._lines = lines
        self._row = 0
        self._marked = marked
        self._recogniser = Recogniser(path)
        self._path = path
        self._open: list[str] = []
        self._count = Counter[str]()  # of the same names: to look for one takes as long as there are others

    def step(self, token: HTMLToken) -> None:
        """Go over the next token."""
        match token.kind:
            case TokenKind.START:
                self._start(token)
            case TokenKind.END:
                self._end(token.name)
            case TokenKind.TEXT | TokenKind.RAW:
                self._read(token.text)
            # Whole documents have some. Outlook reads conditional ones; any other is read by nobody.
            case TokenKind.COMMENT if token.comment.startswith("[if"):
                self._recogniser.enter("comment")
                self._read(token.comment)
                self._recogniser.leave()
        self._row += token.source.count("\n")

    def _start(self, token: HTMLToken) -> None:
        self._attributes(token)
        if token.name == "mail-column":
            self._check_column()
        if token.name not in VOID:
            self._open.append(token.name)
            self._count[token.name] += 1
            self._recogniser.enter(token.name)
            if token.ended:
                self._end(token.name)

    def _end(self, tag: str) -> None:
        while self._count[tag]:
            self._recogniser.leave()
            closed = self._open.pop()
            self._count[closed] -= 1
            if closed == tag:
                break

    def end(self) -> None:
        """Leave what is still open; raise IssueError if a tag is."""
        for _ in self._open:
            self._recogniser.leave()
        self._recogniser.finish()

    def _read(self, text: str) -> list[Candidate]:
        """Return those tags in `text` that are ours."""
        numbers = self._marked.numbers(text)
        ours = [number for number in numbers if self._recogniser.recognise(self._marked.candidates[number])]
        self.ours.update(ours)
        return [self._marked.candidates[number] for number in ours]

    def _attributes(self, token: HTMLToken) -> None:
        for attribute in token.attributes:
            for candidate in self._read(attribute.name):
                problem = f"{candidate.source} stands among the attributes of <{token.name}>"
                raise IssueError(self._path, candidate.line, problem, next_step=WHOLE)
            self._recogniser.enter(f"{token.name} {attribute.name}=")
            self._read(attribute.value or "")
            self._recogniser.leave()

    def _check_column(self) -> None:
        around = next((name for name in reversed(self._open) if name in COMPONENTS), "")
        if around != "mail-columns":
            line = self._lines[min(self._row, len(self._lines) - 1)]
            raise IssueError(self._path, line, "<mail-column> does not stand in <mail-columns>")
