"""What looks like a template tag in an editor's text, and which names it looks up and binds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from itertools import islice
from urllib.parse import unquote

from jinja2 import Environment, TemplateError, meta, nodes

OPENERS = frozenset({"if", "for"})
MIDDLES = frozenset({"elif", "else"})
CLOSERS = {"endif": "if", "endfor": "for"}
CONTROL = OPENERS | MIDDLES | frozenset(CLOSERS) | {"set"}

# Gmail clips a mail at 102,400 octets, which is one in fifty: each is parsed, tried and filled by itself.
MOST_TAGS = 2_000
_BRACES = re.compile(r"\{[{%#]|%7B%(?:7B|25)", re.IGNORECASE)
_OPENING = re.compile(r"\{[{%]|%7B%(?:7B|25)", re.IGNORECASE)
# As editors and other programs write a tag that stands in an address.
_ENCODED = re.compile(r"%7B%7B[^\n<>\"'{}`]*?%7D%7D|%7B%25[^\n<>\"'{}`]*?%25%7D", re.IGNORECASE)
_ENCODED_BLANK = re.compile(r"\{[{%](?:%20|\+)")
# What visual editors put between letters, and nobody sees.
_UNSEEN = re.compile("[\u00ad\u200b\u2060\ufeff]")
_NEXT = re.compile(r"[%}]\}|\{[{%]|[\n`]")
_USED = re.compile(r"([A-Za-z_]\w*)\s*[.|\[]")
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
_SOURCE_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_PARSER = Environment(autoescape=True)


class UnreadableTag(ValueError):
    """A tag's inside is not an expression; the message says why."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that looks like a tag: `text[start:end]`, on `line` of the issue file.

    `source` is what was meant, `typed` how it was written where that differs: with character references
    (`{{&nbsp;…}}`) or percent signs. `closed` is false for an opening brace pair whose line ends before the
    closing one.
    """

    start: int
    end: int
    source: str
    line: int
    closed: bool = True
    typed: str = ""

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

    @property
    def words(self) -> tuple[str, ...]:
        """Every identifier in it, in order."""
        return tuple(_IDENTIFIER.findall(self.inner))

    @property
    def first_name(self) -> tuple[str, ...]:
        """The identifier it begins with, if it begins with one."""
        word = _IDENTIFIER.match(self.inner)
        return (word.group(),) if word else ()

    @property
    def used_names(self) -> tuple[str, ...]:
        """The identifiers used as in a template: with a field, a filter or an index after them."""
        return tuple(_USED.findall(self.inner))


def find_candidates(text: str, first_line: int = 1, *, escapes: bool = False) -> Iterator[Candidate]:
    """Yield what looks like a tag in `text`, in order; `first_line` is the file's line of the text's first.

    With `escapes` a backslash before the braces makes them prose, as everywhere in Markdown. A tag has to end
    on the line it begins on.
    """
    position, line, counted = 0, first_line, 0
    while opening := _OPENING.search(text, position):
        start = opening.start()
        if text[start] == "%":
            encoded = _ENCODED.match(text, start)
            position = encoded.end() if encoded else start + 1
            if encoded:
                line, counted = line + text.count("\n", counted, start), start
                yield Candidate(start, position, unquote(encoded.group()), line, typed=encoded.group())
            continue
        position = start + (2 if escapes and _escaped(text, start) else 1)
        if position == start + 2:
            continue
        end = _closing(text, start)
        line, counted = line + text.count("\n", counted, start), start
        stop = end or min(_line_end(text, start), start + 120)
        typed = text[start:stop]
        meant = _meant(typed)
        known = {"typed": typed} if meant != typed else {}
        yield Candidate(start, stop, meant, line, closed=end is not None, **known)
        position = end or start + 2


def too_many(text: str) -> int | None:
    """Return where in `text` the first of the braces begins that are more than an issue may have."""
    found = next(islice(_BRACES.finditer(text), MOST_TAGS, None), None)
    return found.start() if found else None


def _meant(typed: str) -> str:
    """Return a tag without what an editor made of it in HTML or in an address."""
    meant = unescape(typed[2:]) if "&" in typed else typed[2:]
    if _ENCODED_BLANK.match(typed):
        meant = unquote(meant.replace("+", " "))
    return typed[:2] + _UNSEEN.sub("", meant)


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


@lru_cache(maxsize=256)
def _parse(keyword: str, inner: str) -> nodes.Template:
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
            tags = ", ".join(sorted(CONTROL))
            raise UnreadableTag(f"{keyword!r} is not a tag that can stand in an issue ({tags} are)")


def looked_up(candidate: Candidate) -> set[str]:
    """Return the names that a tag looks up from outside, without what it binds itself; raise Unreadable."""
    try:
        return meta.find_undeclared_variables(_parse(candidate.keyword, candidate.inner))
    except (TemplateError, RecursionError, ValueError) as error:  # ValueError: a number of 5,000 digits
        raise UnreadableTag(str(error)) from None


def bound(candidate: Candidate) -> frozenset[str]:
    """Return the names that a `for` or `set` binds."""
    return frozenset(
        name.name
        for name in _parse(candidate.keyword, candidate.inner).find_all(nodes.Name)
        if name.ctx == "store"
    )


def protect_literal(text: str) -> str:
    """Return Jinja2 source that prints `text`, all of it, as it is."""
    # A brace at the end counts too: the next piece may begin with the other half of a pair.
    return re.sub(r"\{(?=[{%#]|\Z)", "{{ '{' }}", text)


def literal_text(source: str) -> str:
    """Return what Jinja2 source prints as it is, in every branch: without its tags, protected braces bare."""
    return _SOURCE_TAG.sub(
        lambda found: "{" if found[0] == "{{ '{' }}" else "\n" * found[0].count("\n"), source
    )
