"""Which braces in an editor's prose are template tags, and which are just braces.

Newsletters are full of `{{ it's 5 }}`, `{{ .Params.x }}` and `{# unclosed`. Only a tag that names something
mailer offers is handed to Jinja2; all else is printed as it was typed. A near miss of an offered name, and a
tag on an offered name that can't be read, are errors: a typo is never mailed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import lru_cache

from jinja2.defaults import DEFAULT_NAMESPACE

from mailer.compose.tags.tag import (
    CLOSERS,
    CONTROL,
    MIDDLES,
    OPENERS,
    Candidate,
    UnreadableTag,
    bound,
    find_candidates,
    looked_up,
    protect_literal,
)
from mailer.domain import recipient_names
from mailer.errors import IssueError
from mailer.message.expression.operations import FILTERS, TESTS

_MARKUP = re.compile(r"</?[A-Za-z][^<>]*>?")
_TAGS = r"(?:</?[A-Za-z][^<>{}]{0,200}>)"
_DIVIDED = re.compile(rf"\{{{_TAGS}+[{{%][^{{}}\n]{{1,200}}\}}{_TAGS}*\}}?")
_CURLY = re.compile("[\u2018-\u201f\u00ab\u00bb\u2039\u203a\u2032\u2033]")
_NO_FILTER = re.compile(r"No (filter|test) named '(\w+)'")

# What a body, a subject or a layout may name: what is the issue's, and what is the recipient's.
OFFERED = frozenset({"issue", "params", "list", "sender"}) | recipient_names.KNOWN

LITERALLY = (
    "To print the braces themselves, put them in a code span (`{{ … }}`) or write &#123; for the first one"
)


@dataclass(slots=True)
class _OpenTag:
    """A control tag that waits for its end. `ours` is false for one that is printed as typed."""

    candidate: Candidate
    ours: bool
    element: int
    names: frozenset[str] = frozenset()


@dataclass(slots=True)
class Recogniser:
    """Decides, tag by tag in reading order, what is a tag of ours. `path` is for messages.

    `enter` and `leave` tell it which element it is in: a tag must be closed in the element it was opened in.
    """

    path: str
    _set: set[str] = field(default_factory=set)
    _open: list[_OpenTag] = field(default_factory=list)
    _elements: list[tuple[int, str]] = field(default_factory=lambda: [(0, "issue")])
    _entered: int = 0

    def enter(self, element: str) -> None:
        """Note that an element begins."""
        self._entered += 1
        self._elements.append((self._entered, element))

    def leave(self) -> None:
        """Note that the innermost element ends; raise IssueError if a tag in it was not closed."""
        number, name = self._elements.pop()
        while self._open and self._open[-1].element == number:
            opened = self._open.pop()
            if opened.ours:
                raise self._half(opened.candidate, name)

    def finish(self) -> None:
        """Note that the text ends; raise IssueError if a tag was not closed."""
        for opened in self._open:
            if opened.ours:
                keyword = opened.candidate.keyword
                raise self._error(opened.candidate, f"is never closed by {{% end{keyword} %}}")

    def recognise(self, candidate: Candidate) -> bool:
        """Whether `candidate` is a tag of ours, not literal text. Raise IssueError for a near miss."""
        if not candidate.closed:
            return self._refuse_unclosed(candidate)
        keyword = candidate.keyword
        if keyword in CLOSERS:
            return self._close(candidate, CLOSERS[keyword])
        if keyword in MIDDLES:
            return self._continue(candidate)
        ours = self._names_something(candidate)
        if keyword in OPENERS:
            names = bound(candidate) | {"loop"} if ours and keyword == "for" else frozenset[str]()
            self._open.append(_OpenTag(candidate, ours, self._elements[-1][0], names))
        elif ours and keyword == "set":
            self._set |= bound(candidate)
        return ours

    def _offered(self) -> frozenset[str]:
        return OFFERED.union(self._set, *(opened.names for opened in self._open if opened.names))

    def _refuse_unclosed(self, candidate: Candidate) -> bool:
        offered = self._offered()
        if candidate.keyword in CONTROL:
            meant = not offered.isdisjoint(candidate.words[:6])
        else:
            meant = any(_near(name, offered) for name in candidate.first_name)
        if meant:
            end = "%}" if candidate.keyword else "}}"
            raise self._error(candidate, f"is not closed: its {end} must stand on the same line")
        return False

    def _names_something(self, candidate: Candidate) -> bool:
        offered = self._offered()
        if not any(_near(word, offered) for word in candidate.words):
            return False
        try:
            roots = looked_up(candidate)
        except UnreadableTag as error:
            return self._refuse_unreadable(candidate, error)
        unknown = roots - offered - DEFAULT_NAMESPACE.keys()
        if roots & offered and not unknown:
            return True
        for name in sorted(unknown):
            if near := _near(name, offered):
                raise self._error(candidate, f"names {name!r}; did you mean {near!r}?")
        if roots & offered:
            names = ", ".join(sorted(offered))
            raise self._error(candidate, f"names {min(unknown)!r}, which is not offered here ({names} are)")
        return False

    def _refuse_unreadable(self, candidate: Candidate, error: Exception) -> bool:
        """Raise if the tag is plainly meant as one; `{{ the subscriber's name }}` is prose."""
        named = candidate.words if candidate.keyword else (*candidate.first_name, *candidate.used_names)
        if self._offered().isdisjoint(named):
            return False
        raise self._error(candidate, _unread(error), _mended(candidate))

    def _continue(self, candidate: Candidate) -> bool:
        if not self._open or not self._open[-1].ours:
            return False
        opened = self._open[-1]
        self._same_element(opened, candidate)
        if candidate.keyword == "elif":
            self._check_elif(candidate)
        return True

    def _check_elif(self, candidate: Candidate) -> None:
        try:
            unknown = looked_up(candidate) - self._offered() - DEFAULT_NAMESPACE.keys()
        except UnreadableTag as error:
            raise self._error(candidate, _unread(error)) from None
        if unknown:
            near = _near(min(unknown), self._offered())
            hint = f"; did you mean {near!r}?" if near else ", which is not offered here"
            raise self._error(candidate, f"names {min(unknown)!r}{hint}")

    def _close(self, candidate: Candidate, opener: str) -> bool:
        while self._open and not self._open[-1].ours and self._open[-1].candidate.keyword != opener:
            self._open.pop()
        if not self._open:
            return False
        opened = self._open[-1]
        if not opened.ours:
            self._open.pop()
            return False
        if opened.candidate.keyword != opener:
            raise self._error(candidate, f"stands where {opened.candidate.source} is still open")
        self._same_element(opened, candidate)
        self._open.pop()
        return True

    def _same_element(self, opened: _OpenTag, candidate: Candidate) -> None:
        if opened.element != self._elements[-1][0]:
            raise self._half(opened.candidate, self._elements[-1][1], candidate)

    def _half(self, opened: Candidate, element: str, closing: Candidate | None = None) -> IssueError:
        other = f"and {closing.source} (line {closing.line}) do" if closing else "and its end do"
        return self._error(
            opened,
            f"{other} not stand in the same element; half an element (<{element}>) can't be left out",
            next_step="Put both tags around the whole element, or both inside it",
        )

    def _error(self, candidate: Candidate, problem: str, next_step: str = LITERALLY) -> IssueError:
        source = candidate.source if len(candidate.source) <= 60 else candidate.source[:57] + "..."
        return IssueError(self.path, candidate.line, f"{source} {problem}", next_step=next_step)


def _mended(candidate: Candidate) -> str:
    """Return what to do about a tag that can't be read, by what is seen in it."""
    if markup := _MARKUP.search(candidate.inner):
        return f"Take {markup.group()} out of the braces, or put it around the whole tag"
    if quotes := _CURLY.findall(candidate.inner):
        return f"Write straight quotation marks (\" or ') in it, not {' '.join(dict.fromkeys(quotes))}"
    return LITERALLY


def _unread(error: Exception) -> str:
    """Say why a tag can't be read, on one line and without Jinja2's account of where."""
    problem = str(error).partition("\n")[0].rstrip(".")
    if not (found := _NO_FILTER.fullmatch(problem)):
        return f"can't be read: {problem}"
    kind, name = found.groups()
    near = get_close_matches(name, FILTERS if kind == "filter" else TESTS, n=1)
    return f"has a {kind} {name!r}, which is none" + (f"; did you mean {near[0]!r}?" if near else "")


@lru_cache(maxsize=1024)
def _near(name: str, offered: frozenset[str]) -> str | None:
    folded = name.casefold().replace("-", "_")
    if folded in offered:
        return folded
    if len(folded) >= 6 and (whole := sorted(name for name in offered if name.startswith(folded))):
        return whole[0]
    return next(iter(get_close_matches(folded, offered, n=1, cutoff=0.8)), None)


def refuse_divided(html: str, *, path: str, line: int) -> None:
    """Raise IssueError for a tag of ours whose braces are parted by HTML: `{<b>{ subscriber.name }</b>}`.

    It would be no tag, and readers would see the braces. `line` is that of the first of `html`.
    """
    for found in _DIVIDED.finditer(html):
        joined = _MARKUP.sub("", found.group())
        if any(Recogniser(path).recognise(candidate) for candidate in find_candidates(joined)):
            row = html.count("\n", 0, found.start())
            raise IssueError(
                path,
                line + row,
                f"{found.group()} has HTML between its braces",
                next_step=f"Write {joined}, with the HTML around it",
            )


def protect(text: str, *, path: str = "", line: int = 1) -> str:
    """Return `text` as Jinja2 source: its own tags stay, every other brace is printed as it was typed.

    For subject lines and the like; `path` and `line` are where the text stands, for IssueError.
    """
    recogniser, parts, position = Recogniser(path), list[str](), 0
    for candidate in find_candidates(text, line):
        if recogniser.recognise(candidate):
            parts += [protect_literal(text[position : candidate.start]), candidate.source]
            position = candidate.end
    recogniser.finish()
    parts.append(protect_literal(text[position:]))
    return "".join(parts)


def refuse_tags(text: str, *, path: str, line: int, place: str) -> None:
    """Raise IssueError if a tag of ours stands in `text`, because `place` is printed as typed."""
    recogniser = Recogniser(path)
    for candidate in find_candidates(text):
        if recogniser.recognise(replace(candidate, line=line)):
            raise IssueError(
                path,
                line,
                f"{candidate.source} stands in the {place}, where tags are not read",
                next_step="Tags are read in the subject and the body",
            )
