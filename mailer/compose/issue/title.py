"""The title of an issue: given, found in its body, or made of its first words."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailer.compose.document.traits import text_of
from mailer.compose.html.tokens import TokenKind, read_html
from mailer.compose.markdown.reading import all_texts, first_heading
from mailer.compose.tags.offered import refuse_tags
from mailer.domain.address import CONTROLS
from mailer.domain.issue import IssueNotice, Kind
from mailer.errors import IssueError

# As much of an issue as stands for its title, if it has none.
MOST_TITLE = 70


@dataclass(frozen=True, slots=True)
class Titled:
    """A title and its body, which begins on the file's `line`; `in_body` if that shows the title itself."""

    title: str
    body: str
    line: int
    in_body: bool = False


def find_title(kind: Kind, given: Titled) -> Titled:
    """Return the title that was given, else the body's, and the body without what the layout is to print."""
    match kind:
        case Kind.MARKDOWN:
            return _markdown_title(given)
        case Kind.HTML:
            return _html_title(given)
        case Kind.TEXT:
            if given.title:
                return given
            return Titled(_one_line(given.body.strip().split("\n")[0]), given.body, given.line, in_body=True)


def _markdown_title(given: Titled) -> Titled:
    found = first_heading(given.body)
    if not found:
        return given
    title, start, end = found
    if given.title and given.title != _one_line(title):
        return given
    lines = given.body.split("\n")
    if any(line.strip() for line in lines[:start]):
        return Titled(_one_line(title), given.body, given.line, in_body=True)
    # Empty lines in the heading's place keep the line numbers right.
    body = "\n".join([*lines[:start], *[""] * (end - start), *lines[end:]])
    return Titled(_one_line(title), body, given.line)


def _html_title(given: Titled) -> Titled:
    headline = _text_in("h1", given.body)
    if headline and given.title in ("", headline) and not _holds_tag(headline):
        return Titled(headline, given.body, given.line, in_body=True)
    named = "" if given.title else _text_in("title", given.body)
    return Titled(given.title or ("" if _holds_tag(named) else named), given.body, given.line)


def _text_in(element: str, html: str) -> str:
    """Return the text of the first such element; none if it never ends."""
    tokens, words = read_html(html), list[str]()
    if any(token.kind is TokenKind.START and token.name == element for token in tokens):
        for token in tokens:
            if token.kind is TokenKind.END and token.name == element:
                return _one_line("".join(words))
            if token.kind in (TokenKind.TEXT, TokenKind.RAW):
                words.append(token.text)
    return ""


def _holds_tag(text: str) -> bool:
    """Whether `text` can't be a title, because tags are not read there: the body says what is wrong in it."""
    try:
        refuse_tags(text, path="", line=1, place="title")
    except IssueError:
        return True
    return False


def untitled(
    path: str, kind: Kind, titled: Titled, slug: str, notices: list[IssueNotice]
) -> tuple[str, IssueNotice]:
    """Return a title for an issue that has none; IssueError if it was to have one, under a mistyped key."""
    if hint := next((each for each in notices if "did you mean 'title'" in each.text), None):
        raise IssueError(path, hint.line, "has no title", next_step=f"Write title: … ({hint.text})")
    title = _first_words(kind, titled.body) or _slug_words(slug)
    said = f"has no title; {title!r} is taken for one. Give it one in front matter, title: …, or a heading"
    return title, IssueNotice(path, titled.line, said)


def _first_words(kind: Kind, body: str) -> str:
    """Return the beginning of what a reader sees, for an issue without title."""
    texts = all_texts(body) if kind is Kind.MARKDOWN else text_of(body).split("\n")
    for text in map(_one_line, texts):
        if text and not _holds_tag(text):
            words = (
                text if len(text) <= MOST_TITLE else text[:MOST_TITLE].rpartition(" ")[0] or text[:MOST_TITLE]
            )
            return words if words == text else f"{words} …"
    return ""


def _slug_words(slug: str) -> str:
    return re.sub(r"[-_]+", " ", slug).strip().capitalize()


def _one_line(text: str) -> str:
    """Return `text` fit for a header: white space that breaks lines becomes a space, controls go."""
    return CONTROLS.sub("", re.sub(r"[ \t\n\u2028\u2029]+", " ", text)).strip(" ")
