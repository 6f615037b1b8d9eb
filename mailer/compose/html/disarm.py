"""A whole document without what runs, embeds or submits: all else stays, byte for byte where it can.

Mail programs remove these themselves, or refuse the mail. The editor is told of each, once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from mailer.compose.html.active import (
    EMBEDS,
    EMPTY,
    FORMS,
    REASONS,
    REMOVED,
    RUNS,
    SOURCES,
    UNWRAPPED,
    VERBATIM,
    refused_attribute,
    refused_element,
    runs_in_css,
)
from mailer.compose.html.tokens import RAW_ELEMENTS, Attribute, HTMLToken, Kind, read_html, write_tag
from mailer.compose.issue.notices import Notices

_PLAIN_END = re.compile(r"</[A-Za-z][A-Za-z0-9:-]*[ \t\n]*>")
# Python's html.parser takes a declaration with a tag in it for longer than a browser does.
_DECLARATION = re.compile(r"<!doctype\b[^<]*|<!\[(?:if|endif)\b[^<]*", re.IGNORECASE)
_STYLE_PIECE = re.compile(r"[^{};]*[;}]|[^{};]*$")
_CONDITIONAL = re.compile(r"(<!--\[if [^\]]*\]>)(.*)(<!\[endif\]-->)", re.DOTALL)


@dataclass(slots=True)
class _Disarming:
    """`line` is the issue's line of what is being read."""

    notices: Notices
    line: int
    unwrapped: frozenset[str] = UNWRAPPED

    def remove(self, what: str, why: str) -> None:
        self.notices.add(self.line, f"{what} was taken out: {why}")

    def clean(self, html: str) -> str:
        tokens, parts = list(read_html(html)), []
        position = 0
        while position < len(tokens):
            token = tokens[position]
            end = position + 1
            if token.kind is Kind.START and token.name in REMOVED:
                end = _after(tokens, position)
                parts.append(self._removed(token, tokens[position:end]))
            elif _never_ends(tokens, position):
                parts.append(_lines(token))
            else:
                parts.append(self._kept(token))
            self.line += sum(each.source.count("\n") for each in tokens[position:end])
            position = end
        return "".join(parts)

    def _apart(self, html: str, unwrapped: frozenset[str] = UNWRAPPED) -> str:
        return _Disarming(self.notices, self.line, unwrapped).clean(html)

    def _removed(self, token: HTMLToken, tokens: list[HTMLToken]) -> str:
        linked = (token.get(SOURCES.get(token.name, "")) or "").strip()
        link = escape(linked) if re.match(r"https?://", linked, re.IGNORECASE) else ""
        instead = "; a link to it stands there instead" if link else ""
        self.remove(f"<{token.name}>", REASONS.get(token.name, EMBEDS) + instead)
        lines = "\n" * sum(each.source.count("\n") for each in tokens)
        return (f'<a href="{link}">{link}</a>' if link else "") + lines

    def _kept(self, token: HTMLToken) -> str:
        match token.kind:
            case Kind.START:
                return self._start(token)
            case Kind.END if token.name in self.unwrapped | REMOVED | VERBATIM:
                return "</pre>" if token.name in VERBATIM else _lines(token)
            case Kind.END if _PLAIN_END.fullmatch(token.source):
                return token.source
            case Kind.END:
                return f"</{re.sub(r'[^a-z0-9:-]', '-', token.name)}{_lines(token)}>"
            case Kind.COMMENT:
                return self._comment(token)
            case Kind.DECLARATION:
                return token.source if _DECLARATION.fullmatch(token.source) else _lines(token)
            case Kind.RAW:
                return self._raw(token)
            case _:
                return token.source.replace("<", "&lt;")

    def _start(self, token: HTMLToken) -> str:
        if token.name in self.unwrapped:
            if token.name == "form":
                self.remove("<form>", FORMS)
            return _lines(token)
        if token.name in VERBATIM:
            return f"<pre>{_lines(token)}"
        if reason := refused_element(token):
            self.remove(f"<{token.name}>", reason)
            return _lines(token)
        written = write_tag(token, tuple(self._attributes(token)))
        # A tag that was written anew still has its line ends, so that lines keep their numbers.
        missing = token.source.count("\n") - written.count("\n")
        return written + "\n" * missing if missing > 0 else written

    def _attributes(self, token: HTMLToken) -> Iterator[Attribute]:
        seen = set[str]()
        for attribute in token.attributes:
            if attribute.name in seen:  # of two the first counts (HTML 13.2.5.33)
                continue
            seen.add(attribute.name)
            reason = refused_attribute(token.name, attribute)
            if reason:
                self.remove(f"{attribute.name}= of <{token.name}>", reason)
            else:
                yield attribute

    def _comment(self, token: HTMLToken) -> str:
        if conditional := _CONDITIONAL.fullmatch(token.source):
            before, inside, after = conditional.groups()
            # Only old versions of Outlook read it, and they know no noscript.
            cleaned = self._apart(inside, frozenset({"form"}))
            return before + cleaned.replace("-->", "-- >") + after
        return _canonical_comment(token.source)

    def _raw(self, token: HTMLToken) -> str:
        if token.name == "style":
            return self._style(token.source)
        return token.source.replace("<", "&lt;")

    def _style(self, css: str) -> str:
        if not runs_in_css(css):
            return css.replace("<!--", "    ").replace("-->", "   ")
        self.remove("a part of <style>", RUNS)
        return _STYLE_PIECE.sub(_harmless, css)


def disarm(html: str, first_line: int, notices: Notices) -> str:
    """Return `html`, which begins on `first_line`, without what runs; every line keeps its number.

    The result is cut into tags alike by browsers and by Python's html.parser.
    """
    return _Disarming(notices, first_line).clean(html)


def _harmless(found: re.Match[str]) -> str:
    """Return a declaration, or the end of a block, without what runs."""
    piece = found.group()
    if not runs_in_css(piece):
        return piece
    return _lines_in(piece) + ("}" if piece.endswith("}") else "")


def _canonical_comment(source: str) -> str:
    """Return a comment that ends where it seems to, for every reader."""
    if source.startswith("<!--[if") or source == "<!--<![endif]-->":
        return source if source.endswith("-->") else source.removesuffix("--!>") + "-->"
    inside = re.sub(r"--!?>\Z", "", source[4:])
    if source in ("<!-->", "<!--->"):
        inside = ""
    inside = re.sub(r"^-?>", " ", re.sub(r"--(?=\s*!?>)|<!--", "- -", inside))
    return f"<!--{inside.removesuffix('-')}-->"


def _never_ends(tokens: list[HTMLToken], position: int) -> bool:
    """Whether a tag would let a browser take all that follows for one text."""
    opened, following = tokens[position], tokens[position + 1 : position + 2]
    if opened.kind is not Kind.START or opened.name not in RAW_ELEMENTS:
        return False
    return not following or following[0].name != opened.name or following[0].kind is Kind.START


def _after(tokens: list[HTMLToken], position: int) -> int:
    """Return the position after the element that begins at `position`."""
    opened = tokens[position]
    if opened.name in EMPTY or (opened.source.endswith("/>") and opened.name in ("svg", "math")):
        return position + 1
    depth = 0
    for number in range(position, len(tokens)):
        token = tokens[number]
        if token.name == opened.name and token.kind in (Kind.START, Kind.END):
            depth += 1 if token.kind is Kind.START else -1
            if depth == 0:
                return number + 1
    return position + 1  # never closed: only its tag goes, so that the text after it stays


def _lines(token: HTMLToken) -> str:
    return _lines_in(token.source)


def _lines_in(text: str) -> str:
    return "\n" * text.count("\n")
