"""Front matter in its three fences: YAML between `---`, TOML between `+++`, bare `Key: value` lines."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from mailer.compose.issue.doubtful import AS_TEXT, FENCED, looks_like_matter, refuse_doubtful
from mailer.compose.issue.fenced import read_toml, read_yaml
from mailer.compose.issue.matter import KeyValue, Matter, NoMatter, normal_key
from mailer.domain.issue import IssueNotice
from mailer.errors import IssueError

MAX_CHARACTERS = 65_536

_FENCES = {"---": ("---", "..."), "+++": ("+++",)}
_BARE = re.compile(r"([^\W\d_][\w -]{0,29}?)[ \t]*:(?:[ \t]+(.*))?")
# Byte order marks in the text, joiners, and marks of direction, as programs leave before a first line.
_UNSEEN = "\ufeff\u200b\u200e\u200f\u2060"
# In YAML a list, or names with values; on bare lines it would be run together to one text.
_NESTED = re.compile(r"[ \t]+(?:- |[\w-]+:(?:[ \t]|$))")
# What letters and announcements begin with, too: an unknown key beside these alone may well be text.
_IN_LETTERS = frozenset({"date", "from", "subject"})


@dataclass(frozen=True, slots=True)
class Split:
    """A file taken apart: its entries, the body after them, the file's line that the body begins on."""

    entries: list[KeyValue]
    body: str
    body_line: int
    notices: list[IssueNotice] = field(default_factory=list)


def split_front_matter(path: str, text: str, known: frozenset[str], vital: frozenset[str]) -> Split:
    """Return the entries of `text` and what comes after them.

    Bare lines are front matter if the first key is one of `known`, or if there are several and one is; a
    fence with no key in it is none. What can't be read is left out with a notice; where it could be a key of
    `vital`, which decides who gets the issue and from whom, it is an IssueError with the file's line. So is
    what looks like front matter and is none of the three.
    """
    lines = text.lstrip(_UNSEEN).split("\n")
    fence = lines[0].rstrip(" \t")
    if fence in _FENCES:
        return _split_fence(path, lines, fence, vital)
    if _begins_bare(lines, known):
        return _split_bare(path, lines, known, vital)
    refuse_doubtful(path, lines)
    return Split([], text, 1)


def _begins_bare(lines: list[str], known: frozenset[str]) -> bool:
    found = [_BARE.fullmatch(line) for line in lines[: _paragraph_end(lines)]]
    names = [normal_key(each.group(1)) for each in found if each]
    if not found or not found[0]:
        return False
    return names[0] in known or (len(names) == len(found) > 1 and not known.isdisjoint(names))


def _paragraph_end(lines: list[str]) -> int:
    return next((number for number, line in enumerate(lines) if not line.strip()), len(lines))


def _split_fence(path: str, lines: list[str], fence: str, vital: frozenset[str]) -> Split:
    end = next((row for row, line in enumerate(lines[1:], 1) if line.rstrip(" \t") in _FENCES[fence]), None)
    if end is None and (fence == "+++" or looks_like_matter(lines)):
        problem = f"the front matter begins with {fence} and never ends with one"
        raise IssueError(path, 1, problem, next_step=f"Write {fence} below it. {AS_TEXT}")
    if end is None:
        return Split([], "\n".join(lines), 1)
    source = "\n".join(lines[1:end])
    if len(source) > MAX_CHARACTERS:
        raise IssueError(path, 1, f"the front matter has more than {MAX_CHARACTERS} characters")
    try:
        matter = read_yaml(path, source, vital) if fence == "---" else read_toml(path, source)
    except NoMatter:
        notice = IssueNotice(path, 1, f"what stands between {fence} and {fence} has no key, so it is text")
        return Split([], "\n".join(lines), 1, [notice])
    return _split(path, matter, lines, end, vital)


def _split_bare(path: str, lines: list[str], known: frozenset[str], vital: frozenset[str]) -> Split:
    end = _paragraph_end(lines)
    try:
        entries = _read_bare(path, lines[:end])
    except IssueError:
        # One line like `Title: x` may begin a paragraph, unless it would decide who gets the issue.
        keys = [found.group(1) for line in lines[:end] if (found := _BARE.fullmatch(line))]
        if len(keys) > 1 or normal_key(keys[0]) in vital:
            raise
        notice = IssueNotice(
            path, 1, f"{lines[0][:60]!r} begins a paragraph, so it is text and no front matter"
        )
        return Split([], "\n".join(lines), 1, [notice])
    if doubtful := _in_doubt(entries, known):
        refuse_doubtful(path, lines, doubtful.line)
    return _split(path, Matter(entries), lines, end, vital)


def _in_doubt(entries: list[KeyValue], known: frozenset[str]) -> KeyValue | None:
    """Return the entry because of which bare lines may have been meant, or mailed, as text."""
    if known.isdisjoint({each.name for each in entries} - _IN_LETTERS):
        return next((each for each in entries if each.name not in known), None)
    if entries[0].name not in known:
        # They were text once. What was sent by the file's name must not become another issue by itself.
        return next((each for each in entries if each.name == "slug"), None)
    return None


def _split(path: str, matter: Matter, lines: list[str], end: int, vital: frozenset[str]) -> Split:
    entries, doubles = _without_doubles(path, matter.entries, vital)
    return Split(entries, "\n".join(lines[end + 1 :]), end + 2, [*matter.notices, *doubles])


def _without_doubles(
    path: str, entries: Iterable[KeyValue], vital: frozenset[str]
) -> tuple[list[KeyValue], list[IssueNotice]]:
    found: dict[str, KeyValue] = {}
    notices = []
    for entry in entries:
        if entry.name in found:
            first = found[entry.name].line
            if entry.name in vital:
                raise IssueError(path, entry.line, f"{entry.key} was already given on line {first}")
            said = f"{entry.key} was already given on line {first}; this one counts"
            notices.append(IssueNotice(path, entry.line, said))
        found[entry.name] = entry
    return list(found.values()), notices


def _read_bare(path: str, lines: list[str]) -> list[KeyValue]:
    """Read `Key: value` lines; one that begins with white space goes on with the value before it."""
    entries: list[KeyValue] = []
    for number, line in enumerate(lines, 1):
        found = _BARE.fullmatch(line)
        if found:
            entries.append(KeyValue(found.group(1), number, (found.group(2) or "").strip() or None))
        elif line[0] in " \t" and entries:
            last = entries.pop()
            if last.value is None and _NESTED.match(line):
                problem = f"{last.key}: {line.strip()[:60]!r} is a list, or names with values, on bare lines"
                raise IssueError(path, number, problem, next_step=FENCED)
            entries.append(KeyValue(last.key, last.line, f"{last.value or ''} {line.strip()}".strip()))
        else:
            step = FENCED if line.strip() in _FENCES else "Put an empty line before the body"
            problem = f"{line[:60]!r} is not a `Key: value` line"
            raise IssueError(path, number, problem, next_step=f"{step}. {AS_TEXT}")
    return entries
