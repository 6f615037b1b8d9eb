"""TOML front matter, as Hugo and Zola write it."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from mailer.compose.issue.matter import KeyValue, Matter
from mailer.errors import IssueError

_WHERE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


def read_toml(path: str, source: str) -> Matter:
    """Return the entries of TOML; raise IssueError, with the file's line, if it is none."""
    try:
        values = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        where = _WHERE.search(str(error))
        line = int(where.group(1)) if where and where.group(1) else source.count("\n") + 1
        problem = _WHERE.sub("", str(error))
        raise IssueError(path, 1 + line, f"the TOML front matter can't be read: {problem}") from None
    except (RecursionError, ValueError) as error:
        raise IssueError(path, 2, f"the TOML front matter can't be read: {error}") from None
    return Matter([_entry(source, key, value) for key, value in values.items()])


def _entry(source: str, key: str, value: Any) -> KeyValue:
    within = {each: _line(source, each) for each in value} if isinstance(value, dict) else {}
    return KeyValue(key, _line(source, key), value, within)


def _line(source: str, key: str) -> int:
    found = re.search(rf"^[ \t]*\[*[ \t]*[\"']?{re.escape(key)}[\"']?[ \t]*[\]=.]", source, re.MULTILINE)
    return 2 + (source.count("\n", 0, found.start()) if found else 0)
