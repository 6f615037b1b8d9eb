"""Start an issue: a file with its front matter, named by date and title."""

from __future__ import annotations

import unicodedata
from datetime import date
from pathlib import Path

import yaml

from mailer.domain.slug import slug
from mailer.errors import UsageError
from mailer.workspace import write_new

FRONT_MATTER = """\
---
{title}\
# The line an inbox shows after the subject: 40 to 130 characters
description: ""
date: {day}
lang: en
# Also known: subject, list, kicker, epigraph (text, source), standfirst, byline, reply_to, params
---

"""


def start_issue(folder: Path, title: str, day: date, suffix: str) -> Path:
    """Write `<day>-<slug><suffix>` in `folder` and return its path; no file is ever overwritten."""
    path = folder / f"{day}-{slug(title)}{suffix}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = write_new(path, FRONT_MATTER.format(title=_title_line(title), day=day))
    except OSError as error:
        raise UsageError(f"can't write {path}: {error.strerror}") from None
    if not written:
        raise UsageError(f"there is an issue {path} already", next_step="Edit it, or choose another title.")
    return path


def _title_line(title: str) -> str:
    """The title as a line of YAML, quoted where it would mean something else."""
    title = title.strip()
    if not title or any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in title):
        raise UsageError("a title is one line of text", next_step='Write it like: mailer new "Low tide"')
    return yaml.safe_dump({"title": title}, allow_unicode=True, width=10**6)
