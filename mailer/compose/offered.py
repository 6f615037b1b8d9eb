"""Which braces in an editor's prose are template tags, and which are just braces.

Newsletters are full of `{{ it's 5 }}`, `{{ .Params.x }}` and `{# unclosed`. Only a tag that names something
mailer offers is handed to Jinja2; all else is printed as it was typed. A near miss of an offered name, and a
tag on an offered name that can't be read, are errors: a typo is never mailed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches

from jinja2 import Environment, TemplateError, meta, nodes
from jinja2.defaults import DEFAULT_NAMESPACE

from mailer.errors import IssueError

# What a body, a subject or a layout may name. The first four are the issue's, the rest the recipient's.
OFFERED = frozenset(
    {
        "issue",
        "params",
        "list",
        "sender",
        "subscriber",
        "unsubscribe_url",
        "preferences_url",
        "browser_url",
    }
)

OPENERS = frozenset({"if", "for"})
MIDDLES = frozenset({"elif", "else"})
CLOSERS = {"endif": "if", "endfor": "for"}
CONTROL = OPENERS | MIDDLES | frozenset(CLOSERS) | {"set"}

LITERALLY = (
    "To print the braces themselves, put them in a code span (`{{ … }}`) or write &#123; for the first one"
)

_OPENING = re.compile(r"\{[{%]")
_NEXT = re.compile(r"[%}]\}|\{[{%]|[\n`]")
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
_FIRST_WORD = re.compile(r"[-+]?\s*([A-Za-z_]\w*)")
_PARSER = Environment(autoescape=True)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that looks like a tag: `text[start:end]`, as typed in `source`, on `line` of the issue file.

    `closed` is false for an opening brace pair whose line ends before the closing one.
    """

    start: int
    end: int
    source: str
    line: int
    closed: bool = True

    @property
    def inner(self) -> str:
        """What stands between the braces, without white-space marks (`{%-`)."""
        inner = self.source[2:-2] if self.closed else self.source[2:]
        return inner.removeprefix("-").removeprefix("+").removesuffix("-").removesuffix("+").strip()

    @property
    def keyword(self) -> str:
        """`if`, `for`, `set` … of a `{% … %}`; empty for a `{{ … }}`."""
        if self.source.startswith("{{"):
            return ""
        word = _IDENTIFIER.match(self.inner)
        return word.group() if word else "%"


def find_candidates(text: str, first_line: int = 1, *, escapes: bool = False) -> Iterator[Candidate]:
    """Yield what looks like a tag in `text`, in order; `first_line` is the file's line of the text's first.

    With `escapes` a backslash before the braces makes them prose, as everywhere in Markdown. A tag has to end
    on the line it begins on.
    """
    position, line, counted = 0, first_line, 0
    while opening := _OPENING.search(text, position):
        start = opening.start()
        position = start + (2 if escapes and _escaped(text, start) else 1)
        if position == start + 2:
            continue
        end = _closing(text, start)
        line, counted = line + text.count("\n", counted, start), start
        stop = end or min(_line_end(text, start), start + 120)
        yield Candidate(start, stop, text[start:stop], line, closed=end is not None)
        position = end or start + 2


def _escaped(text: str, start: int) -> bool:
    before = text[max(0, start - 100) : start]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 1


def _closing(text: str, start: int) -> int | None:
    """Return where the tag opened at `start` ends, or None if its line, or another tag, comes first."""
    closing = "}}" if text[start + 1] == "{" else "%}"
    for found in _NEXT.finditer(text, start + 2):
        if found.group() == closing:
            return found.end()
        if found.group() in ("\n", "`", "{{", "{%"):  # a code span may begin inside: no tag holds a backtick
            return None
    return None


def _line_end(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end


@dataclass(slots=True)
class _Open:
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
    _open: list[_Open] = field(default_factory=list)
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
            names = _targets(candidate) | {"loop"} if ours and keyword == "for" else frozenset[str]()
            self._open.append(_Open(candidate, ours, self._elements[-1][0], names))
        elif ours and keyword == "set":
            self._set |= _targets(candidate)
        return ours

    def _offered(self) -> frozenset[str]:
        return OFFERED.union(self._set, *(opened.names for opened in self._open))

    def _refuse_unclosed(self, candidate: Candidate) -> bool:
        first = _FIRST_WORD.match(candidate.source, 2)
        words = _IDENTIFIER.findall(candidate.source)[:2] if first else []
        named = words[0] if candidate.source.startswith("{{") else (words[1:] or [""])[0]
        if first and named in self._offered():
            end = "}}" if candidate.source.startswith("{{") else "%}"
            raise self._error(candidate, f"is not closed: its {end} must stand on the same line")
        return False

    def _names_something(self, candidate: Candidate) -> bool:
        offered = self._offered()
        words = set(_IDENTIFIER.findall(candidate.inner))
        if not any(word in offered or _near(word, offered) for word in words):
            return False
        try:
            roots = _roots(candidate)
        except (TemplateError, RecursionError, ValueError) as error:
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
        words = _IDENTIFIER.findall(candidate.inner)
        named = words[0] if not candidate.keyword else (words[1:] or [""])[0]
        if named not in self._offered():
            return False
        raise self._error(candidate, f"can't be read: {error}")

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
            unknown = _roots(candidate) - self._offered() - DEFAULT_NAMESPACE.keys()
        except (TemplateError, RecursionError, ValueError) as error:
            raise self._error(candidate, f"can't be read: {error}") from None
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

    def _same_element(self, opened: _Open, candidate: Candidate) -> None:
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


def _near(name: str, offered: frozenset[str]) -> str | None:
    folded = name.casefold().replace("-", "_")
    if folded in offered:
        return folded
    return next(iter(get_close_matches(folded, offered, n=1, cutoff=0.8)), None)


def _parse(candidate: Candidate) -> nodes.Template:
    inner, keyword = candidate.inner, candidate.keyword
    match keyword:
        case "":
            return _PARSER.parse("{{ " + inner + " }}")
        case "if" | "for":
            return _PARSER.parse("{% " + inner + " %}{% end" + keyword + " %}")
        case "elif":
            return _PARSER.parse("{% " + inner[2:] + " %}{% endif %}")
        case "set":
            return _PARSER.parse("{% " + inner + " %}")
        case _:
            raise ValueError(
                f"{keyword!r} is not a tag that can stand in an issue ({', '.join(sorted(CONTROL))} are)"
            )


def _roots(candidate: Candidate) -> set[str]:
    """Return the names that a tag looks up from outside, without what it binds itself."""
    return meta.find_undeclared_variables(_parse(candidate))


def _targets(candidate: Candidate) -> frozenset[str]:
    """Return the names that a `for` or `set` binds."""
    return frozenset(name.name for name in _parse(candidate).find_all(nodes.Name) if name.ctx == "store")


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


def protect_literal(text: str) -> str:
    """Return Jinja2 source that prints `text`, all of it, as it is."""
    # A brace at the end counts too: the next piece may begin with the other half of a pair.
    return re.sub(r"\{(?=[{%#]|\Z)", "{{ '{' }}", text)
