"""What looks like front matter and is none: it must not be mailed as text."""

from __future__ import annotations

import re

from mailer.compose.issue.fields import FIELDS
from mailer.compose.issue.matter import normal_key
from mailer.compose.issue.synonyms import SYNONYMS
from mailer.errors import IssueError

AS_TEXT = "If it is the text of the issue, put its front matter above it: ---, title: …, ---"
FENCED = "Write it between two lines of ---, the first of them on the first line of the file"

# So many lines from the head are looked at.
_HEAD = 12
# `Key: value` as YAML, TOML, JSON and people write it: indented, quoted, bold, in a list, with any colon.
_KEY = re.compile(r"\s*[-+>#:%|{]*\s*[*_`\"']*([^\W\d_](?:[\w -]{0,28}\w)?)[*_`\"']*\s*[:：=].*")
_FENCE_LIKE = re.compile(r"\s*(?:[-–—=+*~_;`]{2,}\s*(?:ya?ml|toml|json)?|\{)\s*")


def refuse_doubtful(path: str, lines: list[str], line: int | None = None) -> None:
    """Raise IssueError if the text begins with what looks like front matter; `line` is the one in doubt."""
    found = _keys(lines)
    if line is None and not looks_like_matter(lines):
        return
    number, typed = next((each for each in found if each[0] == (line or each[0])), (line or 1, ""))
    meant = SYNONYMS.get(normal_key(typed))
    hint = f"; {typed!r} is called {meant!r} here" if meant else ""
    problem = f"{lines[number - 1].strip()[:60]!r} looks like front matter, but can't be read as such{hint}"
    raise IssueError(path, number, problem, next_step=f"{FENCED}. {AS_TEXT}")


def looks_like_matter(lines: list[str]) -> bool:
    """Whether a text begins with keys: two of which one is known, one below a fence, or a title elsewhere."""
    names = [normal_key(typed) for _, typed in _keys(lines)]
    known = [name for name in names if name in FIELDS]
    meant = [SYNONYMS[name] for name in names if name in SYNONYMS]
    if next((line.strip() for line in lines if line.strip()), "") in ("---", "+++"):
        return bool(known or meant)
    in_json = lines[0].lstrip().startswith('{"')
    several = (len(names) > 1 or in_json) and (known or len(meant) > 1)
    return bool(several) or (meant == ["title"] and len(names) == 1)


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
