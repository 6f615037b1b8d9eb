"""Plain text issues: nothing is interpreted, neither Markdown nor tags; every character stays as typed.

Only where lines end is a matter of what they are: a paragraph that was filled to a column flows again, verse
and addresses keep their lines, columns stand below each other. Web and mail addresses become links.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from mailer.compose.tags.marks import mark
from mailer.compose.tags.template_source import TemplateSource
from mailer.compose.text.filled import fill_column, is_filled, joined
from mailer.compose.text.links import Linkifier
from mailer.compose.text.wrapping import wrap

# What a browser would collapse: verse and indented lines are kept by the style below.
_SPACED = re.compile(r"^[ \t]|[ \t]{2}|\t", re.MULTILINE)
# Two blanks after a full stop are a typist's; more, or after anything else, part columns.
_GAP = re.compile(r"(?<=[^ \t.!?:;])(?: {2,}|[ ]*\t+)(?=[^ \t])|(?<=[.!?:;]) {3,}(?=[^ ])")
# What is laid out on a typewriter needs letters of one width, and fewer to a line than a phone has.
COLUMNS = "font-size: 14px; line-height: 21px"
COLUMNS_RTL = f"{COLUMNS}; direction: rtl; text-align: right"
_LINKED = ("http://", "https://", "mailto:")
_LINKS = Linkifier(mark("", 1, escapes=False), frozenset())


def write_plain_text(
    text: str, first_line: int, *, rtl: bool = False
) -> tuple[TemplateSource, TemplateSource]:
    """Return the HTML and text sources: blank lines part paragraphs; `rtl` is the direction of columns."""
    html, plain = TemplateSource([first_line]), TemplateSource([first_line])
    lines = [line if line.strip(" \t") else "" for line in text.split("\n")]
    paragraphs = _paragraphs(lines)
    column = fill_column([paragraph for _, paragraph in paragraphs])
    parts: list[tuple[str, int]] = []
    position = 0
    for number, paragraph in paragraphs:
        begin, filled = first_line + number, is_filled(paragraph, column)
        html.lines[-1] = begin
        inner = [] if filled or len(paragraph) == 1 else [begin + row for row in range(1, len(paragraph))]
        html.static(_element(paragraph, filled=filled, rtl=rtl), [*inner, begin + len(paragraph)])
        parts += [("", first_line + row) for row in range(position, number)]
        parts += [(part, begin + row) for row, line in _flowing(paragraph, filled=filled) for part in line]
        position = number + len(paragraph)
    parts += [("", first_line + row) for row in range(position, len(lines))]
    plain.static(
        "\n".join(part for part, _ in parts) + "\n", [*(row for _, row in parts[1:]), first_line + len(lines)]
    )
    return html, plain


def _paragraphs(lines: list[str]) -> list[tuple[int, list[str]]]:
    """Return each paragraph's lines with the number (from 0) of its first."""
    found: list[tuple[int, list[str]]] = []
    for number, line in enumerate(lines):
        if line and number and lines[number - 1] and found:
            found[-1][1].append(line)
        elif line:
            found.append((number, [line]))
    return found


def _flowing(paragraph: Sequence[str], *, filled: bool) -> list[tuple[int, list[str]]]:
    """Return the lines of a paragraph as a terminal shows them, by the number (from 0) of their own."""
    if filled:
        return [(0, wrap(joined(paragraph)))]
    laid_out = _has_columns(paragraph)
    return [(row, _wrapped(line, laid_out=laid_out)) for row, line in enumerate(paragraph)]


def _wrapped(line: str, *, laid_out: bool) -> list[str]:
    """Return a line as a terminal shows it; one that was laid out by hand stays."""
    return [line] if laid_out or line[:1] in (" ", "\t") else wrap(line)


def _has_columns(paragraph: Sequence[str]) -> bool:
    return sum(bool(_GAP.search(line.strip())) for line in paragraph) > 1


def _element(paragraph: Sequence[str], *, filled: bool, rtl: bool) -> str:
    lines = "\n".join(paragraph)
    if filled:
        return f"<p>{_linked(joined(paragraph))}</p>\n"
    if _has_columns(paragraph):
        return f'<pre style="{COLUMNS_RTL if rtl else COLUMNS}">{_linked(lines)}</pre>\n'
    spaced = _SPACED.search(lines)
    # Where line feeds are shown as such, one after <br> would be a second break.
    style, line_end = (' style="white-space: pre-wrap"', "<br>") if spaced else ("", "<br>\n")
    return f"<p{style}>{line_end.join(map(_linked, paragraph))}</p>\n"


def _linked(text: str) -> str:
    """Return `text` as HTML, its web and mail addresses as links."""
    parts, position = [], 0
    for found in _LINKS.match(text) if _LINKS.pretest(text) else []:
        if found.url.lower().startswith(_LINKED):
            link = f'<a href="{escape(found.url)}">{escape(found.text, quote=False)}</a>'
            parts += [escape(text[position : found.index], quote=False), link]
            position = found.last_index
    return "".join([*parts, escape(text[position:], quote=False)])
