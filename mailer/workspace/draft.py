"""Start an issue: a file with its front matter, named by date and title."""

from __future__ import annotations

import unicodedata
from datetime import date
from pathlib import Path

import yaml

from mailer.errors import UsageError
from mailer.languages import language_of
from mailer.workspace.scaffold import write_new
from mailer.workspace.slug import slug

FRONT_MATTER = """\
---
{names}\
# The line an inbox shows after the subject: 40 to 130 characters
description: ""
date: {day}
{lang}\
# Also known: subject, list, lang, kicker, epigraph (text, source), standfirst, byline, reply_to, params
---

"""


def start_issue(folder: Path, title: str, day: date, suffix: str, language: str) -> Path:
    """Write `<day>-<slug><suffix>` in `folder` and return its path; no file is ever overwritten.

    The issue is in its list's language, else in `language`; it says one only where its title runs in the
    other direction.
    """
    lang = language_of(title, language)
    name = slug(title, lang)
    path = folder / f"{day}-{name}{suffix}"
    # Nobody gets one slug twice, and a date in a file's name is no part of it.
    own = path.stem if any(folder.glob(f"*-{name}.*")) else name
    text = FRONT_MATTER.format(
        names=_names(title, own), day=day, lang=f"lang: {lang}\n" if lang != language else ""
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = write_new(path, text)
    except OSError as error:
        raise UsageError(f"can't write {path}: {error.strerror}") from None
    if not written:
        raise UsageError(f"there is an issue {path} already", next_step="Edit it, or choose another title.")
    return path


def _names(title: str, own_slug: str) -> str:
    """Title and slug as lines of YAML, quoted where they would mean something else."""
    title = title.strip()
    if not title or any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in title):
        raise UsageError("a title is one line of text", next_step='Write it like: mailer new "Low tide"')
    return yaml.safe_dump(
        {"title": title, "slug": own_slug}, allow_unicode=True, width=10**6, sort_keys=False
    )
