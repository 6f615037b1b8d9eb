"""The body of an issue as template source: HTML and text, with the recipient's tags still in place."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape, unescape

from jinja2 import Environment, TemplateSyntaxError

from mailer.compose.cleaning.documents import clean_document
from mailer.compose.cleaning.fragments import FragmentCleaner
from mailer.compose.components import imports, share_columns, split_components
from mailer.compose.document.completing import complete, is_document
from mailer.compose.document.styles import keep_styles
from mailer.compose.document.traits import Traits
from mailer.compose.html.measure import LESS, excess
from mailer.compose.html.tokens import read_html
from mailer.compose.images.placing import Images
from mailer.compose.markdown.reading import parse_markdown, render_markdown
from mailer.compose.markdown.text import markdown_blocks
from mailer.compose.tags.elements import recognise_tags
from mailer.compose.tags.likely import Likely
from mailer.compose.tags.marks import Marked, mark
from mailer.compose.tags.offered import refuse_divided
from mailer.compose.tags.tag import MOST_TAGS, too_many
from mailer.compose.tags.template_source import TemplateSource, write_source
from mailer.compose.text.inline import TextTags
from mailer.compose.text.markup import markup_blocks
from mailer.compose.text.part import Block, set_text
from mailer.compose.text.plaintext import write_plain_text
from mailer.domain.issue import Issue, IssueNotice, Kind, Notices
from mailer.errors import IssueError
from mailer.languages import runs_rtl

# One that never ends is looked for once, and left.
_HEAD = re.compile(r"<head[\s>].*?(</head\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_PARSER = Environment(autoescape=True)


@dataclass(frozen=True, slots=True)
class _Sources:
    html: TemplateSource
    text: TemplateSource
    traits: Traits | None = None


@dataclass(frozen=True, slots=True)
class Body:
    """Two Jinja2 sources. Everything but the recognised tags is protected, so Jinja2 prints it as it is.

    Render `html` with autoescape on and `text` with it off; trim_blocks and lstrip_blocks off for both. Each
    ends in one line feed. `html_lines[i]` is the line of the issue file that line i + 1 of `html` comes from
    (exact where a tag stands, else good to the block); `text_lines` alike. `notices` say what of the issue
    can't be mailed as it is, and stop nothing. Of a whole document, which is its own layout, `traits` says
    what it has of all that a mail must have.
    """

    html: str
    text: str
    html_lines: tuple[int, ...]
    text_lines: tuple[int, ...]
    notices: tuple[IssueNotice, ...] = ()
    traits: Traits | None = None


def write_body(issue: Issue, images: Images | None = None) -> Body:
    """Return the body of `issue` as template source; raise IssueError, with the file's line, if it can't be.

    `images` takes up those that it shows; without, their sources stay as they were typed. Markdown and HTML
    hand on the tags that name something offered (see `offered`); plain text hands on none.
    """
    notices = Notices(issue.path)
    if issue.kind is not Kind.TEXT:
        _check_size(issue)
    try:
        written = _WRITERS[issue.kind](issue, notices, images)
        for source in (written.html, written.text):
            _check_syntax(issue.path, source)
    except RecursionError:
        raise IssueError(issue.path, None, "its elements or tags are nested too deeply") from None
    html, text = written.html, written.text
    lines = tuple(html.lines), tuple(text.lines)
    return Body(html.text(), text.text(), *lines, tuple(notices), written.traits)


def _write_markdown(issue: Issue, notices: Notices, images: Images | None) -> _Sources:
    marked = mark(issue.body, issue.body_line, escapes=True)
    tokens = parse_markdown(issue, marked, notices)
    html, lines = render_markdown(tokens, marked, issue.body_line)
    return _write(issue, marked, html, lines, lambda tags: markdown_blocks(tokens, tags), images)


def _write_markup(issue: Issue, notices: Notices, images: Images | None) -> _Sources:
    refuse_divided(issue.body, path=issue.path, line=issue.body_line)
    if is_document(issue.body):
        return _write_document(issue, notices, images)
    # Line feeds stay, so that lines keep their numbers.
    fragment = _HEAD.sub(_lines_of_head, issue.body)
    first_line = issue.body_line
    marked = mark(fragment, first_line, escapes=False)
    cleaner = FragmentCleaner(issue, Likely(marked), notices)
    html = cleaner.clean(marked.text.rstrip("\n"), first_line) + cleaner.leave() + "\n"
    lines = [first_line + row for row in range(html.count("\n") + 1)]
    return _write(issue, marked, html, lines, lambda tags: markup_blocks(html, tags), images)


def _lines_of_head(found: re.Match[str]) -> str:
    return "\n" * found.group().count("\n") if found.group(1) else found.group()


def _write_text(issue: Issue, _notices: Notices, _images: Images | None) -> _Sources:
    return _Sources(*write_plain_text(issue.body, issue.body_line, rtl=runs_rtl(issue.lang)))


_WRITERS = {Kind.MARKDOWN: _write_markdown, Kind.HTML: _write_markup, Kind.TEXT: _write_text}


def _write(
    issue: Issue,
    marked: Marked,
    html: str,
    lines: list[int],
    blocks: Callable[[TextTags], list[Block]],
    images: Images | None,
) -> _Sources:
    """Decide which marks are tags, and write both parts with them."""
    if found := excess(read_html(html), styled=False):
        token, problem = found
        row = html.count("\n", 0, token.start)
        raise IssueError(issue.path, lines[min(row, len(lines) - 1)], problem, next_step=LESS)
    ours = recognise_tags(html, lines, marked, issue.path)
    tags = TextTags(marked, ours)
    text = set_text(blocks(tags), tags.measure) + "\n"
    html = share_columns(html)
    if images:
        html = images.place_body(html, lines, marked, ours)
    page = write_source(html, marked, ours, lines, literal=escape, pieces=split_components)
    page.before(imports(html))
    return _Sources(page, write_source(text, marked, ours, [issue.body_line]))


def _write_document(issue: Issue, notices: Notices, images: Images | None) -> _Sources:
    marked = mark(issue.body, issue.body_line, escapes=False)
    html = clean_document(marked.text.rstrip("\n") + "\n", issue.body_line, notices)
    lines = [issue.body_line + row for row in range(html.count("\n") + 1)]
    ours = recognise_tags(html, lines, marked, issue.path)
    if images:
        html = images.place_body(html, lines, marked, ours)
    document = complete(keep_styles(html), marked, ours, issue.lang)
    tags = TextTags(document.marked, document.ours)
    text = set_text(markup_blocks(document.seen, tags), tags.measure) + "\n"
    return _Sources(
        # What was typed between braces is HTML, too.
        write_source(document.html, document.marked, document.ours, lines, literal=_typed),
        write_source(text, document.marked, document.ours, lines[:1]),
        document.traits,
    )


def _typed(markup: str) -> str:
    return escape(unescape(markup))


def _check_size(issue: Issue) -> None:
    """Raise IssueError, with the line, for more tags, HTML or CSS than a mail may have."""
    if (start := too_many(issue.body)) is not None:
        problem = f"there are more than {MOST_TAGS:,} tags ({{{{ … }}}} or {{% … %}})"
        raise _excess(issue, start, problem, "Divide it into several issues")
    styled = issue.kind is Kind.HTML and is_document(issue.body)
    if found := excess(read_html(issue.body), styled=styled):
        token, problem = found
        raise _excess(issue, token.start, problem, LESS)


def _excess(issue: Issue, start: int, problem: str, next_step: str) -> IssueError:
    line = issue.body_line + issue.body.count("\n", 0, start)
    return IssueError(issue.path, line, problem, next_step=next_step)


def _check_syntax(path: str, source: TemplateSource) -> None:
    """Raise IssueError if the tags don't make a template together, as with a second `{% else %}`."""
    try:
        _PARSER.parse(source.text())
    except TemplateSyntaxError as error:
        line = source.lines[min(error.lineno, len(source.lines)) - 1]
        raise IssueError(path, line, error.message or "a tag can't be read") from None
