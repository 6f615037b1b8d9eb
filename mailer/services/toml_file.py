"""A file in TOML that a person wrote: what it says, and on which line."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from mailer.errors import IssueError


def read_toml(path: Path, error: type[IssueError]) -> tuple[str, dict[str, Any]]:
    """Return the text of a file and what it says; raise `error`, with file and line, for what is no TOML."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise error(str(path), None, str(fault), next_step=f"Correct {path}.") from None
    try:
        return text, tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        line = re.search(r"at line (\d+)", str(fault))
        number = int(line[1]) if line else len(text.splitlines())
        raise error(str(path), number, str(fault), next_step=f"Correct {path}.") from None


def line_of(text: str, key: str) -> int | None:
    """Return the first line that has a key in it."""
    lines = enumerate(text.splitlines(), 1)
    return next((number for number, line in lines if key in line), None)
