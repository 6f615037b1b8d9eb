"""The body of an issue as template source: HTML and text, with the recipient's tags still in place."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape, unescape

from jinja2 import Environment, TemplateSyntaxError

from mailer.compose.disarm import disarm
from mailer.compose.document import complete, is_document
from mailer.compose.document_styles import keep_styles
from mailer.compose.document_traits import Traits
from mailer.compose.elements import recognise_tags
from mailer.compose.markdown import parse_markdown, render_markdown
from mailer.compose.markdown_text import markdown_blocks
from mailer.compose.marks import Marked, mark, write_source
from mailer.compose.markup_text import markup_blocks
from mailer.compose.merge_tags import foreign_tags
from mailer.compose.plaintext import write_plain_text
from mailer.compose.template_source import TemplateSource
from mailer.compose.text_part import Block, set_text
from mailer.compose.text_tags import TextTags
from mailer.domain.issue import Issue, Kind, Notice
from mailer.errors import IssueError

_HEAD = re.compile(r"<head[\s>].*?</head\s*>", re.IGNORECASE | re.DOTALL)
_PARSER = Environment(autoescape=True)


@dataclass(frozen=True, slots=True)
class Body:
    """Two Jinja2 sources. Everything but the recognised tags is protected, so Jinja2 prints it as it is.

    Render `html` with autoescape on and `text` with it off; trim_blocks and lstrip_blocks off for both. Each
    ends in one line feed. `html_lines[i]` is the line of the issue file that line i + 1 of `html` comes from
    (exact where a tag stands, else good to the block); `text_lines` alike. Of a whole document, which is its
    own layout, `traits` says what it has already. `notices` tell what of the issue isn't mailed as it stands.
    """

    html: str
    text: str
    html_lines: tuple[int, ...]
    text_lines: tuple[int, ...]
    traits: Traits | None = None
    notices: tuple[Notice, ...] = ()


def write_body(issue: Issue) -> Body:
    """Return the body of `issue` as template source; raise IssueError, with the file's line, if it can't be.

    Markdown and HTML hand on the tags that name something offered (see `offered`); plain text hands on none.
    """
    try:
        written = _WRITERS[issue.kind](issue)
        for source in (written.html, written.text):
            _check_syntax(issue.path, source)
    except RecursionError:
        raise IssueError(issue.path, None, "its elements or tags are nested too deeply") from None
    html, text = written.html, written.text
    lines = tuple(html.lines), tuple(text.lines)
    return Body(html.text(), text.text(), *lines, written.traits, written.notices)


@dataclass(frozen=True, slots=True)
class _Written:
    html: TemplateSource
    text: TemplateSource
    traits: Traits | None = None
    notices: tuple[Notice, ...] = ()


def _write_markdown(issue: Issue) -> _Written:
    marked = mark(issue.body, issue.body_line, escapes=True)
    tokens = parse_markdown(marked, issue.path)
    html, lines = render_markdown(tokens, marked, issue.body_line)
    return _write(issue, marked, html, lines, lambda tags: markdown_blocks(tokens, tags))


def _write_markup(issue: Issue) -> _Written:
    whole = is_document(issue.body)
    # Line feeds stay, so that lines keep their numbers.
    typed = issue.body if whole else _HEAD.sub(lambda gone: "\n" * gone.group().count("\n"), issue.body)
    marked = mark(typed, issue.body_line, escapes=False)
    html = marked.text.rstrip("\n") + "\n"
    lines = [issue.body_line + row for row in range(html.count("\n") + 1)]
    if whole:
        return _write_document(issue, marked, html, lines)
    return _write(issue, marked, keep_styles(html), lines, lambda tags: markup_blocks(html, tags))


def _write_document(issue: Issue, marked: Marked, typed: str, lines: list[int]) -> _Written:
    html, removals = disarm(typed)
    ours = recognise_tags(html, lines, marked, issue.path)
    document = complete(keep_styles(html), marked, ours, issue.lang)
    tags = TextTags(document.marked, document.ours)
    text = set_text(markup_blocks(document.seen, tags), tags.measure) + "\n"
    removed = (Notice(issue.path, lines[each.line], each.text) for each in removals)
    return _Written(
        write_source(document.html, document.marked, document.ours, lines, literal=_typed_in_html),
        write_source(text, document.marked, document.ours, lines[:1]),
        document.traits,
        (*removed, *foreign_tags(marked, ours, issue)),
    )


def _typed_in_html(typed: str) -> str:
    return escape(unescape(typed))


def _write_text(issue: Issue) -> _Written:
    return _Written(*write_plain_text(issue.body, issue.body_line))


_WRITERS = {Kind.MARKDOWN: _write_markdown, Kind.HTML: _write_markup, Kind.TEXT: _write_text}


def _write(
    issue: Issue, marked: Marked, html: str, lines: list[int], blocks: Callable[[TextTags], list[Block]]
) -> _Written:
    """Decide which marks are tags, and write both parts with them."""
    ours = recognise_tags(html, lines, marked, issue.path)
    tags = TextTags(marked, ours)
    text = set_text(blocks(tags), tags.measure) + "\n"
    return _Written(
        write_source(html, marked, ours, lines, literal=lambda typed: escape(typed, quote=True)),
        write_source(text, marked, ours, [issue.body_line]),
    )


def _check_syntax(path: str, source: TemplateSource) -> None:
    """Raise IssueError if the tags don't make a template together, as with a second `{% else %}`."""
    try:
        _PARSER.parse(source.text())
    except TemplateSyntaxError as error:
        line = source.lines[min(error.lineno, len(source.lines)) - 1]
        raise IssueError(path, line, error.message or "a tag can't be read") from None
