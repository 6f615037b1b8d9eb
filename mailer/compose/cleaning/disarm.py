"""A whole document without what runs, embeds or submits: all else stays, byte for byte where it can.

Mail programs remove these themselves, or refuse the mail. The editor is told of each, once.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from mailer.compose.cleaning.active import (
    DRAWINGS,
    EMBEDS,
    FALLBACKS,
    REASONS,
    REMOVED,
    RUNS,
    UNWRAPPED,
    VERBATIM,
    refused_attribute,
    refused_element,
    runs_in_css,
)
from mailer.compose.cleaning.media import link_to, named_address
from mailer.compose.html.allowed import ELEMENTS, MEDIA
from mailer.compose.html.tokens import RAW_ELEMENTS, Attribute, HTMLToken, TokenKind, read_html, write_tag
from mailer.compose.notices import Notices

_PLAIN_END = re.compile(r"</[A-Za-z][A-Za-z0-9:-]*[ \t\n]*>")
# Python's html.parser takes a declaration with a tag in it for longer than a browser does.
_DECLARATION = re.compile(r"<!doctype\b[^<]*|<!\[(?:if\s[^<\]]*|endif)\]>", re.IGNORECASE)
_STYLE_PIECE = re.compile(r"[^{};]*[;}]|[^{};]*$")
_CONDITIONAL = re.compile(
    r"(?P<before><!--\[if\b[^\]<>]*\]>)(?P<inside>.*?)(?P<after>(?:<!\[endif\]\s*)?--!?>)",
    re.DOTALL | re.IGNORECASE,
)
# In Python's html.parser white space may stand in the end of a comment.
_COMMENT_ENDS = re.compile(r"--(?=\s*!?>)")


@dataclass(slots=True)
class _Disarming:
    """`line` is the issue's line of what is being read.

    `awaited` are the attributes of a film whose address is still to come.
    """

    notices: Notices
    line: int
    unwrapped: frozenset[str] = UNWRAPPED
    in_link: bool = False
    in_media: bool = False
    drawing: bool = False
    awaited: tuple[Attribute, ...] | None = None

    def remove(self, what: str, why: str) -> None:
        self.notices.add(self.line, f"{what} was taken out: {why}")

    def clean(self, html: str) -> str:
        tokens, parts = list(read_html(html)), []
        ends = _ends(tokens)
        position = drawn = 0
        while position < len(tokens):
            token = tokens[position]
            end = position + 1
            if token.kind is TokenKind.START and token.name in DRAWINGS:
                drawn = max(drawn, ends.get(position, 0))
            self.drawing = position < drawn
            if token.kind is TokenKind.START and (
                token.name in REMOVED or (self.drawing and token.name == "style")
            ):
                end = ends.get(position, end)  # of one that is never closed only the tag goes
                self.remove(f"<{token.name}>", REASONS.get(token.name, EMBEDS))
                parts.append("\n" * sum(each.source.count("\n") for each in tokens[position:end]))
            elif token.name not in MEDIA and _never_ends(tokens, position):
                parts.append(_lines(token))
            else:
                parts.append(self._kept(token))
            self.line += sum(each.source.count("\n") for each in tokens[position:end])
            position = end
        return "".join(parts)

    def _apart(self, html: str, unwrapped: frozenset[str] = UNWRAPPED) -> str:
        return _Disarming(self.notices, self.line, unwrapped, in_link=self.in_link).clean(html)

    def _unwrapped(self, token: HTMLToken) -> str:
        """Return what stands for a tag whose element is not shown: a link to what it would show."""
        link = ""
        if token.name in MEDIA:
            link = self._link(token.name, token.attributes)
            self.awaited = None if link else token.attributes
            self.in_media = token.name in ("audio", "video")
        if reason := REASONS.get(token.name):
            instead = "; a link to it stands there instead" if link else ""
            self.remove(f"<{token.name}>", reason + instead)
        return link + _lines(token)

    def _source(self, token: HTMLToken) -> str:
        """Return a link to the first source of a film."""
        link = ""
        if token.name == "source" and self.awaited is not None:
            link = self._link("source", (*self.awaited, *token.attributes))
            self.awaited = None if link else self.awaited
        return link + _lines(token)

    def _link(self, tag: str, attributes: tuple[Attribute, ...]) -> str:
        address, label = named_address(tag, [(each.name, each.value) for each in attributes])
        return link_to(address, label) if address and not self.in_link else ""

    def _kept(self, token: HTMLToken) -> str:
        if token.name == "a":
            self.in_link = token.kind is TokenKind.START
        match token.kind:
            case TokenKind.START | TokenKind.END if (
                self.drawing and token.name not in ELEMENTS | self.unwrapped | VERBATIM
            ):
                return _lines(token)
            case TokenKind.START:
                return self._start(token)
            case TokenKind.END if token.name in self.unwrapped | REMOVED | VERBATIM:
                return self._end(token)
            case TokenKind.END if _PLAIN_END.fullmatch(token.source):
                return token.source
            case TokenKind.END:
                return f"</{re.sub(r'[^a-z0-9:-]', '-', token.name)}{_lines(token)}>"
            case TokenKind.COMMENT:
                return self._comment(token)
            case TokenKind.DECLARATION:
                return self._declaration(token)
            case TokenKind.RAW:
                return self._raw(token)
            case _:
                return token.source.replace("<", "&lt;")

    def _end(self, token: HTMLToken) -> str:
        if token.name in MEDIA:
            self.in_media, self.awaited = False, None
        return "</pre>" if token.name in VERBATIM else _lines(token)

    def _start(self, token: HTMLToken) -> str:
        if token.name in self.unwrapped:
            return self._unwrapped(token)
        if self.in_media and token.name in ("source", "track"):
            return self._source(token)
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
        # Of `[if !mso]><!-->` the end comes before what it is about.
        conditional = _CONDITIONAL.fullmatch(token.source)
        if conditional and conditional["inside"] not in (
            "",
            "<!",
        ):
            # Only old versions of Outlook read it, and they know no noscript.
            cleaned = self._apart(conditional["inside"], UNWRAPPED - {"noscript"})
            lines = _lines_in(conditional["after"])
            after = "<![endif]-->" if conditional["after"].startswith("<") else "-->"
            return conditional["before"] + _COMMENT_ENDS.sub("- -", cleaned) + lines + after
        return _canonical_comment(token.source)

    def _declaration(self, token: HTMLToken) -> str:
        if token.source.lower() == "<![endif]-->":  # Outlook needs it, html.parser would look for another end
            return "<!--<![endif]-->"
        return token.source if _DECLARATION.fullmatch(token.source) else _lines(token)

    def _raw(self, token: HTMLToken) -> str:
        if token.name == "style":
            return self._style(token.source)
        if token.name in FALLBACKS:
            return self._apart(token.source)
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
    if _CONDITIONAL.fullmatch(source) or source == "<!--<![endif]-->":
        return source.removesuffix("--!>") + ("-->" if source.endswith("--!>") else "")
    if source[4:7].lower() == "[if":  # a condition that was never read, and never shall be
        source = f"<!-- {source[4:]}"
    inside = re.sub(r"--!?>\Z", "", source[4:])
    if source in ("<!-->", "<!--->"):
        inside = ""
    inside = re.sub(r"^-?>", " ", re.sub(r"--(?=\s*!?>)|<!--", "- -", inside))
    return f"<!--{inside.removesuffix('-')}-->"


def _never_ends(tokens: list[HTMLToken], position: int) -> bool:
    """Whether a tag would let a browser take all that follows for one text."""
    opened, following = tokens[position], tokens[position + 1 : position + 2]
    if opened.kind is not TokenKind.START or opened.name not in RAW_ELEMENTS:
        return False
    return not following or following[0].name != opened.name or following[0].kind is TokenKind.START


def _ends(tokens: list[HTMLToken]) -> dict[int, int]:
    """Return, by the position of each start tag, the position after its element; of one that is closed."""
    ends, opened = dict[int, int](), defaultdict[str, list[int]](list)
    for position, token in enumerate(tokens):
        if token.kind is TokenKind.START and not (token.name in DRAWINGS and token.source.endswith("/>")):
            opened[token.name].append(position)
        elif token.kind is TokenKind.END and opened[token.name]:
            ends[opened[token.name].pop()] = position + 1
    return ends


def _lines(token: HTMLToken) -> str:
    return _lines_in(token.source)


def _lines_in(text: str) -> str:
    return "\n" * text.count("\n")
