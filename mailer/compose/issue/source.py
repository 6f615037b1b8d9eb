"""An issue file becomes an Issue: bytes in, the editor's words and wishes out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path, PurePath
from typing import Any

from mailer.compose.document.completing import is_document
from mailer.compose.html.tokens import TokenKind, read_html
from mailer.compose.issue.fields import GUARDED, SIGNS, read_fields
from mailer.compose.issue.front_matter import Split, split_front_matter
from mailer.compose.issue.text import read_text
from mailer.compose.issue.title import Titled, find_title, untitled
from mailer.compose.tags.offered import refuse_tags
from mailer.domain.issue import Issue, IssueNotice, Kind
from mailer.errors import IssueError
from mailer.languages import read_language

KINDS = {
    ".md": Kind.MARKDOWN,
    ".markdown": Kind.MARKDOWN,
    ".html": Kind.HTML,
    ".htm": Kind.HTML,
    ".txt": Kind.TEXT,
}

NO_TEXT = "has no text"
_LEADING_DATE = re.compile(r"\d{4}-\d{2}-\d{2}-(?=.)")


def load_issue(file: Path) -> tuple[Issue, tuple[IssueNotice, ...]]:
    """Return what `read_issue` makes of a file; raise IssueError if there is none."""
    try:
        data = file.read_bytes()
    except IsADirectoryError:
        raise IssueError(file, None, "is a folder", next_step="Name the issue's file in it") from None
    except FileNotFoundError:
        raise IssueError(file, None, "there is no such issue file", next_step=_suggest(file)) from None
    except OSError as error:
        raise IssueError(file, None, f"can't be read: {error.strerror}") from None
    return read_issue(str(file), data)


def _suggest(file: Path) -> str:
    found = [each for folder in (file.parent / "issues", file.parent) for each in _issues_in(folder)]
    by_name = {each.name.casefold(): each for each in found}
    by_stem = {default_slug(each): each for each in found}
    near = get_close_matches(file.name.casefold(), by_name, n=2, cutoff=0.5)
    stems = get_close_matches(default_slug(file), by_stem, n=2, cutoff=0.5)
    paths = dict.fromkeys(str(path) for path in (*map(by_name.get, near), *map(by_stem.get, stems)))
    return f"Did you mean {' or '.join(paths)}?" if paths else 'Make an issue with: mailer new "Title"'


def _issues_in(folder: Path) -> Iterable[Path]:
    try:
        return sorted(each for each in folder.iterdir() if each.suffix.lower() in KINDS)
    except OSError:
        return ()


def issue_files(folder: Path) -> list[Path]:
    """Return the issue files of `folder`, by name: `harbour.md`, `harbour/index.md`."""
    places = [*folder.glob("*"), *folder.glob("*/index.*")]
    return sorted(path for path in places if path.suffix.lower() in KINDS and path.stem.lower() != "readme")


def read_issue(path: str, data: bytes) -> tuple[Issue, tuple[IssueNotice, ...]]:
    """Return the issue that the file's bytes hold, and notices of what is ignored or mended.

    `path` names the kind of body by its ending and, unless the front matter does, the slug; no file is read.
    Without a title the first H1 is it, or in plain text the first line. A Markdown H1 that is the title and
    the first block is taken out of the body, because the layout prints the title; where the title stays in
    the body, `title_in_body` says so. An issue without any takes its first words. Raise IssueError, with the
    line where there is one, for anything else.
    """
    kind = _kind(path)
    text, mended = read_text(path, data)
    split = _split(path, text)
    fields, unfit = read_fields(path, split.entries)
    notices = [*mended, *split.notices, *unfit]
    fields.setdefault("slug", default_slug(PurePath(path)))
    if kind is Kind.HTML and (lang := _document_lang(split.body)):
        fields.setdefault("lang", lang)
    if not fields["slug"]:
        raise IssueError(
            path, None, "the file's name makes no slug", next_step="Give one in front matter: slug: …"
        )
    given = str(fields.pop("title", ""))
    titled = find_title(kind, Titled(given, split.body.rstrip(" \t\n"), split.body_line))
    if titled.title != given:
        refuse_tags(titled.title, path=path, line=titled.line, place="title")
    title = titled.title or fields.get("subject", "")
    if not title:
        title, said = untitled(path, kind, titled, fields["slug"], notices)
        notices.append(said)
    issue = _issue(path, kind, title, titled, fields | {"source": text, "notices": tuple(notices)})
    if not issue.body.strip():
        raise IssueError(path, None, NO_TEXT, next_step="Write the issue below its front matter")
    return issue, tuple(notices)


def _issue(path: str, kind: Kind, title: str, titled: Titled, fields: dict[str, Any]) -> Issue:
    blank = re.match(r"(?:[ \t]*\n)*", titled.body)
    start = blank.end() if blank else 0
    fields["subject"] = fields.get("subject") or title
    return Issue(
        path=path,
        kind=kind,
        title=title,
        body=titled.body[start:],
        body_line=titled.line + titled.body.count("\n", 0, start),
        title_in_body=titled.in_body,
        **fields,
    )


def _kind(path: str) -> Kind:
    suffix = PurePath(path).suffix.lower()
    if suffix not in KINDS:
        endings = ", ".join(KINDS)
        raise IssueError(path, None, f"{suffix or 'no ending'} is not an issue file's ending ({endings})")
    return KINDS[suffix]


def default_slug(path: PurePath) -> str:
    """Return the slug that a file's name makes: without date and ending; of `harbour/index.md`, `harbour`."""
    stem = path.parent.name if path.stem == "index" and path.parent.name else path.stem
    stem = unicodedata.normalize("NFC", _LEADING_DATE.sub("", stem, count=1)).lower()
    return re.sub(r"[^\w.-]+|\.{2,}", "-", stem).strip("-._")[:100]


def _split(path: str, text: str) -> Split:
    return split_front_matter(path, text, SIGNS, GUARDED)


def slug_of(file: Path) -> str:
    """Return the slug of the issue in `file`: the one that front matter gives, if that can be read."""
    slug: str = front_of(file)["slug"]
    return slug


def front_of(file: Path) -> dict[str, Any]:
    """Return what front matter says, by the fields of Issue; nothing but the slug if it can't be read."""
    try:
        text, _ = read_text(str(file), file.read_bytes())
        fields, _ = read_fields(str(file), _split(str(file), text).entries)
    except (OSError, IssueError):
        fields = {}
    return {**fields, "slug": fields.get("slug") or default_slug(file)}


def _document_lang(html: str) -> str:
    """Return the language that a whole document says it is in, if it says one."""
    roots = (token for token in read_html(html) if token.kind is TokenKind.START and token.name == "html")
    root = next(roots, None) if is_document(html) else None
    try:
        return read_language(root.get("lang") or "") if root else ""
    except ValueError:
        return ""
