"""A whole HTML document as an issue's body: it is its own layout, and only what mail must have is added.

What is added is template source, so that its words and looks are partials: `templates/email/document/`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import escape

from mailer.compose.document.restyle import OWN
from mailer.compose.document.styles import sheets
from mailer.compose.document.stylesheet import hiding_names
from mailer.compose.document.traits import Survey, Traits
from mailer.compose.html.tokens import TokenKind, read_html
from mailer.compose.tags.marks import Marked
from mailer.languages import runs_rtl

SUBJECT = "{{ issue.subject }}"
PREHEADER = '{% include "email/document/preheader.html" %}'
ERRATUM = f'<{OWN}>{{% include "email/document/erratum.html" %}}</{OWN}>'
FOOTER = f'<{OWN}>{{% include "email/document/footer.html" %}}</{OWN}>'
STYLE = '{% include "email/document/style.html" %}'
CHARSET = '<meta charset="utf-8">'
VIEWPORT = '<meta name="viewport" content="width=device-width, initial-scale=1">'

HEAD_ELEMENTS = frozenset({"base", "head", "html", "link", "meta", "style", "title"})

_MAYBE_WHOLE = re.compile(r"<!doctype\s|<html[\s>]|<body[\s>]", re.IGNORECASE)
_CHARSET = re.compile(r"(charset\s*=\s*[\"']?)[\w-]+", re.IGNORECASE)


def is_document(html: str) -> bool:
    """Whether an HTML issue is a whole document, not a fragment for a layout."""
    return bool(_MAYBE_WHOLE.search(html)) and any(
        (token.kind is TokenKind.START and token.name in ("html", "body"))
        or (token.kind is TokenKind.DECLARATION and token.source[:9].lower() == "<!doctype")
        for token in read_html(html)
    )


@dataclass(frozen=True, slots=True)
class CompleteDocument:
    """A document with all that mail must have: `html` with marks, of which `ours` are tags, and its `traits`.

    `seen` is the HTML of what a reader sees, for the text part.
    """

    html: str
    marked: Marked
    ours: frozenset[int]
    traits: Traits
    seen: str


def complete(html: str, marked: Marked, ours: frozenset[int], lang: str) -> CompleteDocument:
    """Return the document `html`, of whose marks `ours` are tags, with what it lacks put in."""
    hiding = frozenset[str]().union(*(hiding_names(sheet.css) for sheet in sheets(list(read_html(html)))))
    survey = Survey(marked, ours, hiding)
    traits = survey.walk(html)
    adding = _Adding(html, marked, set(ours))
    adding.add_root(survey, lang)
    adding.add_head(survey)
    adding.add_body(survey)
    return CompleteDocument(
        adding.text(), adding.marked, frozenset(adding.ours), traits, "".join(survey.visible)
    )


@dataclass(slots=True)
class _Adding:
    html: str
    marked: Marked
    ours: set[int]
    edits: list[tuple[int, int, str]] = field(default_factory=list)

    def insert(self, at: int, text: str) -> None:
        self.edits.append((at, at, text))

    def tag(self, source: str) -> str:
        self.marked, number, word = self.marked.with_tag(source)
        self.ours.add(number)
        return word

    def add_root(self, survey: Survey, lang: str) -> None:
        root, body = survey.places.get("html"), survey.places.get("body")
        said = "" if root and root.get("lang") is not None else f' lang="{escape(lang)}"'
        direction = ' dir="rtl"' if runs_rtl(lang) and not survey.directed else ""
        if root:
            self.insert(root.start + len("<html"), said + direction)
        else:
            self.insert(_first_tag(self.html), f"<html{said}{direction}>")
        if body:  # Gmail keeps nothing of <html>
            self.insert(body.start + len("<body"), direction)

    def add_head(self, survey: Survey) -> None:
        added = [] if survey.charset else [CHARSET]
        if survey.charset:
            typed = survey.charset.source
            self.edits.append((survey.charset.start, survey.charset.end, _CHARSET.sub(r"\1utf-8", typed)))
        if not survey.viewport:
            added.append(VIEWPORT)
        title = survey.places.get("title")
        if title is None:
            added.append(f"<title>{self.tag(SUBJECT)}</title>")
        elif not survey.titled:
            self.insert(title.end, self.tag(SUBJECT))
        head, root = survey.places.get("head"), survey.places.get("html")
        if head:
            self.insert(head.end, "".join(added))
        else:
            self.insert(root.end if root else _first_tag(self.html), f"<head>{''.join(added)}")
        if "/head" in survey.places:
            self.insert(survey.places["/head"].start, self.tag(STYLE))
        else:
            self.insert(_head_end(self.html), f"{self.tag(STYLE)}</head>")

    def add_body(self, survey: Survey) -> None:
        places = survey.places
        starts = (places[name].end for name in ("body", "/head") if name in places)
        ends = (places[name].start for name in ("/body", "/html") if name in places)
        self.insert(next(starts, _head_end(self.html)), self.tag(PREHEADER) + self.tag(ERRATUM))
        self.insert(next(ends, len(self.html)), self.tag(FOOTER))

    def text(self) -> str:
        parts, position = [], 0
        for start, end, text in sorted(self.edits, key=lambda edit: edit[:2]):
            parts += [self.html[position:start], text]
            position = end
        return "".join([*parts, self.html[position:]])


def _head_end(html: str) -> int:
    """Return where the head of a document ends that doesn't say so: before what can't stand in one."""
    for token in read_html(html):
        if token.kind is TokenKind.START and token.name not in HEAD_ELEMENTS:
            return token.start
        if token.kind is TokenKind.TEXT and token.source.strip():
            return token.start
    return len(html)


def _first_tag(html: str) -> int:
    """Return where the first tag begins: after the doctype, and what comments come before it."""
    return next((token.start for token in read_html(html) if token.kind is TokenKind.START), len(html))
