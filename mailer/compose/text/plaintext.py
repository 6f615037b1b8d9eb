"""Plain text issues: nothing is interpreted, neither Markdown nor tags; every character stays as typed."""

from __future__ import annotations

import re
from html import escape

from mailer.compose.tags.template_source import TemplateSource
from mailer.compose.text.wrapping import wrap

# What a browser would collapse: verse, columns and indented lines are kept by the style below.
_SPACED = re.compile(r"^[ \t]|[ \t]{2}|\t", re.MULTILINE)


def write_plain_text(text: str, first_line: int) -> tuple[TemplateSource, TemplateSource]:
    """Return the HTML and text sources: blank lines part paragraphs, single line ends are kept."""
    html, plain = TemplateSource([first_line]), TemplateSource([first_line])
    lines = [line if line.strip(" \t") else "" for line in text.split("\n")]
    for number, paragraph in _paragraphs(lines):
        html.lines[-1] = first_line + number
        rows = [first_line + number + row for row in range(1, len(paragraph))]
        html.static(_element(paragraph), [*rows, first_line + number + len(paragraph)])
    wrapped = [(part, first_line + row) for row, line in enumerate(lines, start=1) for part in _wrapped(line)]
    plain.static("\n".join(part for part, _ in wrapped) + "\n", [row for _, row in wrapped])
    return html, plain


def _wrapped(line: str) -> list[str]:
    """Return a line as a terminal shows it; one that is indented was laid out by hand and stays."""
    return [line] if line[:1] in (" ", "\t") else wrap(line)


def _paragraphs(lines: list[str]) -> list[tuple[int, list[str]]]:
    """Return each paragraph's lines with the number (from 0) of its first."""
    found: list[tuple[int, list[str]]] = []
    for number, line in enumerate(lines):
        if line and number and lines[number - 1] and found:
            found[-1][1].append(line)
        elif line:
            found.append((number, [line]))
    return found


def _element(paragraph: list[str]) -> str:
    spaced = _SPACED.search("\n".join(paragraph))
    # Where line feeds are shown as such, one after <br> would be a second break.
    style, line_end = (' style="white-space: pre-wrap"', "<br>") if spaced else ("", "<br>\n")
    return f"<p{style}>{line_end.join(escape(line, quote=False) for line in paragraph)}</p>\n"
