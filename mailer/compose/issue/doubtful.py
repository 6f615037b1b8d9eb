"""What looks like front matter and is none: it must not be mailed as text."""

from __future__ import annotations

import re

from mailer.compose.issue.fields import SIGNS
from mailer.compose.issue.matter import normal_key
from mailer.compose.issue.synonyms import NOT_PRINTED, SYNONYMS, UNREADY
from mailer.errors import IssueError

AS_TEXT = "If it is the text of the issue, put its front matter above it: ---, title: …, ---"
FENCED = "Write it between two lines of ---, the first of them on the first line of the file"

# So many lines from the head are looked at.
_HEAD = 12
# `Key: value` as YAML, TOML, JSON and people write it: indented, quoted, bold, in a list, with any colon.
_KEY = re.compile(r"\s*[-+>#:%|{]*\s*[*_`\"']*([^\W\d_](?:[\w -]{0,28}\w)?)[*_`\"']*\s*[:：=].*")
_FENCE_LIKE = re.compile(r"\s*(?:[-–—=+*~_;`]{2,}\s*(?:ya?ml|toml|json|js)?|\{)\s*")
_FENCE = re.compile(r"(?:---|\+\+\+|;;;)\s*\w*")
# First lines of Pandoc, Org, AsciiDoc, LaTeX and MDX.
_FOREIGN = re.compile(
    r"[%=] \w.*|#\+\w+:.*|\\(?:title|author|date|documentclass)\b.*"
    r"|import .+ from ['\"].*|export (?:const|default) .*"
)
# What no article has in a second paragraph that is nothing but keys.
_TELLING = frozenset({"list", "liste", "verteiler", "slug", "draft", "entwurf", "template", "reply_to"})


def refuse_doubtful(path: str, lines: list[str], line: int | None = None) -> None:
    """Raise IssueError if the text begins with what looks like front matter; `line` is the one in doubt."""
    found = _keys(lines)
    if line is None and not looks_like_matter(lines):
        found = _keys_below(lines)
        if not found:
            return
    first = next((number for number, each in enumerate(lines, 1) if each.strip()), 1)
    number, typed = next((each for each in found if each[0] == (line or each[0])), (line or first, ""))
    meant = SYNONYMS.get(normal_key(typed))
    hint = f"; {typed!r} is called {meant!r} here" if meant else ""
    problem = f"{lines[number - 1].strip()[:60]!r} looks like front matter, but can't be read as such{hint}"
    raise IssueError(path, number, problem, next_step=f"{FENCED}. {AS_TEXT}")


def looks_like_matter(lines: list[str]) -> bool:
    """Whether a text begins as another program's does, or with keys: two of which one is known, one below a
    fence, a title elsewhere, or what says that it is a draft.
    """
    first = next((line.strip() for line in lines if line.strip()), "")
    if _FOREIGN.fullmatch(first):
        return True
    names = [normal_key(typed) for _, typed in _keys(lines)]
    known = [name for name in names if name in SIGNS]
    meant = [SYNONYMS.get(name, "") for name in names if name in SYNONYMS or name in NOT_PRINTED]
    if _FENCE.fullmatch(first):
        return bool(known or meant)
    if len(names) == 1:
        in_json = first.startswith('{"') and bool(known)
        return in_json or meant == ["title"] or (names[0] in UNREADY and _says_draft(first))
    return bool(known) or len(meant) > 1


def _says_draft(line: str) -> bool:
    value = re.split("[:：=]+", line)[-1].strip(" *_`\"'").lower()
    return value in ("false", "no", "off", "private", "hidden") or SYNONYMS.get(value, value) == "draft"


def _keys_below(lines: list[str]) -> list[tuple[int, str]]:
    """Return the keys of the second paragraph, below one that may be a title, if it is front matter."""
    rows = [number for number, line in enumerate(lines, 1) if line.strip()]
    end = next((number for number in rows if not "".join(lines[number : number + 1]).strip()), 0)
    start = next((number for number in rows if number > end), 0)
    if not start or end - rows[0] > 1:
        return []
    below = lines[start - 1 :]
    paragraph = next((number for number, line in enumerate(below) if not line.strip()), len(below))
    found = _keys(below)
    names = [normal_key(typed) for _, typed in found]
    telling = not _TELLING.isdisjoint(names)
    if len(found) == paragraph > 1 and (telling or sum(name in NOT_PRINTED for name in names) > 1):
        return [(start - 1 + number, typed) for number, typed in found]
    return []


def _keys(lines: list[str]) -> list[tuple[int, str]]:
    """Return the keys of the first paragraph, each with its line, below what may be meant as a fence."""
    found: list[tuple[int, str]] = []
    begun = False
    for number, line in enumerate(lines, 1):
        if not line.strip() or _FENCE_LIKE.fullmatch(line):
            if begun:
                break
            continue
        begun = True
        if key := _KEY.fullmatch(line):
            found.append((number, key.group(1)))
        if len(found) > _HEAD or number > _HEAD:
            break
    return found
